//! The command `proxydeck` as a person at a terminal has it: started, fed, interrupted, and what it said.
//!
//! Nothing here knows a crate of the product: what it says is read as text and JSON, and what it means is for the tests
//! to say. Every wait is bounded, and every process that was started ends with the value that stands for it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::lab::{World, WorldBuilder};

/// The longest that a command may take; a debug build that reads 200 MB on a busy machine needs minutes.
const LIMIT: Duration = Duration::from_secs(300);
/// How often a process is looked at while it is waited for.
const TICK: Duration = Duration::from_millis(5);
/// User and group of `nobody`, who owns nothing.
const NOBODY: &str = "65534";

/// The built command.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn program() -> PathBuf {
    // `target/debug/deps/TEST-HASH` lies one folder below the programs.
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("proxydeck");
    assert!(program.is_file(), "{} is missing: run `cargo build --workspace` first", program.display());
    program
}

/// Waits until something holds.
///
/// # Panics
/// When it does not in time; `what` says what was waited for.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LIMIT, "{what}: not within {LIMIT:?}");
        thread::sleep(TICK);
    }
}

/// Whether this process may do anything. Some tests must become an ordinary user first.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A command that runs a program as an ordinary user: through `setpriv` where this process is root.
#[must_use]
pub fn as_nobody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(program);
    command
}

/// Gives a file or folder to the user of [`as_nobody`].
///
/// # Panics
/// When it cannot be given.
pub fn give_to_nobody(path: &Path) {
    if is_root() {
        let nobody = NOBODY.parse().ok();
        std::os::unix::fs::chown(path, nobody, nobody).unwrap();
    }
}

/// A world with a runtime of its own, for tests that wait for processes and not for futures.
pub struct Lab {
    // Before the runtime: a world ends by telling its tasks so.
    world: World,
    runtime: Runtime,
}

impl Lab {
    /// Starts a world.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(builder: WorldBuilder) -> Self {
        // Proxies that listen cost a descriptor each, and the usual soft limit is 1,024.
        rlimit::increase_nofile_limit(u64::MAX).unwrap();
        let runtime = Runtime::new().unwrap();
        let world = runtime.block_on(builder.start()).unwrap();
        Self { world, runtime }
    }

    /// Waits for something that the world does.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

impl Deref for Lab {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

/// A user's home folder with nothing in it, in which commands are run.
pub struct Home {
    folder: TempDir,
    program: PathBuf,
    nobody: bool,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// A fresh home.
    ///
    /// # Panics
    /// When there is no room for it, or the command was not built.
    #[must_use]
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), program: program(), nobody: false }
    }

    /// The home of an ordinary user, to whom permissions apply. The command runs from a copy, since the user may not
    /// look into the folder of the build.
    ///
    /// # Panics
    /// When there is no room for it, or the command was not built.
    #[must_use]
    pub fn of_nobody() -> Self {
        let folder = TempDir::new().unwrap();
        let copy = folder.path().join("proxydeck");
        fs::copy(program(), &copy).unwrap();
        give_to_nobody(&copy);
        give_to_nobody(folder.path());
        Self { folder, program: copy, nobody: true }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A path in it.
    #[must_use]
    pub fn at(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(name);
        fs::write(&path, contents).unwrap();
        if self.nobody {
            give_to_nobody(&path);
        }
        path
    }

    /// Reads a file.
    ///
    /// # Panics
    /// When there is none, or it is no text.
    #[must_use]
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The command with these arguments, at home, with nothing of the environment but where programs lie.
    #[must_use]
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = if self.nobody { as_nobody(&self.program) } else { Command::new(&self.program) };
        command.args(args).current_dir(self.path()).env_clear();
        // No keyring: a session of the developer's must not get a key of each test.
        command.env("HOME", self.path()).env("PROXYDECK_KEYRING", "off");
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }

    /// Starts the command.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Running {
        Running::start(self.command(args), Reading::All, &[])
    }

    /// Starts the command under another, such as `prlimit`, which is given its program and arguments.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_under<S: AsRef<OsStr>>(&self, under: &[&str], args: impl IntoIterator<Item = S>) -> Running {
        let inner = self.command(args);
        let mut command = Command::new(under[0]);
        command.args(&under[1..]).arg(inner.get_program()).args(inner.get_args());
        command.current_dir(self.path()).env_clear();
        command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Running::start(command, Reading::All, &[])
    }

    /// Runs the command to its end.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ended {
        self.start(args).end()
    }

    /// Runs the command with something on standard input.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn feed<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &[u8]) -> Ended {
        Running::start(self.command(args), Reading::All, input).end()
    }

    /// Runs the command as `… | head -1` does: one line of its output is read, and then the pipe is closed.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn head<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ended {
        Running::start(self.command(args), Reading::OneLine, &[]).end()
    }

    /// The options by which a check asks the judges of a world, and reaches its proxies.
    ///
    /// # Panics
    /// When the judges' authority cannot be written down.
    #[must_use]
    pub fn asking(&self, world: &World) -> Vec<String> {
        self.write("judges.pem", world.ca_pem());
        let mut options =
            vec!["--allow-private".to_owned(), "--judge-ca".to_owned(), "judges.pem".to_owned()];
        for judge in world.judge_urls() {
            options.extend(["--judge".to_owned(), judge]);
        }
        for rule in world.resolve_args() {
            options.extend(["--resolve".to_owned(), rule]);
        }
        options
    }

    /// Every file in the home but the copy of the command, with its bytes.
    ///
    /// # Panics
    /// When one cannot be read.
    #[must_use]
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path != self.program {
                    let bytes = fs::read(&path).unwrap();
                    found.insert(path.strip_prefix(self.path()).unwrap().to_owned(), bytes);
                }
            }
        }
        found
    }
}

/// How much of its output a command gets rid of.
#[derive(Clone, Copy)]
enum Reading {
    All,
    OneLine,
}

/// A command that runs. It is killed when this is dropped.
pub struct Running {
    child: Child,
    out: Arc<Heard>,
    err: Arc<Heard>,
    shown: String,
    peak_kib: u64,
}

/// What came out of one pipe so far.
#[derive(Default)]
struct Heard {
    so_far: Mutex<(Vec<u8>, bool)>,
    more: Condvar,
}

impl Heard {
    /// Listens on a thread of its own, which ends with the pipe.
    fn listen(pipe: impl Read + Send + 'static, reading: Reading) -> Arc<Self> {
        let heard = Arc::new(Self::default());
        let ours = Arc::clone(&heard);
        thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            match reading {
                Reading::OneLine => {
                    let mut line = Vec::new();
                    let _ = pipe.read_until(b'\n', &mut line);
                    drop(pipe);
                    ours.hear(&line, true);
                }
                Reading::All => {
                    while let Ok(bytes) = pipe.fill_buf() {
                        let count = bytes.len();
                        ours.hear(bytes, count == 0);
                        pipe.consume(count);
                        if count == 0 {
                            return;
                        }
                    }
                    ours.hear(&[], true);
                }
            }
        });
        heard
    }

    fn hear(&self, bytes: &[u8], ended: bool) {
        let mut so_far = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
        so_far.0.extend_from_slice(bytes);
        so_far.1 |= ended;
        self.more.notify_all();
    }

    /// Waits until what was heard satisfies, or nothing more can come; answers with all that was heard.
    fn until(&self, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let so_far = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |heard: &mut (Vec<u8>, bool)| !heard.1 && !enough(&heard.0);
        let (so_far, limit) = self.more.wait_timeout_while(so_far, LIMIT, waiting).unwrap();
        assert!(
            !limit.timed_out(),
            "nothing more was said within {LIMIT:?} after: {}",
            String::from_utf8_lossy(&so_far.0)
        );
        so_far.0.clone()
    }
}

impl Running {
    fn start(mut command: Command, reading: Reading, input: &[u8]) -> Self {
        let shown = format!("{command:?}").replace('"', "");
        command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{shown}: {error}"));
        if let Some(mut stdin) = child.stdin.take() {
            let input = input.to_owned();
            // A command that does not read to the end is no fault of the one who writes.
            thread::spawn(move || drop(stdin.write_all(&input)));
        }
        let out = Heard::listen(child.stdout.take().unwrap(), reading);
        let err = Heard::listen(child.stderr.take().unwrap(), Reading::All);
        Self { child, out, err, shown, peak_kib: 0 }
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The sockets of TCP that it has open, in whatever state.
    #[must_use]
    pub fn sockets(&self) -> usize {
        let of = format!("/proc/{}", self.pid());
        let held: HashSet<String> = fs::read_dir(format!("{of}/fd"))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| Some(fs::read_link(entry.path()).ok()?.display().to_string()))
            .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
            .collect();
        let tables =
            ["tcp", "tcp6"].map(|name| fs::read_to_string(format!("{of}/net/{name}")).unwrap_or_default());
        // The tenth column is the number by which a descriptor knows its socket. A table that changes while it is read may
        // have a socket twice.
        let lines = tables.iter().flat_map(|table| table.lines().skip(1));
        let known: HashSet<&str> = lines.filter_map(|line| line.split_whitespace().nth(9)).collect();
        known.into_iter().filter(|number| held.contains(*number)).count()
    }

    /// Waits for a line of standard output that begins so, and answers with the rest of it.
    ///
    /// # Panics
    /// When it ends without one.
    #[must_use]
    #[track_caller]
    pub fn line(&self, start: &str) -> String {
        let find = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let whole = text.rfind('\n').map_or("", |end| &text[..end]).to_owned();
            whole.lines().find_map(|line| line.strip_prefix(start)).map(str::to_owned)
        };
        let heard = self.out.until(|bytes| find(bytes).is_some());
        find(&heard).unwrap_or_else(|| {
            let err = String::from_utf8_lossy(&self.err.until(|_| false)).into_owned();
            panic!("{}: ended without a line {start}…; on standard error: {err}", self.shown)
        })
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        // One that has ended by itself is gone, and that is what the signal was for.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Whether it still runs.
    ///
    /// # Panics
    /// When the operating system does not know.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Kills it without warning, and waits until it is gone.
    ///
    /// # Panics
    /// When it had ended by itself: then the kill proves nothing.
    pub fn kill(mut self) {
        assert!(self.runs(), "{}: had ended before it was killed", self.shown);
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end in time.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let began = Instant::now();
        let status = loop {
            // The memory of a process that has ended is gone, so it is looked at before.
            self.peak_kib = self.peak_kib.max(peak_kib(self.child.id()));
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < LIMIT, "{}: did not end within {LIMIT:?}", self.shown);
            thread::sleep(TICK);
        };
        Ended {
            status: status.code(),
            stdout: self.out.until(|_| false),
            stderr: String::from_utf8_lossy(&self.err.until(|_| false)).into_owned(),
            peak_kib: self.peak_kib,
            took: began.elapsed(),
            shown: self.shown.clone(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The most memory that a process has had so far; 0 when it is gone.
fn peak_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default()
}

/// What came of a command.
pub struct Ended {
    /// Its exit status; none when a signal ended it.
    pub status: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: String,
    /// The most memory that it was seen to have, in KiB.
    pub peak_kib: u64,
    /// How long it was waited for.
    pub took: Duration,
    shown: String,
}

impl Ended {
    /// It did what it was told.
    ///
    /// # Panics
    /// When its status is not 0.
    #[track_caller]
    pub fn done(self) -> Self {
        self.with_status(0)
    }

    /// It ended with this status, and in an orderly way: without a panic or the dump of a value.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    #[must_use]
    pub fn with_status(self, status: i32) -> Self {
        let Self { shown, stderr, .. } = &self;
        assert_eq!(self.status, Some(status), "{shown}: on standard error: {stderr}");
        for dump in ["panicked", "RUST_BACKTRACE", "Os {", "Error {", "Error(", "Some(", "kind:"] {
            assert!(!stderr.contains(dump), "{shown}: {dump} is not for people: {stderr}");
        }
        self
    }

    /// It could not do what it was told, and said so with all of these words.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn complains(self, words: &[&str]) -> Self {
        let ended = self.with_status(1);
        let Self { shown, stderr, .. } = &ended;
        for word in words {
            assert!(stderr.contains(word), "{shown}: the message lacks {word:?}: {stderr}");
        }
        assert!(
            stderr.trim().len() > 40 && stderr.trim().split(['.', ';', '\n']).count() >= 2,
            "{shown}: a message says what happened and what to do: {stderr}"
        );
        ended
    }

    /// Standard output as text.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap_or_else(|error| panic!("{}: {error}", self.shown))
    }

    /// The one line of JSON on standard output.
    ///
    /// # Panics
    /// When there is something else.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        let text = self.text();
        assert_eq!(
            text.lines().count(),
            1,
            "{}: the summary has standard output to itself: {text}",
            self.shown
        );
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{}: {error}: {text}", self.shown))
    }
}

/// The words of a command line in which no word has a blank, and further ones behind them.
#[must_use]
pub fn words(line: &str, more: &[String]) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).chain(more.iter().cloned()).collect()
}

/// The objects of a file of JSON lines.
///
/// # Panics
/// When a line is no JSON.
#[track_caller]
#[must_use]
pub fn json_lines(text: &str) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(parse).collect()
}
