//! The command `proxydeck`: the words of the command line, each an adapter onto one use case of the engine.
//!
//! Exit status: 0 done, 1 could not be done, 2 wrong usage, 130 interrupted. A closed pipe ends quietly.

mod args;
mod explain;
mod signals;
mod sources;
mod terminal;
mod verbs;

use std::process::ExitCode;

use proxydeck_engine::api::ApiError;

use args::Cli;

/// What was asked for could not be done.
const EXIT_FAILED: u8 = 1;
/// Ended by SIGINT or SIGTERM; what was finished is written.
const EXIT_INTERRUPTED: u8 = 130;

/// How a verb ended, other than by an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Done,
    Interrupted,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::builder()
                .with_default_directive(tracing_subscriber::filter::LevelFilter::ERROR.into())
                .from_env_lossy(),
        )
        .with_writer(std::io::stderr)
        .init();
    let cli = Cli::read();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::complain(&ApiError::internal(format!("The runtime could not be started: {error}.")));
            return ExitCode::from(EXIT_FAILED);
        }
    };
    match runtime.block_on(verbs::run(cli)) {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Interrupted) => ExitCode::from(EXIT_INTERRUPTED),
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&error);
            ExitCode::from(EXIT_FAILED)
        }
    }
}
