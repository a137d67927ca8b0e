//! The reader against lists as they are found in the world, each with the exact set that a strict reader finds in it.
//!
//! The lists are other people's and no part of the project: they are read where `PROXYDECK_REAL_DATA` points, and
//! without it these tests say that they were skipped. Nothing here resolves or dials what it reads.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what is wrong by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use proxydeck_domain::{Host, Protocol};
use proxydeck_reader::{Candidate, Options, Refusal, Sink, Totals, protocol_in_name, read};

/// Pages whose ports a script shows that they refer to, and where it lies among the data. Whoever fetches such a page
/// hears that it wants the script, fetches it too and reads the page with it.
const COMPANIONS: &[(&str, &str)] = &[(
    "html/pgaref__HTTP_Request_Randomizer__prem_mock.html",
    "html/pgaref__HTTP_Request_Randomizer__prem_js_mock.html",
)];

/// Where the data lies, or none with a word about it.
fn real_data() -> Option<PathBuf> {
    let folder = std::env::var_os("PROXYDECK_REAL_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: PROXYDECK_REAL_DATA does not say where the real lists are");
    }
    folder
}

#[derive(Default)]
struct Collected {
    candidates: Vec<Candidate>,
    refusals: Vec<Refusal>,
    wanted: Vec<String>,
}

impl Sink for Collected {
    fn candidate(&mut self, candidate: Candidate) {
        self.candidates.push(candidate);
    }

    fn refusal(&mut self, refusal: Refusal) {
        self.refusals.push(refusal);
    }

    fn wants(&mut self, address: &str) {
        self.wanted.push(address.to_owned());
    }
}

fn collect(bytes: &[u8], options: &Options) -> (Collected, Totals) {
    let mut collected = Collected::default();
    let totals = read(bytes, options, &mut collected);
    (collected, totals)
}

/// A proxy as the expected sets have it: protocol, host, port, user, password.
type Row = (String, String, u16, String, String);

fn rows(candidates: &[Candidate]) -> BTreeSet<Row> {
    candidates
        .iter()
        .map(|c| {
            let protocol = c.stated.map_or("unknown", Protocol::as_str);
            let (user, password) =
                c.proxy.account.as_ref().map_or(("", ""), |a| (a.user.as_str(), a.secret.expose()));
            let endpoint = &c.proxy.endpoint;
            (
                protocol.to_owned(),
                endpoint.host().to_string(),
                endpoint.port(),
                user.to_owned(),
                password.to_owned(),
            )
        })
        .collect()
}

/// The expected rows of the classes that are asked for.
fn expected(folder: &Path, file: &str, classes: &[&str]) -> BTreeSet<Row> {
    let path = folder.join("expected").join(format!("{file}.tsv.gz"));
    let Ok(packed) = fs::read(&path) else { return BTreeSet::new() };
    let mut text = String::new();
    GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    text.lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|fields| fields.get(3).is_some_and(|class| classes.contains(class)))
        .map(|fields| {
            let field = |index: usize| (*fields.get(index).unwrap_or(&"")).to_owned();
            let host = Host::parse(&field(1)).map_or_else(|_| field(1), |host| host.to_string());
            (field(0), host, field(2).parse().unwrap(), field(4), field(5))
        })
        .collect()
}

/// The publisher of some lists says elsewhere what they hold. Where neither the lines nor the name tell it, nothing
/// can be said about the protocol, and the endpoints alone are compared.
fn without_untold_protocol(read: &BTreeSet<Row>, expected: BTreeSet<Row>) -> BTreeSet<Row> {
    let is_untold = read.iter().all(|row| row.0 == "unknown");
    let kinds: BTreeSet<&str> = expected.iter().map(|row| row.0.as_str()).collect();
    if !is_untold || kinds.len() != 1 {
        return expected;
    }
    expected.into_iter().map(|row| ("unknown".to_owned(), row.1, row.2, row.3, row.4)).collect()
}

fn without_accounts(rows: BTreeSet<Row>) -> BTreeSet<Row> {
    rows.into_iter().map(|row| (row.0, row.1, row.2, String::new(), String::new())).collect()
}

/// The first few rows of a difference, for the message of a failure.
fn some(rows: &BTreeSet<Row>, but: &BTreeSet<Row>) -> String {
    let missing: Vec<_> = rows.difference(but).collect();
    format!("{} such as {:?}", missing.len(), &missing[..missing.len().min(5)])
}

/// How a file is read: the name says what its lines may not, and what it refers to was fetched.
fn options_for(folder: &Path, file: &str, allow_private: bool) -> Options {
    let companions = COMPANIONS
        .iter()
        .filter(|(page, _)| *page == file)
        .map(|(_, script)| fs::read_to_string(folder.join(script)).unwrap())
        .collect();
    Options { hint: protocol_in_name(file), allow_private, companions, ..Options::default() }
}

#[test]
fn every_file_is_read_exactly() {
    let Some(folder) = real_data() else { return };
    let summary = fs::read_to_string(folder.join("expected/summary.tsv")).unwrap();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for line in summary.lines().skip(1) {
        let mut fields = line.split('\t');
        let (file, format) = (fields.next().unwrap(), fields.next().unwrap());
        let bytes = fs::read(folder.join(file)).unwrap();
        for (allow_private, classes) in
            [(false, &["public", "hostname"][..]), (true, &["public", "hostname", "nonpublic"][..])]
        {
            let options = options_for(&folder, file, allow_private);
            let read = rows(&collect(&bytes, &options).0.candidates);
            let expected = without_untold_protocol(&read, expected(&folder, file, classes));
            // Some expected sets leave the accounts out.
            let read =
                if expected.iter().all(|row| row.3.is_empty()) { without_accounts(read) } else { read };
            compared += 1;
            if read != expected {
                wrong.push(format!(
                    "{file} ({format}, private {allow_private}): too many {}; missing {}",
                    some(&read, &expected),
                    some(&expected, &read)
                ));
            }
        }
    }
    assert!(
        compared >= 200,
        "only {compared} comparisons were made: the data is not what this test was made for"
    );
    assert!(wrong.is_empty(), "not exact:\n{}", wrong.join("\n"));
}

#[test]
fn a_page_that_hides_its_ports_elsewhere_says_so() {
    let Some(folder) = real_data() else { return };
    for (page, _) in COMPANIONS {
        let bytes = fs::read(folder.join(page)).unwrap();
        let (collected, _) = collect(&bytes, &Options::default());
        assert!(collected.candidates.is_empty(), "{page}: without its script nothing is known");
        assert!(!collected.wanted.is_empty(), "{page}: and the script is asked for");
    }
}

#[test]
fn lists_of_other_things_yield_nothing_and_say_so() {
    let Some(folder) = real_data() else { return };
    for entry in fs::read_dir(folder.join("negative")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let (collected, totals) = collect(&bytes, &Options { allow_private: true, ..Options::default() });
        assert!(
            collected.candidates.is_empty(),
            "{}: {:?} is no proxy",
            path.display(),
            collected.candidates.first()
        );
        let filled = bytes.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        assert_eq!(
            u64::try_from(filled).unwrap(),
            totals.refusals,
            "{}: every line is refused, none is dropped in silence",
            path.display()
        );
    }
}

/// An expected reading: scheme, host, port, user, password.
type Shape = (Option<String>, String, u16, Option<String>, Option<String>);

/// The policy lines of the shapes that Proxydeck reads otherwise than the project they come from, and why.
const OUR_POLICY: &[(&str, &str)] = &[
    ("o17", "a host name without a dot is refused"),
    ("o18", "a letter is glued to the port"),
    ("o25", "a missing port is not made up"),
    ("o30", "a host name without a dot is refused"),
];

#[test]
fn single_lines_are_read_as_expected() {
    let Some(folder) = real_data() else { return };
    let shapes = fs::read_to_string(folder.join("user/shapes_open.tsv")).unwrap();
    let mut wrong = Vec::new();
    for line in shapes.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (id, verdict) = (fields[0], fields[3]);
        let input: String = serde_json::from_str(fields[1]).unwrap();
        let expected: Vec<Shape> = serde_json::from_str(fields[2]).unwrap();
        let expected: BTreeSet<Row> = expected
            .into_iter()
            .map(|(scheme, host, port, user, password)| {
                let protocol =
                    scheme.as_deref().map_or("unknown", |s| Protocol::from_label(s).unwrap().as_str());
                let host = Host::parse(&host).map_or(host, |host| host.to_string());
                (protocol.to_owned(), host, port, user.unwrap_or_default(), password.unwrap_or_default())
            })
            .collect();
        let (collected, totals) =
            collect(input.as_bytes(), &Options { allow_private: true, ..Options::default() });
        let read = rows(&collected.candidates);
        assert!(totals.candidates + totals.refusals > 0, "{id}: a line is never dropped in silence");
        let policy = OUR_POLICY.iter().find(|(line, _)| *line == id);
        match policy {
            Some((_, why)) => {
                assert_eq!(verdict, "policy", "{id}: only a policy line may be read otherwise");
                assert!(read.is_empty(), "{id}: {why}");
            }
            None if read != expected => {
                wrong.push(format!("{id} ({verdict}) {input:?}: {read:?}, not {expected:?}"));
            }
            None => {}
        }
    }
    assert!(wrong.is_empty(), "read otherwise:\n{}", wrong.join("\n"));
}
