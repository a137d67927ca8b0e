//! The settings: reading and changing them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proxydeck_geo::Geo;

use super::dto::SettingsDto;
use super::{ApiError, Engine};
use crate::escape::escape;
use crate::folder::DataFolder;
use crate::location;
use crate::settings::{Checking, Settings, SettingsFile, Unusable};

/// How lists are checked that are not kept: by the settings of the data folder, if it has any.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    pub(crate) checking: Checking,
    geo: Arc<Geo>,
    unusable: Vec<String>,
}

impl Defaults {
    /// Reads the settings of a data folder without making or changing anything in it. What cannot be read there
    /// has its default, and [`Defaults::unusable`] says why: the list can be checked nevertheless.
    ///
    /// # Errors
    /// When there is no data folder to look into.
    pub fn of(data_dir: Option<&Path>) -> Result<Self, ApiError> {
        let path = DataFolder::locate(data_dir)?.settings();
        match SettingsFile::read(&path) {
            Ok(file) => {
                let Settings { checking, geo: named, .. } = file.settings();
                let (geo, unusable) = location::open(file.settings());
                let database = named.database.as_deref().unwrap_or(Path::new(""));
                let unusable = unusable.map(|why| {
                    let shown = escape(&database.to_string_lossy());
                    format!("The database {shown}, which the setting geo.database names, cannot be used: {why}. The \
                             built-in countries and networks hold.")
                });
                Ok(Self { checking: checking.clone(), geo, unusable: unusable.into_iter().collect() })
            }
            Err(unusable) => {
                let shown = escape(&path.to_string_lossy());
                let why = match unusable {
                    Unusable::Broken(why) => format!("The settings {shown} cannot be used: {why}."),
                    Unusable::Refused(error) => error.dto().message.clone(),
                };
                let why = format!("{why} They were left there, and the defaults hold.");
                Ok(Self { unusable: vec![why], ..Self::default() })
            }
        }
    }

    /// Why settings are not heeded, for people; empty when all are.
    #[must_use]
    pub fn unusable(&self) -> &[String] {
        &self.unusable
    }

    /// Where addresses lie.
    #[must_use]
    pub fn geo(&self) -> &Arc<Geo> {
        &self.geo
    }
}

/// The settings that a surface may change.
#[must_use]
pub fn settings_get(engine: &Engine) -> SettingsDto {
    engine.settings().dto()
}

/// Changes them, in the file first; answers with what holds now.
///
/// # Errors
/// [`Invalid`](super::dto::ErrorCode::Invalid) with the name of the field in `what`, and what writing the file
/// can meet.
pub fn settings_set(engine: &Engine, settings: SettingsDto) -> Result<SettingsDto, ApiError> {
    engine.set_settings(engine.settings().with(settings))?;
    Ok(settings_get(engine))
}

/// Where the settings file of a data folder lies, whether there is one yet or not.
///
/// # Errors
/// When there is no data folder to look into.
pub fn settings_path(data_dir: Option<&Path>) -> Result<PathBuf, ApiError> {
    Ok(DataFolder::locate(data_dir)?.settings())
}
