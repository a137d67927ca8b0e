//! The answers to all questions about a proxy as few bytes: what was not asked takes none.
//!
//! A million rows are read at the start; as JSON their answers would take ten times the space and the time.
//! For each answer that says anything: a byte of the capability and the verdict, a byte that tells which
//! parts follow, and the parts in little-endian order.

use proxydeck_domain::{Answer, Capabilities, Capability, Reason};

/// The capability's number lies in the three low bits of the first byte.
const CAPABILITY_BITS: u8 = 0b111;
const YES: u8 = 1 << 3;
const NO: u8 = 1 << 4;
const OVER_TLS: u8 = 1 << 5;

const HAS_LATENCY: u8 = 1;
const HAS_REASON: u8 = 1 << 1;
const HAS_CODE: u8 = 1 << 2;
const HAS_PORT: u8 = 1 << 3;

/// Writes the answers.
pub(crate) fn encode(capabilities: &Capabilities) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    for (capability, answer) in capabilities.iter().filter(|(_, answer)| **answer != Answer::default()) {
        let verdict = match answer.ok {
            None => 0,
            Some(true) => YES,
            Some(false) => NO,
        };
        let over_tls = if answer.over_tls { OVER_TLS } else { 0 };
        out.push(capability as u8 | verdict | over_tls);
        let flag = |there: bool, bit: u8| if there { bit } else { 0 };
        out.push(
            flag(answer.latency_ms.is_some(), HAS_LATENCY)
                | flag(answer.reason.is_some(), HAS_REASON)
                | flag(answer.code.is_some(), HAS_CODE)
                | flag(answer.port.is_some(), HAS_PORT),
        );
        if let Some(ms) = answer.latency_ms {
            out.extend(ms.to_le_bytes());
        }
        if let Some(reason) = answer.reason {
            out.push(reason.number());
        }
        for number in [answer.code, answer.port].into_iter().flatten() {
            out.extend(number.to_le_bytes());
        }
    }
    out
}

/// Reads the answers; none when the bytes are not what [`encode`] writes.
pub(crate) fn decode(mut bytes: &[u8]) -> Option<Capabilities> {
    let mut capabilities = Capabilities::default();
    while let Some([head, parts]) = take(&mut bytes) {
        let mut answer = Answer {
            ok: match head & (YES | NO) {
                0 => None,
                YES => Some(true),
                NO => Some(false),
                _ => return None,
            },
            over_tls: head & OVER_TLS != 0,
            ..Answer::default()
        };
        if parts & HAS_LATENCY != 0 {
            answer.latency_ms = Some(u32::from_le_bytes(take(&mut bytes)?));
        }
        if parts & HAS_REASON != 0 {
            let [number] = take(&mut bytes)?;
            answer.reason = Some(Reason::from_number(number)?);
        }
        if parts & HAS_CODE != 0 {
            answer.code = Some(u16::from_le_bytes(take(&mut bytes)?));
        }
        if parts & HAS_PORT != 0 {
            answer.port = Some(u16::from_le_bytes(take(&mut bytes)?));
        }
        capabilities.set(Capability::from_number(head & CAPABILITY_BITS)?, answer);
    }
    bytes.is_empty().then_some(capabilities)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answers() -> impl Strategy<Value = Answer> {
        let reason = proptest::option::of(proptest::sample::select(Reason::ALL));
        (
            any::<Option<bool>>(),
            any::<Option<u32>>(),
            reason,
            any::<(Option<u16>, Option<u16>)>(),
            any::<bool>(),
        )
            .prop_map(|(ok, latency_ms, reason, (code, port), over_tls)| Answer {
                ok,
                latency_ms,
                reason,
                code,
                port,
                over_tls,
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(all in proptest::array::uniform8(answers())) {
            let mut capabilities = Capabilities::default();
            for (capability, answer) in Capability::ALL.into_iter().zip(all) {
                capabilities.set(capability, answer);
            }
            prop_assert_eq!(decode(&encode(&capabilities)), Some(capabilities));
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            // A part that is cut off must never be taken for a whole.
            if let Some(capabilities) = decode(&bytes) {
                prop_assert_eq!(decode(&encode(&capabilities)), Some(capabilities));
            }
        }
    }

    #[test]
    fn a_proxy_that_was_never_reached_takes_three_bytes_an_answer() {
        let mut capabilities = Capabilities::default();
        let answer = Answer { ok: Some(false), reason: Some(Reason::Refused), ..Answer::default() };
        Capability::ALL.into_iter().for_each(|capability| capabilities.set(capability, answer));
        assert_eq!(
            encode(&capabilities).len(),
            24,
            "most rows of a pool are dead ones, and they must stay small"
        );
        assert!(encode(&Capabilities::default()).is_empty(), "what was never asked takes no space");
    }

    #[test]
    fn bytes_that_are_cut_off_are_refused() {
        let mut capabilities = Capabilities::default();
        capabilities
            .set(Capability::Http, Answer { ok: Some(true), latency_ms: Some(9), ..Answer::default() });
        let bytes = encode(&capabilities);
        assert_eq!(decode(&bytes[..bytes.len() - 1]), None, "half a latency is no latency");
        assert_eq!(decode(&bytes[..1]), None, "a capability without an answer is no answer");
    }
}
