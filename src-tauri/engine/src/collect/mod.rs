//! Collecting: visiting the sources, reading what they bring, and an honest account of it. Which bytes come is `wire`'s
//! business, what they mean the reader's; here it is decided who is visited, and what of it is kept.

mod catalogue;
mod fetch;
mod keep;
mod nature;
mod reading;
mod run;
mod template;

pub(crate) use catalogue::catalogue;
pub(crate) use fetch::{Came, Fetcher, What, took};
pub(crate) use keep::{Timing, describe};
pub(crate) use nature::{can_be_visited, frozen_since, growing_since, is_copy, is_in_round, next_visit};
pub(crate) use reading::Parser;
pub(crate) use run::{Audience, Round, collect};
pub(crate) use template::{Template, page_of};
