//! Use cases and background work. Its api module is the only door for the surfaces.

pub mod api;

mod check;
mod collect;
mod convert;
mod engine;
mod escape;
mod events;
mod export;
mod folder;
mod import;
mod location;
mod pool;
mod settings;
mod tags;
mod undo;
mod view;
