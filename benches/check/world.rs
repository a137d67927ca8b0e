//! The lab as a process of its own, and lists that need none.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// Where the endpoints begin that refuse without a lab: below the blocks that labs claim.
const CLOSED_FROM: u32 = Ipv4Addr::new(127, 1, 0, 0).to_bits();
/// The port of the discard service, which no machine has served for decades.
const CLOSED_PORT: u16 = 9;

/// A running lab and its files. Ends with it.
pub(crate) struct World {
    lab: Child,
    /// The lab ends when this is closed, whatever becomes of us.
    stdin: Option<ChildStdin>,
    /// Its proxies as bare endpoints: neither scheme nor account.
    pub(crate) list: PathBuf,
    /// The certificate of the judges' authority.
    pub(crate) ca: PathBuf,
    /// The plain judge.
    pub(crate) judge: String,
    /// The judge over TLS.
    pub(crate) tls_judge: String,
    truth: PathBuf,
}

impl World {
    /// Starts the lab with these arguments; all listens when this returns.
    pub(crate) fn start(lab: &Path, arguments: &[&str], folder: &Path) -> Result<Self, Box<dyn Error>> {
        let file = |name: &str| folder.join(name);
        let (listed, judges) = (file("listed.txt"), file("judges.txt"));
        let (list, ca, truth) = (file("list.txt"), file("ca.pem"), file("truth.jsonl"));
        let mut lab = Command::new(lab)
            .arg("serve")
            .args(arguments)
            .args(["--until-stdin-ends".as_ref(), "--list".as_ref(), listed.as_os_str()])
            .args(["--judge-file".as_ref(), judges.as_os_str()])
            .args(["--ca".as_ref(), ca.as_os_str(), "--truth".as_ref(), truth.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}; `make bench` builds it", lab.display()))?;
        let stdin = lab.stdin.take();
        let mut ready = String::new();
        if let Some(stdout) = lab.stdout.take() {
            BufReader::new(stdout).read_line(&mut ready)?;
        }
        if ready.trim() != "ready" {
            lab.wait()?;
            return Err("the lab did not start".into());
        }
        let mut bare = BufWriter::new(File::create(&list)?);
        for line in BufReader::new(File::open(listed)?).lines() {
            writeln!(bare, "{}", endpoint(&line?)?)?;
        }
        bare.flush()?;
        let judges = std::fs::read_to_string(judges)?;
        let judge = |scheme: &str| {
            let own = judges.lines().find(|url| url.starts_with(scheme) && url.contains("/proxydeck"));
            own.map(str::to_owned).ok_or("the lab has no such judge")
        };
        let (plain, tls) = (judge("http://")?, judge("https://")?);
        Ok(Self { lab, stdin, list, ca, judge: plain, tls_judge: tls, truth })
    }

    /// How many of its proxies have a fault, by the name that the lab's truth has for it.
    pub(crate) fn with_fault(&self, name: &str) -> io::Result<u32> {
        let fault = format!("\"fault\":\"{name}");
        let mut count = 0;
        for line in BufReader::new(File::open(&self.truth)?).lines() {
            count += u32::from(line?.contains(&fault));
        }
        Ok(count)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // Nothing can be done about a lab that is gone already.
        let _ = self.lab.wait();
    }
}

/// The endpoint in a line of the lab's list: `scheme://user:secret@endpoint` or `endpoint:user:secret`.
fn endpoint(line: &str) -> Result<SocketAddr, Box<dyn Error>> {
    let rest = line.rsplit(['@', '/']).next().unwrap_or(line);
    let mut parts = rest.split(':');
    let (Some(ip), Some(port)) = (parts.next(), parts.next()) else {
        return Err(format!("the lab lists {line:?}, which is no proxy").into());
    };
    Ok(SocketAddr::new(ip.parse()?, port.parse()?))
}

/// Writes a list of so many distinct endpoints that all refuse.
pub(crate) fn closed_list(path: &Path, count: u32) -> io::Result<()> {
    let mut list = BufWriter::new(File::create(path)?);
    for number in 0..count {
        writeln!(list, "{}:{CLOSED_PORT}", Ipv4Addr::from_bits(CLOSED_FROM + number))?;
    }
    list.flush()
}
