//! What the tests share. The lab lies in `tests/lab`; this crate never reaches into the product: integration tests do.

pub mod cli;
pub mod desktop;
#[path = "../lab/mod.rs"]
pub mod lab;
pub mod mmdb;
pub mod peers;
pub mod window;
