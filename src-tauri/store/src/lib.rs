//! What is kept: SQLite, its migrations and its queries. The only crate that knows SQL.
//!
//! One thread writes, in transactions that are handed to it through a bounded queue; a few connections
//! read beside it and never wait for it. Every table is a file of its own under `table`, with its schema,
//! its rows and its statements. Nothing here decides what a check means, reads a clock, or knows a secret
//! that is not sealed.

mod capabilities;
mod column;
mod error;
mod file;
mod migrations;
mod readers;
mod store;
mod table;
mod writer;

pub use error::StoreError;
pub use store::{Opened, Store};
pub use table::checks::{CheckBrief, CheckKind, CheckRow, NewCheck, Stored};
pub use table::evidence::EVIDENCE_KEPT;
pub use table::proxies::{
    Counts, Identity, Imported, Known, NewProxy, Outcome, ProxyId, ProxyRow, SUCCESS_RATE_DAYS, SealedAccount,
};
pub use table::sightings::Sighting;
pub use table::sources::{
    Added, CatalogueSource, NewSource, Source, SourceHold, SourceId, SourceKind, SourcePause, SourcePlan,
    SourceRecord,
};
pub use table::targets::{NewVisit, TargetRow};
pub use table::tasks::{AskedBy, NewTask, Task, TaskEnd, TaskId, TaskKind, TaskStatus, Unfinished};
pub use table::visits::{SourceVisit, VisitOutcome};
