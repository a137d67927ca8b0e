//! Facts about what is kept: one program of tests, one file for each part of the crate.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at what it did not expect")]

mod checks;
mod file;
mod import;
mod kill;
mod reading;
mod sources;
mod tasks;
mod world;
