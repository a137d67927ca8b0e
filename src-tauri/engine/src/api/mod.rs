//! The only door for the surfaces: one function a use case, plain shapes in and out, errors with a closed list of
//! codes. Unless it is asynchronous, a function blocks and does not belong on an asynchronous runtime's threads.

pub mod dto;

mod app;
mod change;
pub(crate) mod check;
mod collect;
mod error;
mod explain;
mod export;
pub(crate) mod import;
mod judge;
mod pool;
mod settings;
mod sources;
mod stats;

pub use app::{app_info, subscribe};
pub use change::{delete, tag, tags, undelete, undo, usable_tag};
pub use check::{
    CheckHow, ListSink, Rate, Watcher, check_list, check_pool, check_start, check_stop, shut_down,
    usable_judge, usable_resolve, usable_target,
};
pub use collect::{CollectWatcher, collect, collect_start, collect_stop, collect_when_due};
pub use error::ApiError;
pub use explain::{Explained, ExplainedAttempt, SaidLines, explain};
pub use export::{
    ExportTo, ResultsHow, ResultsWriter, WholeFile, export_preview, export_save, export_to, format_of,
    is_of_working,
};
pub use import::{
    ListHow, import_commit, import_discard, import_dry_run, import_list, import_path, import_text,
    import_to_check, read_list,
};
pub use judge::Judge;
pub use pool::{close_view, open_view, proxy_detail, stats, usable_country, view_places, view_rows};
pub use settings::{Defaults, settings_get, settings_path, settings_set};
pub use sources::{
    USUAL_INTERVAL, USUAL_PRIORITY, source_add, source_as_written, source_at, source_detail, source_edit,
    source_named, source_test, sources, sources_enable, sources_remove, sources_restore,
};
pub use stats::{check_stats, save_chart, usable_chart};

pub use crate::check::CheckDone;
pub use crate::engine::{Access, Engine, Opening};
pub use crate::events::EventStream;
pub use crate::import::{LinesTo, ListInput};
pub use crate::settings::MAX_RETRIES;
pub use crate::view::MAX_SLICE;
pub use proxydeck_domain::Proxy;
pub use proxydeck_geo::Geo;
