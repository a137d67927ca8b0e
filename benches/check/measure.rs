//! One program run as a child, and what it cost. What it costs is the child's alone: the lab is another process.

use std::error::Error;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

/// What a run cost, and what it said.
pub(crate) struct Cost {
    /// Of user and system together.
    pub(crate) cpu: Duration,
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// The most bytes that were resident. The kernel counts what the parent held when it made the child as well, so
    /// the benchmark itself stays small and reads its files line by line.
    pub(crate) peak: u64,
    /// Its standard output.
    pub(crate) said: String,
}

/// Runs a program to its end. Its data folder is `home`, so that nobody's settings change what is measured.
pub(crate) fn measure(program: &Path, arguments: &[String], home: &Path) -> Result<Cost, Box<dyn Error>> {
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .env("PROXYDECK_DATA_DIR", home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{}: {error}; `make bench` builds it", program.display()))?;
    let mut said = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut said)?;
    }
    let used = child.wait4()?;
    if !used.status.success() {
        return Err(format!("{} {arguments:?} ended with {}", program.display(), used.status).into());
    }
    let cpu = used.rusage.utime + used.rusage.stime;
    Ok(Cost { cpu, wall: began.elapsed(), peak: used.rusage.maxrss, said })
}
