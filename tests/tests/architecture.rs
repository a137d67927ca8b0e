//! Who may know whom: reads the manifests, the sources and the interface, and fails on a breach of what
//! ARCHITECTURE.md draws.
//!
//! The checkers are functions from text to breaches. The last part of the file feeds them made-up breaches, so that a
//! checker that has gone blind is noticed too. What is never here: rules of style, which the lints have.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

// The rules.

/// What one crate of the house may know.
struct Place {
    /// Its name without the prefix `proxydeck-`.
    name: &'static str,
    /// The folder of its sources, from the root of the repository.
    sources: &'static str,
    /// The crates of the house that it may name, without their prefix.
    knows: &'static [&'static str],
    /// For a pure crate: everything else that it may depend on.
    pure: Option<&'static [&'static str]>,
}

/// Every crate of the house but two: `tests`, which may know all of them and drives what the others keep apart, and
/// `benches`, which knows none and measures the programs from outside.
const HOUSE: &[Place] = &[
    Place {
        name: "domain",
        sources: "src-tauri/domain/src",
        knows: &[],
        pure: Some(&["idna", "secrecy", "serde"]),
    },
    Place {
        name: "reader",
        sources: "src-tauri/reader/src",
        knows: &["domain"],
        pure: Some(&[
            "base64",
            "chardetng",
            "csv-core",
            "ego-tree",
            "encoding_rs",
            "html5ever",
            "memchr",
            "percent-encoding",
            "quick-xml",
            "scraper",
            "serde",
            "serde-saphyr",
            "serde_json",
            "serde_json_path",
        ]),
    },
    Place { name: "store", sources: "src-tauri/store/src", knows: &["domain"], pure: None },
    Place { name: "vault", sources: "src-tauri/vault/src", knows: &["domain"], pure: None },
    Place {
        name: "geo",
        sources: "src-tauri/geo/src",
        knows: &[],
        // maxminddb can read files by itself, and is given bytes here.
        pure: Some(&["maxminddb", "thiserror"]),
    },
    Place { name: "wire", sources: "src-tauri/wire/src", knows: &["domain"], pure: None },
    Place {
        name: "charts",
        sources: "src-tauri/charts/src",
        knows: &[],
        pure: Some(&["plotters", "resvg", "thiserror"]),
    },
    Place {
        name: "engine",
        sources: "src-tauri/engine/src",
        knows: &["charts", "domain", "geo", "reader", "store", "vault", "wire"],
        pure: None,
    },
    Place { name: "cli", sources: "src-tauri/cli/src", knows: &["engine"], pure: None },
    Place { name: "desktop", sources: "src-tauri/shell", knows: &["engine"], pure: None },
];

/// Surfaces: they reach the engine through its one door.
const SURFACES: &[&str] = &["cli", "desktop"];

/// Crates of others that one crate of the house keeps to itself. A name that ends in `*` stands for a family.
const KEPT: &[(&str, &str)] = &[
    ("rusqlite", "store"),
    ("rusqlite_migration", "store"),
    ("chacha20poly1305", "vault"),
    ("keyring", "vault"),
    ("maxminddb", "geo"),
    ("httparse", "wire"),
    ("socket2", "wire"),
    ("tokio-rustls", "wire"),
    ("tokio-socks", "wire"),
    ("webpki-roots", "wire"),
    ("x509-parser", "wire"),
    ("hyper", "wire"),
    ("reqwest", "wire"),
    ("backon", "wire"),
    ("brotli-decompressor", "wire"),
    ("flate2", "wire"),
    ("httpdate", "wire"),
    ("zstd", "wire"),
    ("plotters*", "charts"),
    ("resvg", "charts"),
    ("clap", "cli"),
    ("indicatif", "cli"),
    ("tauri*", "desktop"),
];

/// A part of a path in Rust that a source may not name.
enum Ban {
    /// The path, or anything below it.
    Under(&'static str),
    /// Any path that has this segment.
    Segment(&'static str),
    /// Any path that ends so.
    End(&'static str),
}

impl Ban {
    fn meets(&self, path: &str) -> bool {
        match self {
            Self::Under(start) => {
                path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            }
            Self::Segment(segment) => path.split("::").any(|part| part == *segment),
            Self::End(end) => {
                path.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with("::"))
            }
        }
    }
}

/// Dialling out is the business of `wire` alone.
const DIALLING: &[Ban] = &[
    Ban::Segment("TcpStream"),
    Ban::Segment("TcpSocket"),
    Ban::Segment("UdpSocket"),
    Ban::Segment("ClientConfig"),
    Ban::Segment("ClientConnection"),
    Ban::Under("socket2"),
    Ban::Under("tokio_rustls"),
];

/// What a pure crate may not touch: the world, the clock, chance, and other threads.
const IMPURE: &[Ban] = &[
    Ban::Under("tokio"),
    Ban::Under("std::fs"),
    Ban::Under("std::process"),
    Ban::Under("std::env"),
    Ban::Under("std::thread"),
    Ban::Under("std::os"),
    Ban::Segment("TcpListener"),
    Ban::Segment("ToSocketAddrs"),
    Ban::Segment("stdin"),
    Ban::Segment("stdout"),
    Ban::Segment("stderr"),
    Ban::End("SystemTime::now"),
    Ban::End("Instant::now"),
    Ban::End("Utc::now"),
    Ban::End("Local::now"),
    Ban::Under("rand"),
];

// Manifests.

/// What a manifest depends on by name, with the names that the root manifest gives to renamed packages resolved.
fn dependencies(manifest: &toml::Table, root: &toml::Table, kinds: &[&str]) -> BTreeSet<String> {
    let shared = root.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let mut found = BTreeSet::new();
    let mut take = |table: Option<&toml::Value>| {
        for (name, given) in table.and_then(toml::Value::as_table).into_iter().flatten() {
            let inherited = given.get("workspace").and_then(toml::Value::as_bool) == Some(true);
            let said = if inherited { shared.and_then(|shared| shared.get(name)) } else { Some(given) };
            let package = said.and_then(|said| said.get("package")).and_then(toml::Value::as_str);
            found.insert(package.unwrap_or(name).to_owned());
        }
    };
    for kind in kinds {
        take(manifest.get(*kind));
        for (_, target) in manifest.get("target").and_then(toml::Value::as_table).into_iter().flatten() {
            take(target.get(*kind));
        }
    }
    found
}

fn same_crate(pattern: &str, name: &str) -> bool {
    let name = name.replace('_', "-");
    let pattern = pattern.replace('_', "-");
    match pattern.strip_suffix('*') {
        Some(family) => name == family || name.strip_prefix(family).is_some_and(|rest| rest.starts_with('-')),
        None => name == pattern,
    }
}

fn breaches_in_manifest(place: &Place, manifest: &toml::Table, root: &toml::Table) -> Vec<String> {
    let mut breaches = Vec::new();
    // What only the tests of a crate use is never linked into the product, but the house is one house for them too.
    for name in dependencies(manifest, root, &["dependencies", "build-dependencies", "dev-dependencies"]) {
        if let Some(other) = name.strip_prefix("proxydeck-")
            && other != place.name
            && !place.knows.contains(&other)
        {
            breaches.push(format!("{} may not know {other}", place.name));
        }
    }
    for name in dependencies(manifest, root, &["dependencies", "build-dependencies"]) {
        if name.starts_with("proxydeck-") {
            continue;
        }
        for (kept, owner) in KEPT {
            if same_crate(kept, &name) && *owner != place.name {
                breaches.push(format!("{} depends on {name}, which only {owner} may", place.name));
            }
        }
        if let Some(pure) = place.pure
            && !pure.contains(&name.as_str())
        {
            breaches.push(format!(
                "{} is pure and grew a dependency, {name}: if it does no IO, reads no clock and spawns nothing, name \
                 it in this test",
                place.name
            ));
        }
    }
    if manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool)
        != Some(true)
    {
        breaches.push(format!("{} does not take the lints of the workspace", place.name));
    }
    breaches
}

// Rust sources.

/// One piece of a Rust source: a word, a double colon, an opening or closing brace, or another sign.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Word(String),
    Colons,
    Open,
    Close,
    Sign(char),
}

/// The pieces of a source with their lines. Comments and literals are no pieces, and what is compiled for the unit
/// tests only is left out.
fn pieces(source: TokenStream) -> Vec<(usize, Piece)> {
    let mut out = Vec::new();
    collect(source, &mut out);
    out
}

fn collect(source: TokenStream, out: &mut Vec<(usize, Piece)>) {
    let trees: Vec<TokenTree> = source.into_iter().collect();
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        let line = tree.span().start().line;
        at += 1;
        match tree {
            TokenTree::Ident(word) => out.push((line, Piece::Word(word.to_string()))),
            TokenTree::Literal(_) => out.push((line, Piece::Sign('"'))),
            TokenTree::Punct(sign) if sign.as_char() == ':' && is_colon(trees.get(at)) => {
                at += 1;
                out.push((line, Piece::Colons));
            }
            TokenTree::Punct(sign) if sign.as_char() == '#' && is_for_tests(trees.get(at)) => {
                at += 1;
                // Other attributes and the item up to its body or its semicolon.
                while let Some(next) = trees.get(at) {
                    at += 1;
                    let ends = match next {
                        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                        TokenTree::Punct(sign) => sign.as_char() == ';',
                        _ => false,
                    };
                    if ends {
                        break;
                    }
                }
            }
            TokenTree::Punct(sign) => out.push((line, Piece::Sign(sign.as_char()))),
            TokenTree::Group(group) => {
                let brace = group.delimiter() == Delimiter::Brace;
                out.push((line, if brace { Piece::Open } else { Piece::Sign('(') }));
                collect(group.stream(), out);
                out.push((
                    group.span_close().start().line,
                    if brace { Piece::Close } else { Piece::Sign(')') },
                ));
            }
        }
    }
}

fn is_colon(tree: Option<&TokenTree>) -> bool {
    matches!(tree, Some(TokenTree::Punct(sign)) if sign.as_char() == ':')
}

fn is_for_tests(tree: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(group)) = tree else { return false };
    let said: String = group.stream().to_string().split_whitespace().collect();
    group.delimiter() == Delimiter::Bracket && said == "cfg(test)"
}

/// Every path that a source names, with its line: imports spelled out, and paths in the text with their first segment
/// replaced by what was imported under that name.
fn paths(pieces: &[(usize, Piece)]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut in_import = vec![false; pieces.len()];

    let mut at = 0;
    while at < pieces.len() {
        // `use<..>` in a type captures lifetimes and imports nothing.
        let import = pieces[at].1 == Piece::Word("use".to_owned())
            && !matches!(pieces.get(at + 1), None | Some((_, Piece::Sign('<'))));
        if import {
            let start = at;
            at += 1;
            imports(pieces, &mut at, "", &mut found, &mut known);
            in_import[start..at.min(pieces.len())].fill(true);
        } else {
            at += 1;
        }
    }

    let mut at = 0;
    while at < pieces.len() {
        let (line, Piece::Word(first)) = &pieces[at] else {
            at += 1;
            continue;
        };
        let continues =
            at > 1 && pieces[at - 1].1 == Piece::Colons && matches!(pieces[at - 2].1, Piece::Word(_));
        if in_import[at] || continues {
            at += 1;
            continue;
        }
        let mut path = known.get(first).unwrap_or(first).clone();
        let mut segments = 1;
        at += 1;
        while let (Some((_, Piece::Colons)), Some((_, Piece::Word(next)))) =
            (pieces.get(at), pieces.get(at + 1))
        {
            path.push_str("::");
            path.push_str(next);
            segments += 1;
            at += 2;
        }
        if segments > 1 {
            found.push((*line, path));
        }
    }
    found
}

/// Reads one tree of an import from `at` on, and leaves `at` behind it.
fn imports(
    pieces: &[(usize, Piece)],
    at: &mut usize,
    above: &str,
    found: &mut Vec<(usize, String)>,
    known: &mut BTreeMap<String, String>,
) {
    let mut path = above.to_owned();
    let mut last = String::new();
    while let Some((line, piece)) = pieces.get(*at) {
        *at += 1;
        match piece {
            Piece::Colons => {}
            Piece::Word(word) if word == "as" => {
                if let Some((_, Piece::Word(alias))) = pieces.get(*at) {
                    last.clone_from(alias);
                    *at += 1;
                }
            }
            Piece::Word(word) => {
                // `self` in braces names what stands before them.
                if word != "self" || path.is_empty() {
                    if !path.is_empty() {
                        path.push_str("::");
                    }
                    path.push_str(word);
                    last.clone_from(word);
                } else if let Some(name) = path.rsplit("::").next() {
                    last = name.to_owned();
                }
            }
            Piece::Open => {
                while let Some((_, next)) = pieces.get(*at) {
                    if *next == Piece::Close {
                        *at += 1;
                        break;
                    }
                    imports(pieces, at, &path, found, known);
                }
                last.clear();
            }
            Piece::Sign(',' | ';') => {
                name_import(*line, &path, &last, found, known);
                return;
            }
            Piece::Close => {
                *at -= 1;
                name_import(*line, &path, &last, found, known);
                return;
            }
            Piece::Sign(_) => {
                // A star imports no single name, but the path before it counts.
                found.push((*line, path.clone()));
                last.clear();
            }
        }
    }
}

fn name_import(
    line: usize,
    path: &str,
    last: &str,
    found: &mut Vec<(usize, String)>,
    known: &mut BTreeMap<String, String>,
) {
    if !last.is_empty() {
        found.push((line, path.to_owned()));
        known.insert(last.to_owned(), path.to_owned());
    }
}

/// Lines with a `static` item that holds state: what spawns or keeps must be owned by somebody.
fn global_state(pieces: &[(usize, Piece)]) -> Vec<usize> {
    const STATE: &[&str] = &["Mutex", "RwLock", "OnceLock", "OnceCell", "RefCell", "Cell"];
    let mut lines = Vec::new();
    for (at, (line, piece)) in pieces.iter().enumerate() {
        let lifetime = at > 0 && pieces[at - 1].1 == Piece::Sign('\'');
        if *piece != Piece::Word("static".to_owned()) || lifetime {
            continue;
        }
        let declared = pieces[at..].iter().take_while(|(_, piece)| !matches!(piece, Piece::Sign('=' | ';')));
        let mut words = declared.filter_map(|(_, piece)| match piece {
            Piece::Word(word) => Some(word.as_str()),
            _ => None,
        });
        if words.any(|word| word == "mut" || word.starts_with("Atomic") || STATE.contains(&word)) {
            lines.push(*line);
        }
    }
    lines
}

fn breaches_in_rust(place: &Place, file: &str, source: &str) -> Vec<String> {
    let stream: TokenStream = match source.parse() {
        Ok(stream) => stream,
        Err(error) => return vec![format!("{file}: cannot be read as Rust: {error}")],
    };
    let pieces = pieces(stream);
    let mut breaches = BTreeSet::new();
    for (line, path) in paths(&pieces) {
        let mut breach = |why: &str| {
            breaches.insert(format!("{file}:{line}: `{path}`: {why}"));
        };
        if place.name != "wire" && DIALLING.iter().any(|ban| ban.meets(&path)) {
            breach("only wire dials out");
        }
        if place.pure.is_some() && IMPURE.iter().any(|ban| ban.meets(&path)) {
            breach("this crate is pure: no IO, no clock, no chance, no threads");
        }
        for (kept, owner) in KEPT {
            let first = path.split("::").next().unwrap_or_default();
            if same_crate(kept, first) && *owner != place.name {
                breach(&format!("only {owner} knows it"));
            }
        }
        if SURFACES.contains(&place.name)
            && let Some(rest) = path.strip_prefix("proxydeck_engine")
            && !(rest.is_empty() || rest == "::api" || rest.starts_with("::api::"))
        {
            breach("engine::api is the only door for a surface");
        }
    }
    for line in global_state(&pieces) {
        breaches.insert(format!("{file}:{line}: a static with state; give it an owner"));
    }
    breaches.into_iter().collect()
}

// The interface.

fn breaches_in_interface(file: &str, source: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let tests = file.contains(".test.");
    let host = file.starts_with("src/host/");
    let page = file.ends_with(".html");
    let code = file.ends_with(".ts") || file.ends_with(".js") || file.ends_with(".svelte");
    let styled = page || file.ends_with(".css") || file.ends_with(".svelte");

    if file.starts_with("src/bindings/") && !source.starts_with("// This file was generated") {
        breaches.push(format!("{file}: what crosses the border is generated, never typed by hand"));
    }
    for (number, line) in source.lines().enumerate() {
        let mut breach = |why: &str| breaches.push(format!("{file}:{}: {why}: {}", number + 1, line.trim()));
        if line.contains("@tauri-apps/") && file != "src/host/tauri.ts" && file != "src/host/tauri.test.ts" {
            breach("only src/host/tauri.ts knows Tauri");
        }
        if code && !tests {
            for sink in ["{@html", ".innerHTML", ".outerHTML", "insertAdjacentHTML", "document.write"] {
                if line.contains(sink) {
                    breach("no HTML is made of data");
                }
            }
            for network in ["fetch(", "new XMLHttpRequest", "new WebSocket", "new EventSource", "sendBeacon("]
            {
                if calls(line, network) && !host {
                    breach("the interface asks nobody but its host");
                }
            }
        }
        if code && (calls(line, "eval(") || calls(line, "new Function(")) {
            breach("no code is made of text");
        }
        if page {
            if line.contains("<script") && !line.contains("src=") {
                breach("no inline script");
            }
            if line.contains("<style") || line.contains("style=") {
                breach("no inline style");
            }
        }
        if styled && loads_from_elsewhere(line) {
            breach("nothing remote is loaded");
        }
    }
    breaches
}

/// Whether a line has `call` as a word of its own, not as the end of a longer name.
fn calls(line: &str, call: &str) -> bool {
    line.match_indices(call).any(|(at, _)| {
        !line[..at]
            .chars()
            .next_back()
            .is_some_and(|before| before.is_alphanumeric() || before == '_' || before == '$')
    })
}

/// Whether markup or a style sheet makes the browser load something from another host.
fn loads_from_elsewhere(line: &str) -> bool {
    ["src=", "href=", "url(", "@import"].iter().any(|loader| {
        line.match_indices(loader).any(|(at, _)| {
            let rest = line[at + loader.len()..].trim_start_matches(['"', '\'', '{', '`', ' ', '(']);
            let rest = rest.strip_prefix("url(").map_or(rest, |rest| rest.trim_start_matches(['"', '\'']));
            rest.starts_with("//") || rest.starts_with("http:") || rest.starts_with("https:")
        })
    })
}

fn breaches_in_window(conf: &serde_json::Value) -> Vec<String> {
    let mut breaches = Vec::new();
    if conf.pointer("/app/withGlobalTauri").and_then(serde_json::Value::as_bool) != Some(false) {
        breaches.push("withGlobalTauri puts the core's API where any script finds it".to_owned());
    }
    let csp = conf.pointer("/app/security/csp").and_then(serde_json::Value::as_str).unwrap_or_default();
    if !csp.split(';').any(|part| part.trim() == "default-src 'self'") {
        breaches.push("the CSP does not begin from default-src 'self'".to_owned());
    }
    for word in csp.split([' ', ';']) {
        let remote = word.contains("://") && word != "http://ipc.localhost";
        if remote || word.contains('*') || word.starts_with("'unsafe-") || word == "https:" || word == "http:"
        {
            breaches.push(format!("the CSP lets in {word}"));
        }
    }
    breaches
}

// The house as it stands.

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn manifest(path: &Path) -> toml::Table {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).parse().unwrap()
}

/// The files below a folder that have one of these endings, in order, with what they hold.
fn files(folder: &Path, endings: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            // A link could lead in circles, and none belongs here.
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)) {
                let source = fs::read_to_string(&path).unwrap();
                found.push((path, source));
            }
        }
    }
    found.sort();
    found
}

fn named(path: &Path, from: &Path) -> String {
    path.strip_prefix(from).unwrap().to_string_lossy().replace('\\', "/")
}

fn none(breaches: &[String]) {
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn every_crate_has_its_place() {
    let root = root();
    let members = manifest(&root.join("Cargo.toml"))["workspace"]["members"].clone();
    let members: BTreeSet<String> =
        members.as_array().unwrap().iter().map(|m| m.as_str().unwrap().to_owned()).collect();
    let mut known: BTreeSet<String> =
        HOUSE.iter().map(|place| place.sources.trim_end_matches("/src").to_owned()).collect();
    assert!(known.remove("src-tauri/shell"), "the shell is the root package, not a member");
    known.extend(["tests".to_owned(), "benches".to_owned()]);
    assert_eq!(
        members, known,
        "a crate needs its place among the rules of this test before it joins the workspace"
    );
}

#[test]
fn manifests_name_only_whom_their_crate_may_know() {
    let root = root();
    let shared = manifest(&root.join("Cargo.toml"));
    let breaches: Vec<String> = HOUSE
        .iter()
        .flat_map(|place| {
            let own = match place.name {
                "desktop" => shared.clone(),
                name => manifest(&root.join("src-tauri").join(name).join("Cargo.toml")),
            };
            breaches_in_manifest(place, &own, &shared)
        })
        .collect();
    none(&breaches);
}

#[test]
fn benchmarks_know_the_programs_and_no_crate() {
    let benches = manifest(&root().join("benches/Cargo.toml"));
    let all = dependencies(&benches, &toml::Table::new(), &["dependencies", "dev-dependencies"]);
    let breaches: Vec<String> = all
        .into_iter()
        .filter(|name| name.starts_with("proxydeck-"))
        .map(|name| format!("benches measures what people run, and may not know {name}"))
        .collect();
    none(&breaches);
}

#[test]
fn sources_name_only_what_their_crate_may_know() {
    let root = root();
    let mut breaches = Vec::new();
    for place in HOUSE {
        let sources = files(&root.join(place.sources), &["rs"]);
        assert!(!sources.is_empty(), "{} has no sources: this test looks in the wrong place", place.name);
        for (path, source) in sources {
            let file = named(&path, &root);
            // Unit tests in a file or a folder of their own.
            if file.ends_with("/tests.rs") || file.contains("/tests/") {
                continue;
            }
            breaches.extend(breaches_in_rust(place, &file, &source));
        }
    }
    none(&breaches);
}

#[test]
fn the_interface_knows_its_host_and_nobody_else() {
    let ui = root().join("ui");
    let mut sources = files(&ui.join("src"), &["ts", "js", "svelte", "css", "html"]);
    assert!(
        sources.iter().any(|(path, _)| path.ends_with("host/tauri.ts")),
        "the host seam is src/host/tauri.ts"
    );
    let page = ui.join("index.html");
    sources.push((page.clone(), fs::read_to_string(page).unwrap()));
    let breaches: Vec<String> =
        sources.iter().flat_map(|(path, source)| breaches_in_interface(&named(path, &ui), source)).collect();
    none(&breaches);
}

#[test]
fn the_window_lets_in_nothing_remote() {
    let conf = fs::read_to_string(root().join("tauri.conf.json")).unwrap();
    none(&breaches_in_window(&serde_json::from_str(&conf).unwrap()));
}

// Made-up breaches: each checker must see them, and must not see what is none.

fn place(name: &str) -> &'static Place {
    HOUSE.iter().find(|place| place.name == name).unwrap()
}

#[track_caller]
fn seen_in_manifest(name: &str, text: &str, breach: &str) {
    let shared: toml::Table =
        "[workspace.dependencies]\nhidden = { version = \"1\", package = \"rusqlite\" }".parse().unwrap();
    let found = breaches_in_manifest(place(name), &text.parse().unwrap(), &shared);
    assert!(found.iter().any(|said| said.contains(breach)), "expected {breach:?} among {found:?}");
}

#[track_caller]
fn seen_in_rust(name: &str, source: &str, breach: &str) {
    let found = breaches_in_rust(place(name), "made_up.rs", source);
    assert!(
        found.iter().any(|said| said.contains(breach)),
        "expected {breach:?} among {found:?} for {source}"
    );
}

#[track_caller]
fn clean_rust(name: &str, source: &str) {
    assert_eq!(breaches_in_rust(place(name), "made_up.rs", source), Vec::<String>::new(), "{source}");
}

#[track_caller]
fn seen_in_interface(file: &str, source: &str, breach: &str) {
    let found = breaches_in_interface(file, source);
    assert!(
        found.iter().any(|said| said.contains(breach)),
        "expected {breach:?} among {found:?} for {source}"
    );
}

#[track_caller]
fn clean_interface(file: &str, source: &str) {
    assert_eq!(breaches_in_interface(file, source), Vec::<String>::new(), "{source}");
}

#[test]
fn a_manifest_that_knows_too_much_is_seen() {
    seen_in_manifest("domain", "[dependencies]\ntokio = \"1\"", "is pure and grew a dependency, tokio");
    seen_in_manifest("store", "[dependencies]\nproxydeck-wire.workspace = true", "store may not know wire");
    seen_in_manifest(
        "wire",
        "[dev-dependencies]\nproxydeck-store.workspace = true",
        "wire may not know store",
    );
    seen_in_manifest("cli", "[dependencies]\nproxydeck-domain.workspace = true", "cli may not know domain");
    seen_in_manifest("engine", "[dependencies]\nrusqlite = \"1\"", "only store may");
    seen_in_manifest("engine", "[dependencies]\nhidden.workspace = true", "engine depends on rusqlite");
    seen_in_manifest("engine", "[target.'cfg(unix)'.dependencies]\nsocket2 = \"1\"", "only wire may");
    seen_in_manifest("cli", "[build-dependencies]\ntauri-build = \"2\"", "only desktop may");
    seen_in_manifest("vault", "[dependencies]\nkeyring = \"4\"", "does not take the lints");
}

#[test]
fn a_manifest_in_order_is_passed() {
    let text = "[dependencies]\nproxydeck-domain.workspace = true\nrusqlite.workspace = true\n[lints]\nworkspace = true";
    assert_eq!(
        breaches_in_manifest(place("store"), &text.parse().unwrap(), &toml::Table::new()),
        Vec::<String>::new()
    );
}

#[test]
fn a_source_that_reaches_too_far_is_seen() {
    seen_in_rust("domain", "use std::fs;", "this crate is pure");
    seen_in_rust("domain", "use std::{fmt, fs::{self, File}};", "`std::fs::File`");
    seen_in_rust("domain", "fn f() { let t = std::time::Instant::now(); }", "this crate is pure");
    seen_in_rust("domain", "use std::time::SystemTime as Clock; fn f() { Clock::now(); }", "SystemTime::now");
    seen_in_rust("domain", "use std::time::*; fn f() { Instant::now(); }", "Instant::now");
    seen_in_rust("domain", "fn f() { ::std::thread::spawn(|| {}); }", "std::thread::spawn");
    seen_in_rust("reader", "fn f() { println!(\"{}\", std::env::args().count()); }", "std::env::args");
    seen_in_rust(
        "engine",
        "use tokio::net; async fn f() { net::TcpStream::connect(a).await; }",
        "only wire dials out",
    );
    seen_in_rust("engine", "use rustls::{ClientConfig as C, RootCertStore};", "only wire dials out");
    seen_in_rust("engine", "fn f(c: &rusqlite::Connection) {}", "only store knows it");
    seen_in_rust("cli", "use tauri_plugin_dialog::DialogExt;", "only desktop knows it");
    seen_in_rust("desktop", "use proxydeck_engine::checking::Run;", "the only door");
    seen_in_rust("engine", "static SEEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());", "a static with state");
    seen_in_rust("engine", "fn f() { static N: std::sync::atomic::AtomicU64 = X; }", "a static with state");
    seen_in_rust("engine", "fn f() { let a = \"unclosed }", "cannot be read as Rust");
}

#[test]
fn a_breach_is_found_on_its_line() {
    let found =
        breaches_in_rust(place("domain"), "made_up.rs", "//! A file.\n\nuse std::fmt;\nuse std::fs;\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("made_up.rs:4:"), "{found:?}");
}

#[test]
fn a_source_in_order_is_passed() {
    clean_rust("domain", "//! Never std::fs.\n/* tokio::spawn */ const A: &str = \"std::fs::read\";");
    clean_rust(
        "domain",
        "use std::net::{IpAddr, Ipv4Addr}; use std::time::{Duration, Instant}; fn age(now: Instant) {}",
    );
    clean_rust(
        "domain",
        "#[cfg(test)]\n#[allow(x)]\nmod tests { use std::fs; fn f() { std::fs::read(a); } }",
    );
    clean_rust("domain", "#[cfg(test)]\nuse std::fs;\nfn f(rand: u8) -> u8 { rand }");
    clean_rust(
        "engine",
        "fn f() -> impl Iterator<Item = u8> + use<> { x } const B: &'static str = \"\"; static C: u8 = 1;",
    );
    clean_rust("wire", "use tokio::net::TcpStream; use rustls::ClientConfig;");
    clean_rust("cli", "use proxydeck_engine::api::{self, dto::RowDto}; use std::fs;");
}

#[test]
fn an_interface_that_reaches_too_far_is_seen() {
    seen_in_interface(
        "src/components/Table.svelte",
        "import { invoke } from \"@tauri-apps/api/core\";",
        "knows Tauri",
    );
    seen_in_interface("src/components/Table.svelte", "<td>{@html row.banner}</td>", "no HTML");
    seen_in_interface("src/lib/a.ts", "node.innerHTML = banner;", "no HTML");
    seen_in_interface("src/lib/a.ts", "const f = eval(text);", "no code");
    seen_in_interface("src/lib/a.ts", "const f = new Function(text);", "no code");
    seen_in_interface("src/lib/a.ts", "const page = await fetch(address);", "nobody but its host");
    seen_in_interface("src/bindings/RowDto.ts", "export type RowDto = {};", "generated");
    seen_in_interface("index.html", "<script>start()</script>", "no inline script");
    seen_in_interface("index.html", "<link href=\"https://fonts.example/inter.css\">", "nothing remote");
    seen_in_interface("src/app.css", "@import url('//fonts.example/inter.css');", "nothing remote");
    seen_in_interface("src/app.css", "src: url( \"http://fonts.example/inter.woff2\");", "nothing remote");
}

#[test]
fn an_interface_in_order_is_passed() {
    clean_interface("src/host/tauri.ts", "import { invoke } from \"@tauri-apps/api/core\";");
    clean_interface(
        "src/lib/a.ts",
        "// http://azenv.net/ is a judge\nrefetch(row); evaluate(x); this.prefetch(a);",
    );
    clean_interface(
        "src/bindings/RowDto.ts",
        "// This file was generated by ts-rs.\nexport type RowDto = {};",
    );
    clean_interface("index.html", "<script type=\"module\" src=\"/src/main.ts\"></script>");
    clean_interface(
        "src/app.css",
        "src: url(\"./inter.woff2\") format(\"woff2\"); /* https://rsms.me/inter */",
    );
}

#[test]
fn a_window_that_lets_in_too_much_is_seen() {
    let strict = serde_json::json!({ "app": { "withGlobalTauri": false, "security": {
        "csp": "default-src 'self'; connect-src 'self' ipc: http://ipc.localhost" } } });
    assert_eq!(breaches_in_window(&strict), Vec::<String>::new());
    for csp in [
        "",
        "default-src *",
        "default-src 'self'; script-src 'unsafe-eval'",
        "default-src 'self'; img-src https:",
        "default-src 'self'; font-src https://fonts.example",
    ] {
        let mut loose = strict.clone();
        loose["app"]["security"]["csp"] = csp.into();
        assert_ne!(breaches_in_window(&loose), Vec::<String>::new(), "{csp}");
    }
    let mut global = strict;
    global["app"]["withGlobalTauri"] = true.into();
    assert_ne!(breaches_in_window(&global), Vec::<String>::new(), "the global API is seen");
}
