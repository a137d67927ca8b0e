//! A desktop of a test's own: a screen that nobody sees, a window manager, a session bus and an empty home.
//!
//! What stands on the screen is operated here from outside, as a person does with mouse and keyboard; what is inside a
//! window of ours is for [`crate::window`]. Nothing reaches the desktop of whoever runs the tests, every wait is
//! bounded, and every process ends with the value that stands for it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

/// How long anything on the screen may take. What is waited for comes within a second on an idle machine; a debug build
/// that shows its first window while two cores are busy with compilers was seen to need half a minute.
pub const LIMIT: Duration = Duration::from_secs(120);
/// How often something is looked at while it is waited for.
const TICK: Duration = Duration::from_millis(25);
/// Room for a window of 1,360 by 860 with its frame.
const SCREEN: &str = "1600x1000x24";
/// How long a dialog may take to heed a key before it is pressed again. Pressed too early, the second one may fall to
/// whatever stands behind the dialog.
const KEY_REST: Duration = Duration::from_secs(2);
/// How long bringing a window to the front and typing into it may take. `xdotool` waits for ever for a window that is
/// gone, and `xclip` for the owner of what is marked.
const ACT_SECONDS: u32 = 20;
/// How often a path is typed anew before something else is the matter.
const TYPINGS: u32 = 10;
/// Pauses between keys in milliseconds: a dialog that completes paths while one types needs time for each.
const KEY_PAUSE: &str = "8";

/// A bus with nothing on it. The one of the system would start a keyring, a portal or a settings daemon when asked.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=FOLDER</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// Waits until there is something.
///
/// # Panics
/// When there is nothing in time; `what` says what was waited for.
pub async fn until<T>(what: &str, limit: Duration, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(limit, look).await.unwrap_or_else(|| panic!("{what}: not within {limit:?}"))
}

/// Waits until there is something, but not for ever.
async fn within<T>(limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        // What hangs must not outlive the limit either.
        if let Ok(Some(found)) = timeout(limit, look()).await {
            return Some(found);
        }
        if began.elapsed() >= limit {
            return None;
        }
        sleep(TICK).await;
    }
}

/// A program of the product that lies beside the tests.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    // `target/debug/deps/TEST-HASH` lies one folder below the programs.
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join(name);
    assert!(
        program.is_file(),
        "{} is missing: run `make ui-build`, which builds the interface, then `cargo build --workspace`",
        program.display()
    );
    program
}

/// A command that ends with the test that starts it, also where that is killed and drops nothing: the kernel tells it.
/// What it starts in turn ends with the screen.
#[must_use]
pub fn bound(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// A process with everything that it starts, killed when this is dropped.
pub struct Running(Child);

impl Running {
    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        use std::os::unix::process::CommandExt as _;
        // Its children are in the group too, unless they leave it on purpose, which none of ours does.
        let started = command.process_group(0).stdin(Stdio::null()).spawn();
        Self(started.unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display())))
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Whether it has ended by itself.
    ///
    /// # Panics
    /// When the operating system does not know.
    #[must_use]
    pub fn ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// When it does not in time.
    pub async fn end(&mut self) -> ExitStatus {
        until("the end of a process", LIMIT, async || self.0.try_wait().unwrap()).await
    }

    /// The first line of what it writes.
    async fn first_line(&mut self, what: &str) -> String {
        let out = self.0.stdout.take().unwrap();
        let read = spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(out).read_line(&mut line).map(|_| line.trim().to_owned())
        });
        let line =
            timeout(LIMIT, read).await.unwrap_or_else(|_| panic!("{what} says nothing")).unwrap().unwrap();
        assert!(!line.is_empty(), "{what} ended at once");
        line
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Whether a process lives. One that has ended and that nobody has asked for its status does not.
#[must_use]
pub fn lives(pid: u32) -> bool {
    // The name before the state stands in parentheses and may hold anything.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Ends a process at once, as a power cut does.
///
/// # Panics
/// When there is no such process.
pub fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// The desktop.
pub struct Desktop {
    display: String,
    bus_address: String,
    // In the order in which they end: the programs before their screen, all before the folder that they use.
    _manager: Option<Running>,
    _bus: Running,
    _screen: Running,
    home: TempDir,
}

impl Desktop {
    /// Starts one; its screen is empty and windows are managed when this returns.
    ///
    /// # Panics
    /// When a part of it cannot be started.
    pub async fn start() -> Self {
        let home = TempDir::new().unwrap();
        let (display, screen) = screen().await;
        let (bus_address, bus) = bus(home.path()).await;
        let mut desktop = Self { display, bus_address, _manager: None, _bus: bus, _screen: screen, home };
        let mut manager = desktop.command("openbox");
        manager.arg("--sm-disable").stdout(Stdio::null()).stderr(Stdio::null());
        desktop._manager = Some(Running::start(&mut manager));
        until("a window manager", LIMIT, async || desktop.ask(&["get_num_desktops"]).await).await;
        desktop
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A command that runs on this desktop and knows no other.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = bound(program);
        command.env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home()).env("XDG_RUNTIME_DIR", self.home()).current_dir(self.home());
        command.env("DISPLAY", &self.display).env("DBUS_SESSION_BUS_ADDRESS", &self.bus_address);
        command.env("LANG", "C.UTF-8");
        // Of two ways to the screen only one is there; the bus of assistive tools and the store of settings are not.
        command.env("GDK_BACKEND", "x11").env("NO_AT_BRIDGE", "1").env("GSETTINGS_BACKEND", "memory");
        command.env("LIBGL_ALWAYS_SOFTWARE", "1");
        command
    }

    /// Waits for a visible window by its title, or of one process by that.
    ///
    /// # Panics
    /// When none comes in time.
    pub async fn window(&self, title: &str, of: Option<u32>) -> NativeWindow<'_> {
        let pid = of.map(|pid| pid.to_string());
        let id = until(&format!("a window called {title:?}"), LIMIT, async || {
            let mut search = vec!["search", "--all", "--onlyvisible"];
            search.extend(pid.iter().flat_map(|pid| ["--pid", pid]));
            let pattern = format!("^{title}$");
            search.extend(["--name", &pattern]);
            Some(self.ask(&search).await?.lines().next()?.to_owned())
        })
        .await;
        NativeWindow { desktop: self, id }
    }

    /// The numbers of the processes that run on this desktop, with their names. What belongs to the desktop itself is
    /// not among them.
    ///
    /// # Panics
    /// When the system does not tell.
    #[must_use]
    pub fn processes(&self) -> BTreeMap<u32, String> {
        let home = format!("HOME={}", self.home().display());
        let ours = |pid: u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == home.as_bytes())
        };
        let name = |pid: u32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        let manager = self._manager.as_ref().map(Running::pid);
        let pids =
            fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.filter(|pid| Some(*pid) != manager && lives(*pid) && ours(*pid))
            .map(|pid| (pid, name(pid).trim().to_owned()))
            .collect()
    }

    /// What `xdotool` answers to a question, which it does at once; none when it does not succeed.
    async fn ask(&self, words: &[&str]) -> Option<String> {
        self.said("xdotool", words).await
    }

    /// Does something to a window with `xdotool`, if it is there.
    async fn act(&self, words: &[&str]) {
        self.soon(&[&["xdotool"], words].concat()).await;
    }

    /// The text that is marked somewhere on the screen.
    async fn marked(&self) -> Option<String> {
        self.soon(&["xclip", "-out", "-selection", "primary"]).await
    }

    /// What a program says that may wait for a window for ever.
    async fn soon(&self, words: &[&str]) -> Option<String> {
        let seconds = ACT_SECONDS.to_string();
        self.said("timeout", &[&["--signal=KILL", &seconds], words].concat()).await
    }

    async fn said(&self, program: &str, args: &[&str]) -> Option<String> {
        let mut command = self.command(program);
        command.args(args).stderr(Stdio::null());
        let output = spawn_blocking(move || command.output()).await.unwrap().expect("setpriv is installed");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

async fn screen() -> (String, Running) {
    let mut command = bound("Xvfb");
    // It finds a free number itself and tells it.
    command.args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut screen = Running::start(&mut command);
    let number = screen.first_line("Xvfb").await;
    (format!(":{number}"), screen)
}

async fn bus(home: &Path) -> (String, Running) {
    let settings = home.join("bus.conf");
    fs::write(&settings, BUS.replace("FOLDER", home.to_str().unwrap())).unwrap();
    let mut command = bound("dbus-daemon");
    command.arg("--config-file").arg(settings).args(["--nofork", "--nopidfile", "--print-address=1"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut bus = Running::start(&mut command);
    let address = bus.first_line("dbus-daemon").await;
    (address, bus)
}

/// A window as the window manager has it: a dialog of the system, or the frame of one of ours.
pub struct NativeWindow<'d> {
    desktop: &'d Desktop,
    id: String,
}

impl NativeWindow<'_> {
    /// The number of the process that it belongs to.
    ///
    /// # Panics
    /// When the window is gone.
    pub async fn pid(&self) -> u32 {
        let pid = self.desktop.ask(&["getwindowpid", &self.id]).await;
        pid.expect("a window of a process").parse().unwrap()
    }

    /// Presses a key again and again until the window is gone: a dialog that has just appeared may not have the keyboard
    /// yet, and one that completes what is typed takes the first press for that.
    ///
    /// # Panics
    /// When it stays.
    pub async fn press_until_gone(self, key: &str) {
        until("the end of a dialog", LIMIT, async || {
            if self.is_there().await {
                self.act(&["key"], &[key]).await;
            }
            let rest = Instant::now() + KEY_REST;
            while self.is_there().await {
                if Instant::now() > rest {
                    return None;
                }
                sleep(TICK).await;
            }
            Some(())
        })
        .await;
    }

    /// Whether it still stands there.
    async fn is_there(&self) -> bool {
        self.desktop.ask(&["getwindowname", &self.id]).await.is_some()
    }

    /// Closes it as its frame's button does, and waits until it is gone.
    ///
    /// # Panics
    /// When it stays.
    pub async fn close(self) {
        self.press_until_gone("alt+F4").await;
    }

    /// Does something with the keyboard where this window has the focus, if it can be had.
    async fn act(&self, act: &[&str], what: &[&str]) {
        // Keys go to the window that has the focus, as those of a keyboard do.
        let words = [&["windowactivate", "--sync", &self.id], act, &["--delay", KEY_PAUSE], what].concat();
        self.desktop.act(&words).await;
    }
}

/// The system's dialogs for opening and saving a file.
pub struct FileDialog<'d>(NativeWindow<'d>);

impl<'d> FileDialog<'d> {
    /// Waits for the dialog in which a file is opened.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn to_open(desktop: &'d Desktop) -> Self {
        Self(desktop.window("Open a list of proxies", None).await)
    }

    /// Waits for the dialog in which a file is saved.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn to_save(desktop: &'d Desktop) -> Self {
        Self(desktop.window("Save proxies", None).await)
    }

    /// Chooses a file by its path.
    ///
    /// # Panics
    /// When the dialog does not close over it.
    pub async fn choose(self, path: &Path) {
        let path = path.to_str().unwrap();
        // A slash opens the field for a path in a dialog for opening; one for saving stands in its own. Keys that came
        // before the dialog had the keyboard are lost, so what arrived is marked, which shows it to the whole screen.
        for _ in 0..TYPINGS {
            self.0.act(&["key"], &["ctrl+a"]).await;
            self.0.act(&["type"], &[path]).await;
            self.0.act(&["key"], &["ctrl+a"]).await;
            let arrived = async || (self.0.desktop.marked().await? == path).then_some(());
            if within(KEY_REST, arrived).await.is_some() {
                // A list of completions takes the first one for itself.
                return self.0.press_until_gone("Return").await;
            }
        }
        panic!("{path}: a dialog did not take it");
    }

    /// Leaves it without a file.
    ///
    /// # Panics
    /// When it does not close.
    pub async fn leave(self) {
        self.0.press_until_gone("Escape").await;
    }
}
