//! What the tests share. The lab lies in `tests/lab`; this crate never reaches into the product: integration tests do.

#[path = "../lab/mod.rs"]
pub mod lab;
