//! Which questions a check asks, and in which order.

use proxydeck_domain::{Capability, Hints, Protocol};

/// Ports on which SOCKS is likelier than HTTP, from what public lists hold.
const SOCKS_PORTS: [u16; 9] = [1080, 1081, 1085, 4145, 4153, 5678, 7497, 9050, 10808];

const HTTP_FIRST: [Protocol; 4] = [Protocol::Http, Protocol::Https, Protocol::Socks5, Protocol::Socks4];
const SOCKS_FIRST: [Protocol; 4] = [Protocol::Socks5, Protocol::Socks4, Protocol::Http, Protocol::Https];

/// The first question for each protocol to try: the hints first, the likeliest of the rest after them.
pub(super) fn questions(
    only: Option<Protocol>,
    hints: Hints,
    port: u16,
) -> impl Iterator<Item = Capability> + Clone {
    let order = if SOCKS_PORTS.contains(&port) { SOCKS_FIRST } else { HTTP_FIRST };
    let hinted = order.into_iter().filter(move |p| hints.contains(*p));
    let others = order.into_iter().filter(move |p| !hints.contains(*p));
    hinted.chain(others).filter(move |p| only.is_none_or(|only| only == *p)).map(asks)
}

/// The question that a protocol stands for.
const fn asks(protocol: Protocol) -> Capability {
    match protocol {
        Protocol::Http => Capability::Http,
        Protocol::Https => Capability::Connect,
        Protocol::Socks4 => Capability::Socks4,
        Protocol::Socks5 => Capability::Socks5,
    }
}

/// The question about names that goes with one about addresses.
pub(super) const fn by_name(capability: Capability) -> Option<Capability> {
    match capability {
        Capability::Socks4 => Some(Capability::Socks4a),
        Capability::Socks5 => Some(Capability::Socks5h),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_tried_first_and_the_rest_follows() {
        let asked: Vec<_> = questions(None, Hints::NONE.with(Protocol::Socks4), 8080).collect();
        let first = [Capability::Socks4, Capability::Http, Capability::Connect, Capability::Socks5];
        assert_eq!(asked, first, "the hint leads, the order of the port follows");
    }

    #[test]
    fn without_a_hint_the_port_decides() {
        let first = |port| questions(None, Hints::NONE, port).next();
        assert_eq!(first(1080), Some(Capability::Socks5), "1080 is the port of SOCKS");
        assert_eq!(first(3128), Some(Capability::Http), "3128 is the port of squid");
    }

    #[test]
    fn a_chosen_protocol_is_the_only_one() {
        let hints = Hints::NONE.with(Protocol::Socks5);
        let asked: Vec<_> = questions(Some(Protocol::Https), hints, 1080).collect();
        assert_eq!(asked, [Capability::Connect], "hints do not matter to a choice");
    }
}
