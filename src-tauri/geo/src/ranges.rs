//! The range files: which value belongs to an address, searched in place in the bytes of a file.
//!
//! There are two, of one shape. All fixed numbers are little-endian; a *varint* has seven bits a byte, the lowest
//! first, and the high bit on every byte but the last.
//!
//! ```text
//! magic       8 bytes   "PDGEO-C1" (countries) or "PDGEO-N1" (networks)
//! lengths     6 × u32   of the six parts that follow, in bytes
//! v4 index    a block: u32 first address, u32 where its entries begin in the v4 entries
//! v4 entries
//! v6 index    a block: u128 first address, u32 where its entries begin in the v6 entries
//! v6 entries
//! value index
//! values
//! ```
//!
//! A block holds up to [`BLOCK`] entries, and an entry is a range: its value as a varint (0 for none; else the place
//! in the values, from 1), then how many addresses it has. It begins where the one before ends; the last one of a
//! block has no length and goes on to the next block. A length is `odd << shift`: a byte with the shift in the lower
//! seven bits, and, where the high bit is set, `odd >> 1` as a varint; without it `odd` is 1. Networks are powers
//! of two, so most lengths are one byte.
//!
//! The values of *countries* are two letters each, and their index is empty. The values of *networks* lie in blocks
//! of [`NAMES`], and the index has a u32 for each block, where it begins. A value there is the number of the AS as a
//! varint, how many bytes its organisation shares with that of the value before (0 for the first of a block), how
//! many bytes follow, and these bytes, UTF-8. What occurs often comes first, so that its place takes one byte.
//!
//! Nothing is unpacked: a search touches the index and one block. Bytes that are not such a file are refused where
//! that shows in the lengths, and answer with nothing, or with something wrong, where it does not; they never panic.

use std::net::IpAddr;

use crate::{Country, Network};

/// Entries of one block: a search reads half of them on average, and each block costs 8 or 20 bytes of index.
pub(crate) const BLOCK: usize = 64;
/// Values of one block of networks.
pub(crate) const NAMES: usize = 16;
pub(crate) const COUNTRIES_MAGIC: &[u8; 8] = b"PDGEO-C1";
pub(crate) const NETWORKS_MAGIC: &[u8; 8] = b"PDGEO-N1";
/// Parts behind the lengths.
pub(crate) const PARTS: usize = 6;

/// Why bytes are no range file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRanges {
    /// It begins otherwise.
    #[error("it does not begin as a range file of this kind does")]
    Magic,
    /// The lengths in it and its own do not agree.
    #[error("it is cut off, or its lengths are wrong")]
    Lengths,
}

/// Which country an address belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Countries<'a>(Parts<'a>);

impl<'a> Countries<'a> {
    /// Takes the bytes of a range file.
    ///
    /// # Errors
    /// What shows at once that they are none.
    pub fn read(bytes: &'a [u8]) -> Result<Self, NotRanges> {
        Parts::read(bytes, COUNTRIES_MAGIC).map(Self)
    }

    /// The country of an address.
    #[must_use]
    pub fn country(&self, ip: IpAddr) -> Option<Country> {
        let place = self.0.place(ip)?;
        let (first, second) = (place.checked_mul(2)?, place.checked_mul(2)?.checked_add(1)?);
        Country::of_bytes([*self.0.values.get(first)?, *self.0.values.get(second)?])
    }
}

/// Which network an address belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Networks<'a>(Parts<'a>);

impl<'a> Networks<'a> {
    /// Takes the bytes of a range file.
    ///
    /// # Errors
    /// What shows at once that they are none.
    pub fn read(bytes: &'a [u8]) -> Result<Self, NotRanges> {
        Parts::read(bytes, NETWORKS_MAGIC).map(Self)
    }

    /// The network of an address.
    #[must_use]
    pub fn network(&self, ip: IpAddr) -> Option<Network> {
        let mut organisation = Vec::new();
        let asn = self.find(ip, |shared, rest| {
            organisation.truncate(shared);
            organisation.extend_from_slice(rest);
        })?;
        let organisation = String::from_utf8(organisation).ok().filter(|name| !name.is_empty());
        Some(Network { asn, organisation })
    }

    /// The number of the AS of an address; cheaper than the whole.
    #[must_use]
    pub fn asn(&self, ip: IpAddr) -> Option<u32> {
        self.find(ip, |_, _| {})
    }

    /// Goes through the names of a block up to the one of an address.
    fn find(&self, ip: IpAddr, mut name: impl FnMut(usize, &'a [u8])) -> Option<u32> {
        let place = self.0.place(ip)?;
        let begin = u32_at(self.0.value_index, (place / NAMES).checked_mul(4)?)?;
        let mut left = self.0.values.get(size(begin)..)?;
        for at in 0..=place % NAMES {
            let asn = u32::try_from(varint(&mut left)?).ok()?;
            let shared = usize::try_from(varint(&mut left)?).ok()?;
            let length = usize::try_from(varint(&mut left)?).ok()?;
            let (rest, after) = left.split_at_checked(length)?;
            name(shared, rest);
            left = after;
            if at == place % NAMES {
                return Some(asn);
            }
        }
        None
    }
}

/// The parts of a file.
#[derive(Clone, Copy, Debug)]
struct Parts<'a> {
    v4: Family<'a, 4>,
    v6: Family<'a, 16>,
    value_index: &'a [u8],
    values: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8], magic: &[u8; 8]) -> Result<Self, NotRanges> {
        let rest = bytes.strip_prefix(magic.as_slice()).ok_or(NotRanges::Magic)?;
        let (lengths, mut left) = rest.split_at_checked(PARTS * 4).ok_or(NotRanges::Lengths)?;
        let mut parts = [[].as_slice(); PARTS];
        for (at, part) in parts.iter_mut().enumerate() {
            let length = u32_at(lengths, at * 4).ok_or(NotRanges::Lengths)?;
            (*part, left) = left.split_at_checked(size(length)).ok_or(NotRanges::Lengths)?;
        }
        let [index_v4, v4, index_v6, v6, value_index, values] = parts;
        let (v4, v6) = (Family { index: index_v4, entries: v4 }, Family { index: index_v6, entries: v6 });
        if left.is_empty() && v4.is_whole() && v6.is_whole() && value_index.len().is_multiple_of(4) {
            Ok(Self { v4, v6, value_index, values })
        } else {
            Err(NotRanges::Lengths)
        }
    }

    /// Where the value of an address stands among the values.
    fn place(&self, ip: IpAddr) -> Option<usize> {
        let value = match ip.to_canonical() {
            IpAddr::V4(v4) => self.v4.value(u128::from(v4.to_bits())),
            IpAddr::V6(v6) => self.v6.value(v6.to_bits()),
        };
        value?.checked_sub(1)
    }
}

/// The ranges of one family of addresses, which have `WIDTH` bytes.
#[derive(Clone, Copy, Debug)]
struct Family<'a, const WIDTH: usize> {
    index: &'a [u8],
    entries: &'a [u8],
}

impl<const WIDTH: usize> Family<'_, WIDTH> {
    /// Bytes of a block in the index.
    const ROW: usize = WIDTH + 4;

    const fn is_whole(&self) -> bool {
        self.index.len().is_multiple_of(Self::ROW)
    }

    fn first(&self, block: usize) -> Option<u128> {
        let from = block.checked_mul(Self::ROW)?;
        let bytes = self.index.get(from..from.checked_add(WIDTH)?)?;
        let mut wide = [0; 16];
        wide[..WIDTH].copy_from_slice(bytes);
        Some(u128::from_le_bytes(wide))
    }

    fn begin(&self, block: usize) -> Option<usize> {
        u32_at(self.index, block.checked_mul(Self::ROW)?.checked_add(WIDTH)?).map(size)
    }

    /// The value of an address; 0 for none.
    fn value(&self, address: u128) -> Option<usize> {
        let blocks = self.index.len() / Self::ROW;
        let (mut low, mut high) = (0, blocks);
        while low < high {
            let middle = low.midpoint(high);
            if self.first(middle)? <= address {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let block = low.checked_sub(1)?;
        let end = if low == blocks { self.entries.len() } else { self.begin(low)? };
        let mut left = self.entries.get(self.begin(block)?..end)?;
        let mut next = self.first(block)?;
        loop {
            let value = usize::try_from(varint(&mut left)?).ok()?;
            if left.is_empty() {
                return Some(value);
            }
            // An end beyond the last address there is can only be a damaged one.
            next = next.checked_add(length(&mut left)?)?;
            if address < next {
                return Some(value);
            }
        }
    }
}

fn length(left: &mut &[u8]) -> Option<u128> {
    let (head, rest) = left.split_first()?;
    *left = rest;
    let odd = if head & 0x80 == 0 { 1 } else { varint(left)?.checked_mul(2)? | 1 };
    let shift = u32::from(head & 0x7f);
    (odd.leading_zeros() >= shift).then(|| odd << shift)
}

fn varint(left: &mut &[u8]) -> Option<u128> {
    let mut number = 0_u128;
    let mut shift = 0;
    loop {
        let (byte, rest) = left.split_first()?;
        *left = rest;
        let bits = u128::from(byte & 0x7f);
        if shift >= u128::BITS || bits.leading_zeros() < shift {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

const fn size(number: u32) -> usize {
    number as usize
}
