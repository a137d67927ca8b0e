//! Lists of invented addresses, in the shapes that sources have, and a ready-made web of them. Pure: the same seed gives
//! the same lists.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::ops::Range;

/// First octets that are handed out whole, so that every address below looks public. Nobody ever dials one.
const FIRST_OCTETS: [u8; 24] =
    [5, 23, 31, 37, 41, 45, 46, 51, 58, 61, 77, 80, 85, 91, 95, 101, 103, 109, 116, 138, 159, 177, 188, 202];
/// Every other octet is one of 1 to 254.
const OCTETS: u64 = 254;
const ADDRESSES: u64 = FIRST_OCTETS.len() as u64 * OCTETS * OCTETS * OCTETS;
/// A prime that does not divide the number of addresses, so that its multiples visit each once and neighbours in a list
/// do not look like neighbours.
const STRIDE: u64 = 104_729;
/// The ports that lists mostly have.
const PORTS: [u16; 7] = [8080, 3128, 80, 1080, 8888, 4145, 999];
/// Of the entries of a source, every so manieth is one that the next source has too.
const SHARED: usize = 10;

/// The address with this number. Numbers below some 390 million give addresses that differ.
#[must_use]
pub fn invented(seed: u64, number: u64) -> SocketAddrV4 {
    let place = (seed % ADDRESSES + number % ADDRESSES * STRIDE) % ADDRESSES;
    let octet = |rest: u64| u8::try_from(rest % OCTETS + 1).unwrap_or(1);
    let first = FIRST_OCTETS[usize::try_from(place / (OCTETS * OCTETS * OCTETS)).unwrap_or_default()];
    let address = Ipv4Addr::new(first, octet(place / (OCTETS * OCTETS)), octet(place / OCTETS), octet(place));
    SocketAddrV4::new(address, PORTS[usize::try_from(place % PORTS.len() as u64).unwrap_or_default()])
}

/// The addresses of these numbers, one a line.
#[must_use]
pub fn text_list(seed: u64, numbers: Range<u64>) -> String {
    numbers.map(|number| format!("{}\n", invented(seed, number))).collect()
}

/// The shapes of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `address:port`, one a line.
    Text,
    /// With a header line.
    Csv,
    /// An array of objects.
    Json,
    /// A table in a page.
    Html,
}

impl Shape {
    const ALL: [Self; 4] = [Self::Text, Self::Csv, Self::Json, Self::Html];

    /// How the names of such files end.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Html => "html",
        }
    }

    /// The content type, as servers say it.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Csv => "text/csv",
            Self::Json => "application/json",
            Self::Html => "text/html; charset=UTF-8",
        }
    }

    /// These addresses in this shape.
    #[must_use]
    pub fn write(self, addresses: impl Iterator<Item = SocketAddrV4>) -> String {
        let (before, between, after) = match self {
            Self::Text => ("", "", ""),
            Self::Csv => ("ip,port,country\n", "", ""),
            Self::Json => ("[", ",\n", "]\n"),
            Self::Html => (
                "<!doctype html>\n<html><head><title>Free proxies</title></head><body>\n<table>\n\
                 <tr><th>IP Address</th><th>Port</th><th>Country</th></tr>\n",
                "",
                "</table>\n</body></html>\n",
            ),
        };
        let mut text = before.to_owned();
        for (place, at) in addresses.enumerate() {
            if place > 0 {
                text.push_str(between);
            }
            let (ip, port) = (at.ip(), at.port());
            let written = match self {
                Self::Text => writeln!(text, "{at}"),
                Self::Csv => writeln!(text, "{ip},{port},TW"),
                Self::Json => write!(text, "{{\"ip\":\"{ip}\",\"port\":{port},\"country\":\"TW\"}}"),
                Self::Html => writeln!(text, "<tr><td>{ip}</td><td>{port}</td><td>TW</td></tr>"),
            };
            // Writing to memory does not fail.
            debug_assert!(written.is_ok());
        }
        text.push_str(after);
        text
    }
}

/// One source of a ready-made web.
#[derive(Clone, Debug)]
pub struct ListedSource {
    /// The name of its file.
    pub name: String,
    /// What it is written in.
    pub shape: Shape,
    /// The file.
    pub text: String,
}

/// So many sources that have so many addresses together: each has its share, which only it has but for every tenth, and
/// every tenth of the next one's.
#[must_use]
pub fn sources(seed: u64, count: usize, addresses: usize) -> Vec<ListedSource> {
    let count = count.max(1);
    let share =
        |number: usize| (number * addresses / count) as u64..((number + 1) * addresses / count) as u64;
    let source = |number: usize| {
        let shape = Shape::ALL[number % Shape::ALL.len()];
        let shared = share((number + 1) % count).step_by(SHARED);
        let others = if count > 1 { shared } else { (0..0).step_by(SHARED) };
        let text = shape.write(share(number).chain(others).map(|place| invented(seed, place)));
        ListedSource { name: format!("source-{:03}.{}", number + 1, shape.ending()), shape, text }
    };
    (0..count).map(source).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn invented_addresses_differ() {
        assert_ne!(ADDRESSES % STRIDE, 0, "else multiples of the stride come round early");
        let all: HashSet<SocketAddrV4> = (0..200_000).map(|number| invented(7, number)).collect();
        assert_eq!(all.len(), 200_000);
    }

    #[test]
    fn sources_have_so_many_addresses_together() {
        let text = Shape::Text.write((0..1000).map(|number| invented(3, number)));
        assert_eq!(text, text_list(3, 0..1000));
        let lines: HashSet<String> = sources(3, 1, 1000)[0].text.lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 1000);
        let entries = |source: &ListedSource| match source.shape {
            Shape::Text => source.text.lines().count(),
            Shape::Csv => source.text.lines().count() - 1,
            Shape::Json => source.text.matches("\"ip\"").count(),
            Shape::Html => source.text.matches("<tr><td>").count(),
        };
        let of_four: usize = sources(3, 4, 1000).iter().map(entries).sum();
        assert_eq!(of_four, 1100, "every tenth stands in two of them");
    }
}
