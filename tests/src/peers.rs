//! Proxy servers that others wrote, from Debian and mitmproxy from PyPI, each with a configuration of its own: started in the foreground on
//! loopback as an ordinary user, leaving from an address of its own, and ended when it is dropped.
//!
//! They listen on 127.9.0.N and leave from 127.9.1.N, which is below the blocks that worlds of the lab claim.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

use crate::cli::{as_nobody, give_to_nobody, is_root};

/// The longest that a server may take until it listens.
const START_LIMIT: Duration = Duration::from_secs(30);
/// The longest that a server may take to end after SIGTERM, before it is killed.
const END_LIMIT: Duration = Duration::from_secs(3);
/// How often it is looked whether that is so.
const TICK: Duration = Duration::from_millis(10);

/// The account of the servers that want one.
pub const USER: &str = "ann";
/// The password that goes with it.
pub const PASSWORD: &str = "s3cret";
/// What `openssl passwd -5 -salt proxydeck s3cret` says.
const PASSWORD_HASH: &str = "$5$proxydeck$DNeGeSUeNJdpO74RorkV75jAQGyF44OF8b4giIfKDT6";

/// A server that runs.
pub struct Peer {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The address from which it leaves.
    pub exit: IpAddr,
    child: Child,
    _folder: TempDir,
}

/// What a server needs to know of its place.
struct Place {
    entry: Ipv4Addr,
    exit: Ipv4Addr,
    port: u16,
    folder: TempDir,
}

impl Place {
    /// The place of this number, with a port that is free.
    fn numbered(number: u8) -> Self {
        let entry = Ipv4Addr::new(127, 9, 0, number);
        let port = TcpListener::bind((entry, 0)).unwrap().local_addr().unwrap().port();
        let folder = TempDir::new().unwrap();
        give_to_nobody(folder.path());
        Self { entry, exit: Ipv4Addr::new(127, 9, 1, number), port, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        give_to_nobody(&path);
        path
    }

    /// Starts a server and waits until it listens.
    fn start(self, mut command: Command) -> Peer {
        let log = self.write("log", "");
        let shown = format!("{command:?}");
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.stdout(File::create(&log).unwrap()).stderr(File::options().append(true).open(&log).unwrap());
        // Some servers have children, which must not outlive them.
        command.process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{shown}: {error}"));
        let mut peer = Peer {
            addr: SocketAddr::from((self.entry, self.port)),
            exit: IpAddr::V4(self.exit),
            child,
            _folder: self.folder,
        };
        let began = Instant::now();
        while TcpStream::connect(peer.addr).is_err() {
            let ended = peer.child.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < START_LIMIT,
                "{shown}: does not listen ({ended:?}): {}",
                ["log", "cache.log"]
                    .map(|name| fs::read_to_string(peer._folder.path().join(name)).unwrap_or_default())
                    .concat()
            );
            thread::sleep(TICK);
        }
        peer
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.child);
        // The parent sees to its children, if it is given the time.
        let _ = kill_process(pid, Signal::TERM);
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < END_LIMIT {
            thread::sleep(TICK);
        }
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server's program, which an ordinary user may not have on the path.
fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("{name} is missing: install the Debian package {package}, or run `make test`, which does")
    })
}

/// squid, with these lines in its configuration beside the ones that make it small. Whoever asks may have anything,
/// unless a line before says otherwise.
///
/// # Panics
/// When it is not installed or does not start.
#[must_use]
pub fn squid(number: u8, lines: &str) -> Peer {
    squid_at(Place::numbered(number), lines)
}

fn squid_at(place: Place, lines: &str) -> Peer {
    let Place { entry, exit, port, .. } = &place;
    let number = entry.octets()[3];
    let folder = place.folder.path().display();
    let text = format!(
        "http_port {entry}:{port}
acl CONNECT method CONNECT
acl SSL_ports port 443
{lines}
http_access allow all
tcp_outgoing_address {exit}
cache deny all
cache_mem 0 MB
memory_cache_shared off
access_log none
cache_store_log none
cache_log {folder}/cache.log
coredump_dir {folder}
pid_filename none
netdb_filename none
pinger_enable off
shutdown_lifetime 0 seconds
max_filedescriptors 1024
visible_hostname squid.invalid
"
    );
    let configuration = place.write("squid.conf", &text);
    let mut command = as_nobody(&program("squid", "squid"));
    // Two that have the same service name would share their memory.
    command.arg("-n").arg(format!("lab{number}x{port}")).arg("-N").arg("-f").arg(configuration);
    place.start(command)
}

/// squid that wants an account: [`USER`] and [`PASSWORD`].
///
/// # Panics
/// When it is not installed or does not start.
#[must_use]
pub fn squid_with_account(number: u8, lines: &str) -> Peer {
    let helper = Path::new("/usr/lib/squid/basic_ncsa_auth");
    assert!(helper.is_file(), "{} is missing: it comes with the Debian package squid", helper.display());
    let place = Place::numbered(number);
    let accounts = place.write("accounts", &format!("{USER}:{PASSWORD_HASH}\n"));
    let lines = format!(
        "auth_param basic program {} {}
auth_param basic children 2 startup=1
acl known proxy_auth REQUIRED
{lines}
http_access deny !known",
        helper.display(),
        accounts.display()
    );
    squid_at(place, &lines)
}

/// tinyproxy with these lines in its configuration.
///
/// # Panics
/// When it is not installed or does not start.
#[must_use]
pub fn tinyproxy(number: u8, lines: &str) -> Peer {
    let place = Place::numbered(number);
    let Place { entry, exit, port, .. } = &place;
    let log = place.path("tinyproxy.log");
    let text = format!(
        "Port {port}
Listen {entry}
Bind {exit}
Timeout 30
MaxClients 100
LogFile \"{}\"
LogLevel Connect
{lines}
",
        log.display()
    );
    let configuration = place.write("tinyproxy.conf", &text);
    let mut command = as_nobody(&program("tinyproxy", "tinyproxy"));
    command.arg("-d").arg("-c").arg(configuration);
    place.start(command)
}

/// danted, which speaks SOCKS4 and SOCKS5.
///
/// # Panics
/// When it is not installed or does not start.
#[must_use]
pub fn danted(number: u8) -> Peer {
    danted_at(Place::numbered(number), "none", |_, program| as_nobody(program))
}

fn danted_at(place: Place, method: &str, wrap: impl FnOnce(&Place, &Path) -> Command) -> Peer {
    let Place { entry, exit, port, .. } = &place;
    let text = format!(
        "logoutput: stderr
internal: {entry} port = {port}
external: {exit}
clientmethod: none
socksmethod: {method}
client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
"
    );
    let configuration = place.write("danted.conf", &text);
    let mut command = wrap(&place, &program("danted", "dante-server"));
    command.args(["-N", "1", "-f"]).arg(configuration);
    place.start(command)
}

/// microsocks, which speaks SOCKS5; with [`USER`] and [`PASSWORD`] or without an account.
///
/// # Panics
/// When it is not installed or does not start.
#[must_use]
pub fn microsocks(number: u8, account: bool) -> Peer {
    let place = Place::numbered(number);
    let mut command = as_nobody(&program("microsocks", "microsocks"));
    command.arg("-i").arg(place.entry.to_string()).arg("-p").arg(place.port.to_string());
    command.arg("-b").arg(place.exit.to_string());
    if account {
        command.args(["-u", USER, "-P", PASSWORD]);
    }
    place.start(command)
}

/// danted that wants an account: [`USER`] and [`PASSWORD`]. It looks for users where the system does, so that it gets
/// files of its own for those in a mount namespace; none where this process may not make one.
///
/// # Panics
/// When it is not installed or does not start.
#[must_use]
pub fn danted_with_account(number: u8) -> Option<Peer> {
    if !is_root() {
        return None;
    }
    Some(danted_at(Place::numbered(number), "username", |place, program| {
        let users = fs::read_to_string("/etc/passwd").unwrap();
        let users = place.write("passwd", &format!("{users}{USER}:x:64999:65534::/nonexistent:/bin/false\n"));
        let secrets = place.write("shadow", &format!("{USER}:{PASSWORD_HASH}:20000:0:99999:7:::\n"));
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c"]);
        command.arg(
            "mount --bind \"$1\" /etc/passwd && mount --bind \"$2\" /etc/shadow && shift 2 && exec \"$@\"",
        );
        command.arg("danted").arg(users).arg(secrets);
        let inner = as_nobody(program);
        command.arg(inner.get_program()).args(inner.get_args());
        command
    }))
}

/// privoxy in front of a server of SOCKS5, from whose address it leaves: it cannot choose one itself.
///
/// # Panics
/// When it is not installed or does not start.
#[must_use]
pub fn privoxy(number: u8, parent: &Peer, actions: &str) -> Peer {
    let place = Place::numbered(number);
    let Place { entry, port, .. } = &place;
    let folder = place.folder.path().display();
    place.write("lab.action", &format!("{{{actions}}}\n/\n"));
    let text = format!(
        "listen-address {entry}:{port}
confdir {folder}
logdir {folder}
templdir /etc/privoxy/templates
actionsfile lab.action
toggle 1
enable-remote-toggle 0
enable-edit-actions 0
forward-socks5 / {} .
socket-timeout 30
",
        parent.addr
    );
    let configuration = place.write("config", &text);
    let mut command = as_nobody(&program("privoxy", "privoxy"));
    command.arg("--no-daemon").arg(configuration);
    let mut peer = place.start(command);
    peer.exit = parent.exit;
    peer
}

/// stunnel in front of another server: TLS with this certificate and key (both PEM), and what is in it goes on in the
/// clear.
///
/// # Panics
/// When it is not installed or does not start.
#[must_use]
pub fn stunnel(number: u8, behind: &Peer, certificate: &str, key: &str) -> Peer {
    let place = Place::numbered(number);
    let Place { entry, port, .. } = &place;
    let certificate = place.write("proxy.pem", certificate);
    let key = place.write("proxy.key", key);
    let text = format!(
        "foreground = yes
syslog = no
pid =
[proxy]
accept = {entry}:{port}
connect = {}
cert = {}
key = {}
TIMEOUTclose = 0
",
        behind.addr,
        certificate.display(),
        key.display()
    );
    let configuration = place.write("stunnel.conf", &text);
    let mut command = as_nobody(&program("stunnel4", "stunnel4"));
    command.arg(configuration);
    let mut peer = place.start(command);
    peer.exit = behind.exit;
    peer
}

/// mitmproxy, with these options beside those that keep it to itself. It trusts the authority in the PEM file for the
/// judges, and leaves from the address of everybody.
///
/// # Panics
/// When it is not installed or does not start.
#[must_use]
pub fn mitmproxy(number: u8, trusted: &Path, options: &[&str]) -> Peer {
    let place = Place::numbered(number);
    let trusted = place.write("trusted.pem", &fs::read_to_string(trusted).unwrap());
    let mut command = Command::new(mitmdump());
    command
        .arg("--listen-host")
        .arg(place.entry.to_string())
        .arg("--listen-port")
        .arg(place.port.to_string());
    let set = |option: &str| ["--set".to_owned(), option.to_owned()];
    command.args(set(&format!("confdir={}", place.folder.path().display())));
    command.args(set(&format!("ssl_verify_upstream_trusted_ca={}", trusted.display())));
    command.args(options);
    // Python looks for nothing of the user's.
    command.env("HOME", place.folder.path()).env("PYTHONNOUSERSITE", "1");
    let mut peer = place.start(command);
    peer.exit = IpAddr::V4(Ipv4Addr::LOCALHOST);
    peer
}

/// The program of mitmproxy as `.ci/deps test` installs it: in the folder of the build, whatever its version is.
fn mitmdump() -> PathBuf {
    // `target/debug/deps/TEST-HASH`.
    let test = std::env::current_exe().unwrap();
    let tools = test.ancestors().nth(3).unwrap().join("tools");
    let folders = fs::read_dir(&tools).into_iter().flatten().flatten().map(|entry| entry.path());
    let found = folders.map(|folder| folder.join("bin/mitmdump")).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "there is no mitmproxy in {}: run `.ci/deps test`, or `make test`, which does",
            tools.display()
        )
    })
}
