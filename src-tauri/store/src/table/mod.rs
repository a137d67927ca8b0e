//! The tables. Each file has a table's schema, its rows and its statements; none opens a connection.

pub(crate) mod checks;
pub(crate) mod evidence;
pub(crate) mod judges;
pub(crate) mod proxies;
pub(crate) mod sightings;
pub(crate) mod sources;
pub(crate) mod targets;
pub(crate) mod task_items;
pub(crate) mod tasks;
pub(crate) mod visits;
