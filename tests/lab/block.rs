//! The addresses of a world: one 127.B.0.0/16 that no other world holds. Nothing here speaks a protocol.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// The address under which a client on this machine is seen when it binds none.
pub const CLIENT: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// The first and the number of second octets that worlds may claim; lower ones are left to other programs.
const FIRST_OCTET: u8 = 16;
const OCTETS: u8 = 239;

/// Who holds this port on the block's first address holds the block. Above 1023, so that any user may.
const CLAIM_PORT: u16 = 1986;

/// Ports that proxies are found on. All lie below the ephemeral range, so that no outgoing socket ever takes one.
const PORTS: [u16; 12] = [8080, 3128, 1080, 8888, 8000, 8118, 9050, 4145, 9999, 10808, 31280, 18080];

/// The hosts of the lower half beyond the judges' /24.
const ENTRIES: u16 = 0x8000 - 0x0100;
const FIRST_ENTRY: u16 = 0x0100;
/// The hosts of the upper half.
const EXITS: u16 = 0x8000;
const FIRST_EXIT: u16 = 0x8000;
/// The broadcast address of loopback, to which the kernel connects nobody, and the first port there: one for each proxy
/// that cannot be reached, in whatever world, since nobody ever listens.
const UNREACHABLE: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);
const FIRST_UNREACHABLE_PORT: u16 = 1024;
/// A prime that divides neither range, so that its multiples visit every host once and neighbours in a list do not
/// look like neighbours.
const STRIDE: u64 = 7919;

/// A claimed block of addresses.
pub(crate) struct Block {
    octet: u8,
    ports: Vec<u16>,
    start: u64,
    _claim: Socket,
}

impl Block {
    /// Claims the first free block, beginning with the one that the seed asks for.
    pub(crate) fn claim(seed: u64) -> io::Result<Self> {
        for step in 0..OCTETS {
            let octet = (seed % u64::from(OCTETS) + u64::from(step)) % u64::from(OCTETS);
            let octet = FIRST_OCTET + u8::try_from(octet).unwrap_or_default();
            let claim = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            match claim.bind(&SocketAddr::from((Ipv4Addr::new(127, octet, 0, 1), CLAIM_PORT)).into()) {
                Ok(()) => {
                    let ports = free_ports(Ipv4Addr::new(127, octet, 0, 2))?;
                    return Ok(Self { octet, ports, start: (seed >> 8) % u64::from(EXITS), _claim: claim });
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "every block of loopback addresses is taken; end another lab",
        ))
    }

    /// The address of the judge with this number.
    pub(crate) fn judge(&self, number: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.octet, 0, number.saturating_add(10))
    }

    /// The endpoint of the proxy with this number. Past the last host it goes round again with other ports.
    pub(crate) fn entry(&self, number: usize) -> io::Result<SocketAddr> {
        let host = self.place(number, ENTRIES);
        let round = number / usize::from(ENTRIES);
        if round >= self.ports.len() {
            return Err(io::Error::other("the block has no endpoint left; ask for fewer proxies"));
        }
        let port = self.ports[(usize::from(host) / 3 + round) % self.ports.len()];
        Ok(SocketAddr::from((self.host(FIRST_ENTRY + host), port)))
    }

    /// The endpoint of a proxy to which no way leads.
    pub(crate) fn unreachable(number: usize) -> io::Result<SocketAddr> {
        let port = u16::try_from(number).ok().and_then(|number| FIRST_UNREACHABLE_PORT.checked_add(number));
        let none = || io::Error::other("there is no further endpoint that cannot be reached");
        Ok(SocketAddr::from((UNREACHABLE, port.ok_or_else(none)?)))
    }

    /// The address through which the proxy with this number leaves. Past the last host exits are shared.
    pub(crate) fn exit(&self, number: usize) -> IpAddr {
        IpAddr::V4(self.host(FIRST_EXIT + self.place(number, EXITS)))
    }

    /// Where in a range of hosts the proxy with this number stands.
    fn place(&self, number: usize, hosts: u16) -> u16 {
        let place = self.start.wrapping_add(number as u64).wrapping_mul(STRIDE) % u64::from(hosts);
        u16::try_from(place).unwrap_or_default()
    }

    fn host(&self, number: u16) -> Ipv4Addr {
        let [high, low] = number.to_be_bytes();
        Ipv4Addr::new(127, self.octet, high, low)
    }
}

/// Leaves out the ports on which some program of this machine listens at every address: an endpoint that is meant to
/// refuse would answer there.
fn free_ports(at: Ipv4Addr) -> io::Result<Vec<u16>> {
    let mut free = Vec::with_capacity(PORTS.len());
    for port in PORTS {
        let probe = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        if probe.bind(&SocketAddr::from((at, port)).into()).is_ok() {
            free.push(port);
        }
    }
    if free.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            "every port of the lab is taken on this machine",
        ));
    }
    Ok(free)
}
