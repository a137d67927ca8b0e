//! Small databases in MaxMind's format, written from its description: so that what reads one is tested with something
//! that it did not write.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};

/// What stands before the description of a database.
const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
/// Zeros between the tree and the data.
const SEPARATOR: u32 = 16;

/// Numbers of the description that have 16 bits.
const SHORT: [&str; 4] =
    ["binary_format_major_version", "binary_format_minor_version", "ip_version", "record_size"];

/// A branch of the tree: for each bit where to go on.
#[derive(Clone, Copy)]
enum Branch {
    Nothing,
    Node(usize),
    /// The place in the data.
    Data(u32),
}

/// A database of networks of version 4, each with what is said of it. `kind` is what the database calls itself.
///
/// # Panics
/// When a network lies within another.
#[must_use]
pub fn database(kind: &str, networks: &[(Ipv4Addr, u8, Value)]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut tree = vec![[Branch::Nothing; 2]];
    for (address, length, value) in networks {
        let place = u32::try_from(data.len()).unwrap();
        encode(value, &mut data);
        let mut node = 0;
        for bit in 0..*length {
            let side = usize::from(address.to_bits() >> (31 - bit) & 1 == 1);
            if bit + 1 == *length {
                assert!(matches!(tree[node][side], Branch::Nothing), "{address} has a value already");
                tree[node][side] = Branch::Data(place);
                break;
            }
            node = match tree[node][side] {
                Branch::Node(next) => next,
                Branch::Data(_) => panic!("{address} lies within another network"),
                Branch::Nothing => {
                    tree.push([Branch::Nothing; 2]);
                    let next = tree.len() - 1;
                    tree[node][side] = Branch::Node(next);
                    next
                }
            };
        }
    }
    let nodes = u32::try_from(tree.len()).unwrap();
    let mut file = Vec::new();
    for branch in tree.iter().flatten() {
        let number = match branch {
            Branch::Nothing => nodes,
            Branch::Node(node) => u32::try_from(*node).unwrap(),
            Branch::Data(place) => nodes + SEPARATOR + place,
        };
        file.extend(number.to_be_bytes());
    }
    file.extend([0; SEPARATOR as usize]);
    file.extend(data);
    file.extend(MARKER);
    encode(
        &json!({
            "node_count": nodes,
            "record_size": 32,
            "ip_version": 4,
            "database_type": kind,
            "languages": ["en"],
            "binary_format_major_version": 2,
            "binary_format_minor_version": 0,
            "build_epoch": 1_780_000_000,
            "description": { "en": "made up by a test" },
        }),
        &mut file,
    );
    file
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            head(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Number(number) => {
            let number = u32::try_from(number.as_u64().unwrap()).unwrap();
            head(6, 4, out);
            out.extend(number.to_be_bytes());
        }
        Value::Object(map) => entries(map, out),
        Value::Array(values) => {
            head(11, values.len(), out);
            values.iter().for_each(|value| encode(value, out));
        }
        Value::Null | Value::Bool(_) => panic!("{value} does not occur"),
    }
}

fn entries(map: &Map<String, Value>, out: &mut Vec<u8>) {
    head(7, map.len(), out);
    for (name, value) in map {
        encode(&Value::String(name.clone()), out);
        // In the description each number has its own width; elsewhere all have 32 bits.
        match (name.as_str(), value.as_u64()) {
            ("build_epoch", Some(number)) => {
                head(9, 8, out);
                out.extend(number.to_be_bytes());
            }
            (name, Some(number)) if SHORT.contains(&name) => {
                head(5, 2, out);
                out.extend(u16::try_from(number).unwrap().to_be_bytes());
            }
            _ => encode(value, out),
        }
    }
}

/// The control byte, or bytes: a kind and a size below 29 + 256.
fn head(kind: u8, size: usize, out: &mut Vec<u8>) {
    let short = u8::try_from(size.min(29)).unwrap();
    match kind {
        0..=7 => out.push(kind << 5 | short),
        // The kinds above 7 stand in a byte of their own.
        _ => out.extend([short, kind - 7]),
    }
    if size >= 29 {
        out.push(u8::try_from(size - 29).unwrap());
    }
}
