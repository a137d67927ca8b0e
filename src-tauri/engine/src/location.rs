//! Where addresses lie: by the data that is compiled in and, before it, by the database that the settings name.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use proxydeck_geo::{Geo, OwnDatabase};

use crate::escape::escape;
use crate::settings::Settings;

/// The largest database that is taken: it lies in memory whole, and the largest that are sold have half of this.
const MAX_DATABASE_BYTES: u64 = 1024 * 1024 * 1024;

/// Where addresses lie by these settings. A database that cannot be used is left out, with why: nothing else depends
/// on it, and the data that is compiled in does its work.
pub(crate) fn open(settings: &Settings) -> (Arc<Geo>, Option<String>) {
    let Some(path) = &settings.geo.database else { return (Arc::default(), None) };
    match read(path) {
        Ok(own) => (Arc::new(Geo::with(own)), None),
        Err(why) => (Arc::default(), Some(escape(&why))),
    }
}

fn read(path: &Path) -> Result<OwnDatabase, String> {
    let fail = |e: io::Error| match e.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => e.to_string(),
    };
    let found = fs::metadata(path).map_err(fail)?;
    if !found.is_file() {
        return Err("it is no file".to_owned());
    }
    if found.len() > MAX_DATABASE_BYTES {
        return Err(format!("it is larger than {MAX_DATABASE_BYTES} bytes"));
    }
    OwnDatabase::read(fs::read(path).map_err(fail)?).map_err(|e| e.to_string())
}
