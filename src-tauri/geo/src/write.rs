//! Writing range files, in the shape that [`ranges`](crate::ranges) tells: for the converter and for tests. The
//! product only reads.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use crate::Country;
use crate::ranges::{BLOCK, COUNTRIES_MAGIC, NAMES, NETWORKS_MAGIC, PARTS};

/// Addresses of one family from the first to the last, and what they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range<T> {
    /// The first.
    pub first: IpAddr,
    /// The last, which belongs to it.
    pub last: IpAddr,
    /// What they have.
    pub value: T,
}

/// The range file of countries. Where ranges overlap, the one that begins earlier has the addresses.
#[must_use]
pub fn countries(ranges: &[Range<Country>]) -> Vec<u8> {
    let places = by_use(ranges);
    let mut ordered: Vec<_> = places.iter().collect();
    ordered.sort_by_key(|(_, place)| **place);
    let values: Vec<u8> = ordered.into_iter().flat_map(|(country, _)| country.bytes()).collect();
    assemble(COUNTRIES_MAGIC, ranges, &places, &[], &values)
}

/// The range file of networks: ranges with the numbers of their AS, and the names of the organisations; who is not
/// among them has none. Where ranges overlap, the one that begins earlier has the addresses.
#[must_use]
pub fn networks(ranges: &[Range<u32>], names: &BTreeMap<u32, String>) -> Vec<u8> {
    let name = |asn: u32| names.get(&asn).map_or("", String::as_str);
    let mut places = by_use(ranges);
    // Among those whose place takes as many bytes the order is free, and neighbours of like names share more.
    let mut ordered: Vec<(u32, u32)> = places.iter().map(|(asn, place)| (*asn, *place)).collect();
    ordered.sort_by(|(a, place_a), (b, place_b)| {
        (varint(u128::from(*place_a)).len(), name(*a), a).cmp(&(
            varint(u128::from(*place_b)).len(),
            name(*b),
            b,
        ))
    });
    let (mut index, mut values) = (Vec::new(), Vec::new());
    let mut before = "";
    for (at, (asn, _)) in ordered.iter().enumerate() {
        if at % NAMES == 0 {
            index.extend(number(values.len()).to_le_bytes());
            before = "";
        }
        let name = name(*asn);
        let shared = before.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        values.extend(varint(u128::from(*asn)));
        values.extend(varint(shared as u128));
        values.extend(varint((name.len() - shared) as u128));
        values.extend(&name.as_bytes()[shared..]);
        before = name;
        places.insert(*asn, number(at) + 1);
    }
    assemble(NETWORKS_MAGIC, ranges, &places, &index, &values)
}

/// The places of all values, from 1, the most frequent first.
fn by_use<T: Copy + Ord + std::hash::Hash>(ranges: &[Range<T>]) -> HashMap<T, u32> {
    let mut counts: HashMap<T, u32> = HashMap::new();
    for range in ranges {
        *counts.entry(range.value).or_default() += 1;
    }
    let mut values: Vec<(T, u32)> = counts.into_iter().collect();
    values.sort_by(|(a, count_a), (b, count_b)| count_b.cmp(count_a).then(a.cmp(b)));
    values.into_iter().zip(1..).map(|((value, _), place)| (value, place)).collect()
}

fn assemble<T: Copy + Eq + std::hash::Hash>(
    magic: &[u8; 8],
    ranges: &[Range<T>],
    places: &HashMap<T, u32>,
    value_index: &[u8],
    values: &[u8],
) -> Vec<u8> {
    let place = |range: &Range<T>| places.get(&range.value).copied().unwrap_or(0);
    let bounds = |range: &Range<T>| match (range.first, range.last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            Some((true, u128::from(first.to_bits()), u128::from(last.to_bits())))
        }
        (IpAddr::V6(first), IpAddr::V6(last)) => Some((false, first.to_bits(), last.to_bits())),
        _ => None,
    };
    let of_family = |wanted: bool| -> Vec<(u128, u128, u32)> {
        let in_family = |range| bounds(range).filter(|(is_v4, ..)| *is_v4 == wanted);
        let mut found: Vec<_> = ranges
            .iter()
            .filter_map(|range| in_family(range).map(|(_, first, last)| (first, last, place(range))))
            .collect();
        found.sort_by_key(|(first, ..)| *first);
        found
    };
    let (index_v4, v4) = family(&of_family(true), 4, u128::from(u32::MAX));
    let (index_v6, v6) = family(&of_family(false), 16, u128::MAX);
    let parts: [&[u8]; PARTS] = [&index_v4, &v4, &index_v6, &v6, value_index, values];
    let mut file = magic.to_vec();
    parts.iter().for_each(|part| file.extend(number(part.len()).to_le_bytes()));
    parts.iter().for_each(|part| file.extend(*part));
    file
}

/// The index and the entries of one family, whose addresses go up to `most`.
fn family(ranges: &[(u128, u128, u32)], width: usize, most: u128) -> (Vec<u8>, Vec<u8>) {
    // Where another value begins, gaps having the value 0. Neighbours of one value become one.
    let mut edges: Vec<(u128, u32)> = Vec::new();
    let mut edge = |at: u128, value: u32| {
        if edges.last().map_or(0, |(_, before)| *before) != value {
            edges.push((at, value));
        }
    };
    let mut free = Some(0);
    for (first, last, value) in ranges {
        let Some(from) = free.map(|free: u128| free.max(*first)).filter(|from| from <= last) else {
            continue;
        };
        if free.is_some_and(|free| free < from) {
            edge(free.unwrap_or_default(), 0);
        }
        edge(from, *value);
        free = (*last < most).then(|| last + 1);
    }
    if let Some(free) = free {
        edge(free, 0);
    }
    let (mut index, mut entries) = (Vec::new(), Vec::new());
    for (at, (first, value)) in edges.iter().enumerate() {
        if at % BLOCK == 0 {
            index.extend(&first.to_le_bytes()[..width]);
            index.extend(number(entries.len()).to_le_bytes());
        }
        entries.extend(varint(u128::from(*value)));
        if (at + 1) % BLOCK != 0
            && let Some((next, _)) = edges.get(at + 1)
        {
            entries.extend(length(next - first));
        }
    }
    (index, entries)
}

fn length(addresses: u128) -> Vec<u8> {
    let shift = addresses.trailing_zeros();
    let odd = addresses >> shift;
    let head = u8::try_from(shift).unwrap_or(0);
    if odd == 1 {
        return vec![head];
    }
    let mut bytes = vec![head | 0x80];
    bytes.extend(varint(odd >> 1));
    bytes
}

fn varint(mut number: u128) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        // Seven bits.
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A length in four bytes; a file of ranges has some megabytes.
fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
