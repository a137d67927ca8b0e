//! The closed lists of words: each word stands once, keeps its number, and comes back as what it was.

use std::collections::HashSet;

use proptest::prelude::*;
use proxydeck_domain::{
    Anonymity, Answer, Capabilities, Capability, Hints, Protocol, Reason, Stage, Status, TrustFlag,
    TrustFlags,
};

/// The words of the product with the numbers under which they are kept. A row is never changed, only added.
const REASONS: [(u8, &str); 24] = [
    (1, "refused"),
    (2, "unreachable"),
    (3, "unresolved"),
    (4, "not_public"),
    (5, "dial_timeout"),
    (6, "reset"),
    (7, "closed"),
    (8, "handshake_timeout"),
    (9, "not_a_proxy"),
    (10, "rejected"),
    (11, "auth_required"),
    (12, "auth_failed"),
    (13, "tls_failed"),
    (14, "tls_intercepted"),
    (15, "answer_timeout"),
    (16, "answer_malformed"),
    (17, "answer_encoded"),
    (18, "answer_too_large"),
    (19, "wrong_answer"),
    (20, "tampered"),
    (21, "redirected"),
    (22, "local_error"),
    (23, "judge_down"),
    (24, "cancelled"),
];

#[test]
fn reasons_are_the_closed_list_of_the_product() {
    let ours: Vec<_> = Reason::ALL.iter().map(|reason| (reason.number(), reason.as_str())).collect();
    assert_eq!(ours, REASONS, "words and numbers stand in databases and exports");
}

#[test]
fn reasons_come_back_from_their_number_their_word_and_json() {
    for &reason in Reason::ALL {
        assert_eq!(Reason::from_number(reason.number()), Some(reason), "{reason} from its number");
        assert_eq!(reason.as_str().parse(), Ok(reason), "{reason} from its word");
        let json = serde_json::to_string(&reason).unwrap();
        assert_eq!(json, format!("\"{reason}\""), "{reason} in JSON");
        assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), reason, "{reason} from JSON");
    }
    for number in (0..=u8::MAX).filter(|n| !REASONS.iter().any(|(known, _)| known == n)) {
        assert_eq!(Reason::from_number(number), None, "{number} is nobody's");
    }
    assert!("Refused".parse::<Reason>().is_err(), "words are lower case");
    assert!(serde_json::from_str::<Reason>("\"bad luck\"").is_err(), "the list is closed");
}

#[test]
fn what_is_not_the_proxys_fault_never_counts() {
    let excused: Vec<_> = Reason::ALL.iter().filter(|r| !r.counts()).map(|r| r.as_str()).collect();
    assert_eq!(excused, ["local_error", "judge_down", "cancelled"]);
}

#[test]
fn only_trust_reasons_break_trust_and_only_lost_connections_are_tried_again() {
    let words = |of: fn(Reason) -> bool| -> Vec<&str> {
        Reason::ALL.iter().copied().filter(|r| of(*r)).map(Reason::as_str).collect()
    };
    assert_eq!(words(Reason::breaks_trust), ["tls_intercepted", "wrong_answer", "tampered"]);
    assert_eq!(words(Reason::is_retryable), ["reset", "closed", "answer_timeout"]);
    assert_eq!(
        words(Reason::settles_all),
        ["refused", "unreachable", "unresolved", "not_public", "dial_timeout"],
        "what says that the endpoint was not even reached"
    );
}

/// Checks that no two of a list share a word, and that every number leads back.
fn closed<T: Copy + PartialEq + std::fmt::Debug>(
    all: &[T],
    word: fn(T) -> &'static str,
    number: fn(T) -> u8,
    back: fn(u8) -> Option<T>,
) {
    let words: HashSet<_> = all.iter().map(|item| word(*item)).collect();
    assert_eq!(words.len(), all.len(), "each of {all:?} has a word of its own");
    for item in all {
        assert_eq!(back(number(*item)), Some(*item), "{item:?} from its number");
    }
    let known: HashSet<_> = all.iter().map(|item| number(*item)).collect();
    for stranger in (0..=u8::MAX).filter(|n| !known.contains(n)) {
        assert_eq!(back(stranger), None, "{stranger} is nobody's");
    }
}

#[test]
fn numbered_lists_are_closed() {
    closed(&Status::ALL, Status::as_str, |s| s as u8, Status::from_number);
    closed(&Anonymity::ALL, Anonymity::as_str, |a| a as u8, Anonymity::from_number);
    closed(&Capability::ALL, Capability::as_str, |c| c as u8, Capability::from_number);
}

#[test]
fn the_word_of_every_list_is_its_word_in_json() {
    fn json<T: serde::Serialize>(all: &[T], word: impl Fn(&T) -> &'static str) {
        for item in all {
            assert_eq!(serde_json::to_string(item).unwrap(), format!("\"{}\"", word(item)));
        }
    }
    json(&Status::ALL, |s| s.as_str());
    json(&Anonymity::ALL, |a| a.as_str());
    json(&Capability::ALL, |c| c.as_str());
    json(&Protocol::ALL, |p| p.as_str());
    json(&Stage::ALL, |s| s.as_str());
    json(&TrustFlag::ALL, |f| f.as_str());
}

#[test]
fn labels_of_lists_name_a_protocol_in_any_spelling() {
    for (label, protocol) in [
        ("http", Some(Protocol::Http)),
        ("HTTPS", Some(Protocol::Https)),
        ("ssl", Some(Protocol::Https)),
        ("Connect", Some(Protocol::Https)),
        ("SOCKS4A", Some(Protocol::Socks4)),
        ("socks5h", Some(Protocol::Socks5)),
        (" Socks v5 ", Some(Protocol::Socks5)),
        ("socks-4", Some(Protocol::Socks4)),
        ("socks", None),
        ("httpx", None),
        ("", None),
    ] {
        assert_eq!(Protocol::from_label(label), protocol, "{label:?}");
    }
    for protocol in Protocol::ALL {
        assert_eq!(Protocol::from_label(protocol.as_str()), Some(protocol), "its own word");
    }
}

fn protocols() -> impl Strategy<Value = Vec<Protocol>> {
    prop::sample::subsequence(Protocol::ALL.to_vec(), 0..=4)
}

proptest! {
    #[test]
    fn hints_are_a_set(some in protocols(), others in protocols()) {
        let (hints, more): (Hints, Hints) = (some.iter().copied().collect(), others.iter().copied().collect());
        prop_assert_eq!(hints.iter().collect::<Vec<_>>(), some.clone());
        prop_assert_eq!(hints.is_empty(), some.is_empty());
        prop_assert_eq!(Hints::from_bits(hints.bits()), hints);
        for protocol in Protocol::ALL {
            prop_assert_eq!(hints.contains(protocol), some.contains(&protocol));
            let either = some.contains(&protocol) || others.contains(&protocol);
            prop_assert_eq!(hints.union(more).contains(protocol), either);
        }
        prop_assert_eq!(hints.intersects(more), some.iter().any(|p| others.contains(p)));
    }

    #[test]
    fn bits_that_mean_nothing_are_dropped(bits: u8) {
        prop_assert_eq!(Hints::from_bits(bits).bits(), bits & 0b1111);
        let flags = TrustFlags::from_bits(bits);
        prop_assert_eq!(flags.bits(), bits & 0b1_1111);
        let mut again = TrustFlags::default();
        flags.iter().for_each(|flag| again.insert(flag));
        prop_assert_eq!(again, flags);
    }

    #[test]
    fn capabilities_keep_each_answer_on_its_own(answers in prop::array::uniform8((0_u8..3, 0_u32..9000))) {
        let mut capabilities = Capabilities::default();
        for (capability, (ok, ms)) in Capability::ALL.into_iter().zip(answers) {
            let ok = [None, Some(false), Some(true)][usize::from(ok)];
            capabilities.set(capability, Answer { ok, latency_ms: Some(ms), ..Answer::default() });
        }
        let working: Vec<_> = capabilities.working().collect();
        for (capability, (ok, ms)) in Capability::ALL.into_iter().zip(answers) {
            prop_assert_eq!(capabilities.get(capability).latency_ms, Some(ms));
            prop_assert_eq!(working.contains(&capability), ok == 2);
            prop_assert_eq!(capabilities.working_bits() >> capability as u8 & 1 == 1, ok == 2);
            if let (2, Some(protocol)) = (ok, capability.protocol()) {
                prop_assert!(capabilities.protocols().contains(protocol));
            }
        }
        let best = answers.iter().filter(|(ok, _)| *ok == 2).map(|(_, ms)| *ms).min();
        prop_assert_eq!(capabilities.best_latency(), best, "of what works only");
        let json = serde_json::to_string(&capabilities).unwrap();
        prop_assert_eq!(serde_json::from_str::<Capabilities>(&json).unwrap(), capabilities);
    }
}

#[test]
fn tls_and_ipv6_are_no_protocols_of_their_own() {
    let mut capabilities = Capabilities::default();
    for capability in [Capability::Tls, Capability::Ipv6] {
        capabilities.set(capability, Answer { ok: Some(true), ..Answer::default() });
    }
    assert!(capabilities.protocols().is_empty(), "no list calls a proxy so");
}
