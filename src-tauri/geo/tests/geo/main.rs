//! Where addresses lie: the compiled-in files, their shape, and bytes that are damaged.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod country;
mod damage;
mod shape;
mod shipped;
