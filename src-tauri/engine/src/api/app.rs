//! What stands around the table.

use proxydeck_store::TaskKind;

use super::dto::{AppInfoDto, UnfinishedDto};
use super::sources::count_in_round;
use super::{ApiError, Engine};
use crate::escape::escape;
use crate::events::EventStream;

/// What the surface shows around the table.
///
/// # Errors
/// What reading the database can meet.
pub fn app_info(engine: &Engine) -> Result<AppInfoDto, ApiError> {
    let running = engine.run_progress();
    let (database_bytes, unfinished) = match engine.store_if_any() {
        Some(store) => (store.size_bytes()?, store.unfinished(TaskKind::Check)?),
        None => (0, None),
    };
    Ok(AppInfoDto {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        data_dir: escape(&engine.folder().root().to_string_lossy()),
        database_bytes,
        notices: engine.notices(),
        unfinished: unfinished.map(|unfinished| UnfinishedDto {
            task: unfinished.task.id,
            left: unfinished.left,
            total: unfinished.task.total,
        }),
        running,
        collecting: engine.collect_progress(),
        sources_enabled: count_in_round(engine)?,
    })
}

/// The events of the engine from now on.
#[must_use]
pub fn subscribe(engine: &Engine) -> EventStream {
    engine.events().subscribe()
}
