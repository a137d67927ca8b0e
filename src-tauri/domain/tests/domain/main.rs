//! What the words of the product mean, as facts: one theme a file. Nothing here does IO.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

mod anonymity;
mod endpoint;
mod evidence;
mod public;
mod score;
mod standing;
mod verdict;
mod words;
