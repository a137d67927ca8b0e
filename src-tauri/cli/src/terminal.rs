//! What a person at a terminal sees: a progress line, errors, tables. Nothing here decides.

use std::io::{self, IsTerminal, Write};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use proxydeck_engine::api::ApiError;
use proxydeck_engine::api::dto::ProgressDto;

/// The progress line: on standard error, and only where somebody sees it.
pub(crate) struct ProgressLine(ProgressBar);

impl ProgressLine {
    pub(crate) fn new() -> Self {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{pos} of {len} {wide_bar} {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    pub(crate) fn show(&self, progress: &ProgressDto) {
        self.0.set_length(u64::from(progress.total));
        self.0.set_position(u64::from(progress.done));
        let left = progress.seconds_left.filter(|s| s.is_finite()).map_or_else(String::new, |seconds| {
            format!(", {} left", HumanDuration(std::time::Duration::from_secs_f64(seconds.min(1e9))))
        });
        self.0.set_message(format!("{:.0}/s, {} alive{left}", progress.rate, progress.alive));
    }

    /// Shows how much of something countable is done.
    pub(crate) fn count(&self, done: u32, total: u32, told: String) {
        self.0.set_length(u64::from(total));
        self.0.set_position(u64::from(done));
        self.0.set_message(told);
    }

    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }

    /// Writes a line without disturbing the progress.
    pub(crate) fn say(&self, line: &str) {
        self.0.suspend(|| note(line));
    }
}

/// Writes a line to standard error. Nobody can be told that standard error is closed.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Says what could not be done, to what, and what to do.
pub(crate) fn complain(error: &ApiError) {
    let told = error.dto();
    note(&format!("proxydeck: {}", told.message));
    if let Some(hint) = &told.hint {
        note(&format!("  {hint}"));
    }
}
