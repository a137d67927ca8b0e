//! The shape that nearly every line of every list has, `a.b.c.d:port`, read without looking at a byte twice.

use std::net::Ipv4Addr;

use proxydeck_domain::{Endpoint, Host};

/// Reads a line that is an IPv4 address and a port and nothing else. None means no more than that it is not: the
/// other readers find out what it is, or what is wrong with it.
pub(crate) fn read(line: &[u8]) -> Option<Endpoint> {
    let mut octets = [0_u8; 4];
    let mut at = 0;
    for (index, octet) in octets.iter_mut().enumerate() {
        let (value, digits) = number(&line[at..], 3)?;
        *octet = u8::try_from(value).ok()?;
        at += digits;
        if *line.get(at)? != if index < 3 { b'.' } else { b':' } {
            return None;
        }
        at += 1;
    }
    let (port, digits) = number(&line[at..], 5)?;
    if at + digits != line.len() {
        return None;
    }
    Endpoint::new(Host::V4(Ipv4Addr::from(octets)), u16::try_from(port).ok()?).ok()
}

/// A decimal number of at most `most` digits without a leading zero, and how many digits it has.
fn number(bytes: &[u8], most: usize) -> Option<(u32, usize)> {
    let mut value = 0;
    let mut digits = 0;
    for byte in bytes.iter().take(most) {
        if !byte.is_ascii_digit() {
            break;
        }
        value = value * 10 + u32::from(byte - b'0');
        digits += 1;
    }
    (digits > 0 && (digits == 1 || bytes[0] != b'0')).then_some((value, digits))
}
