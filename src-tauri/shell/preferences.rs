//! How the user has arranged the window: a file beside the settings, in which nothing lies that would be missed.
//!
//! Only the interface knows what stands in it. What concerns checking is a setting and belongs to the engine.

use std::path::Path;
use std::sync::Arc;

use proxydeck_engine::api::{self, ApiError};
use serde_json::Value;
use tauri::{AppHandle, Wry};
use tauri_plugin_store::{Store, StoreExt as _};

/// The name of the file in the data folder.
const FILE: &str = "window.json";
/// Under this name the file has what the interface keeps.
const KEY: &str = "preferences";

/// What was kept last; null when nothing was, or when it cannot be read.
pub(crate) fn read(app: &AppHandle) -> Result<Value, ApiError> {
    Ok(store(app)?.get(KEY).unwrap_or_default())
}

/// Keeps this in place of what was kept before.
pub(crate) fn keep(app: &AppHandle, preferences: Value) -> Result<(), ApiError> {
    let store = store(app)?;
    store.set(KEY, preferences);
    store
        .save()
        .map_err(|error| ApiError::internal(format!("The window's preferences were not kept: {error}.")))
}

fn store(app: &AppHandle) -> Result<Arc<Store<Wry>>, ApiError> {
    let path = api::settings_path(None)?.with_file_name(FILE);
    begin(&path).map_err(|error| ApiError::io("write", &path, &error))?;
    // It is saved whenever something changes, so that the plugin need not do it later.
    let builder = app.store_builder(path).disable_auto_save();
    builder
        .build()
        .map_err(|error| ApiError::internal(format!("The window's preferences could not be read: {error}.")))
}

/// Makes sure that the file is for its owner alone, which the plugin would not see to.
fn begin(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
