//! Evidence: what is kept of a check comes back as it was, and old records stay readable.

use std::sync::Arc;

use proptest::prelude::*;
use proxydeck_domain::{
    Account, Anonymity, Attempt, Basis, Capability, CertificateSeen, Evidence, Finding, Proxy, Reason,
    Secret, Stage, StageTimes, Transcript,
};

fn finding() -> impl Strategy<Value = Finding> {
    (prop::sample::select(Anonymity::ALL.to_vec()), prop::option::of(any::<String>()), any::<bool>())
        .prop_map(|(anonymity, giveaway, tunnel)| Finding {
            anonymity,
            giveaway,
            basis: if tunnel { Basis::Tunnel } else { Basis::Headers },
        })
}

fn certificate() -> impl Strategy<Value = CertificateSeen> {
    (any::<String>(), any::<String>(), "[0-9a-f]{64}").prop_map(|(issuer, subject, sha256)| CertificateSeen {
        issuer,
        subject,
        sha256,
    })
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let met = (
        prop::sample::select(Capability::ALL.to_vec()),
        prop::sample::select(Stage::ALL.to_vec()),
        prop::option::of(prop::sample::select(Reason::ALL.to_vec())),
        prop::collection::vec((prop::sample::select(Stage::ALL.to_vec()), any::<u32>()), 0..9),
        any::<(bool, bool, Option<u16>, Option<u16>, Option<u32>)>(),
    );
    let seen = (
        any::<(String, Option<String>, u32, u32)>(),
        any::<Option<std::net::IpAddr>>(),
        prop::option::of(finding()),
        prop::collection::vec(any::<(String, String)>(), 0..4),
        prop::collection::vec(any::<String>(), 0..3),
        prop::option::of(certificate()),
    );
    (met, seen).prop_map(|(met, seen)| {
        let (capability, stage, reason, times, (over_tls, conclusive, port, code, latency_ms)) = met;
        let ((judge, detail, bytes_out, bytes_in), exit, finding, received, rewritten, certificate) = seen;
        let mut attempt = Attempt {
            stage,
            reason,
            over_tls,
            conclusive,
            port,
            code,
            latency_ms,
            detail,
            exit,
            finding,
            received,
            rewritten,
            certificate,
            bytes_out,
            bytes_in,
            ..Attempt::new(capability, Arc::from(judge))
        };
        for (stage, micros) in times {
            attempt.times.add(stage, micros);
        }
        attempt
    })
}

proptest! {
    #[test]
    fn evidence_comes_back_as_it_was_kept(
        attempts in prop::collection::vec(attempt(), 0..4),
        entry in prop::option::of(any::<std::net::IpAddr>()),
    ) {
        let evidence = Evidence { attempts, entry };
        let json = serde_json::to_string(&evidence).unwrap();
        prop_assert_eq!(serde_json::from_str::<Evidence>(&json).unwrap(), evidence);
    }
}

#[test]
fn an_attempt_that_has_nothing_to_tell_is_kept_short() {
    let attempt = Attempt::new(Capability::Http, Arc::from("http://judge.example/"));
    assert_eq!(
        serde_json::to_string(&attempt).unwrap(),
        concat!(
            r#"{"capability":"http","judge":"http://judge.example/","stage":"resolve","#,
            r#""times":[null,null,null,null,null,null,null],"reason":null,"bytes_out":0,"bytes_in":0}"#
        ),
        "what is usual is left out"
    );
}

#[test]
fn what_is_left_out_is_read_as_usual() {
    let json = r#"{"capability":"connect","judge":"j","stage":"tunnel","times":[null,1,2,3,null,null,null],
                   "reason":"rejected","code":403,"bytes_out":9,"bytes_in":8}"#;
    let attempt: Attempt = serde_json::from_str(json).unwrap();
    assert!(attempt.conclusive, "a reason answers the question unless it is said otherwise");
    assert_eq!((attempt.over_tls, attempt.port, attempt.detail), (false, None, None));
}

#[test]
fn the_time_of_a_stage_adds_up_and_an_unentered_stage_has_none() {
    let mut times = StageTimes::default();
    times.add(Stage::Tunnel, 5);
    times.add(Stage::Dial, 0);
    times.add(Stage::Tunnel, 7);
    assert_eq!(times.iter().collect::<Vec<_>>(), [(Stage::Dial, 0), (Stage::Tunnel, 12)], "in order of time");
    assert_eq!(times.get(Stage::Answer), None, "never entered is not nothing");
    times.add(Stage::Tunnel, u32::MAX);
    assert_eq!(times.get(Stage::Tunnel), Some(u32::MAX), "the sum stays at the largest number");
}

#[test]
fn stages_stand_in_the_order_of_time() {
    assert!(Stage::ALL.is_sorted(), "the furthest is the greatest");
    assert_eq!(Stage::ALL.map(|stage| stage as usize), [0, 1, 2, 3, 4, 5, 6], "each has its slot");
}

#[test]
fn a_password_is_never_printed() {
    let account = Account { user: "user".to_owned(), secret: Secret::new("p4ssw0rd") };
    let proxy = Proxy { endpoint: "192.0.2.1:80".parse().unwrap(), account: Some(account) };
    assert!(!format!("{proxy:?} {proxy:#?}").contains("p4ssw0rd"), "neither for debugging");
    assert_eq!(proxy.to_string(), "192.0.2.1:80", "nor for people, for whom the account is left out");
}

#[test]
fn the_account_is_part_of_who_a_proxy_is() {
    let with = |user: &str, secret: &str| Proxy {
        endpoint: "192.0.2.1:80".parse().unwrap(),
        account: Some(Account { user: user.to_owned(), secret: Secret::new(secret) }),
    };
    assert_eq!(with("a", "b"), with("a", "b"), "the same whole");
    assert_ne!(with("a", "b"), with("a", "c"), "another password is another proxy");
    assert_ne!(with("a", "b"), with("b", "b"), "another user is another proxy");
    assert_ne!(with("a", "b"), Proxy::open("192.0.2.1:80".parse().unwrap()), "and so is none");
}

#[test]
fn a_transcript_holds_turns_and_no_secret_even_where_it_is_cut() {
    let mut transcript = Transcript::default();
    transcript.add(true, b"user keeper, pass");
    transcript.add(true, b"word hunter2");
    transcript.add(false, b"hunter2 is wrong");
    transcript.mask(b"hunter2", b"(withheld)");
    let said: Vec<(bool, &[u8])> = transcript.turns.iter().map(|t| (t.by_us, t.bytes.as_slice())).collect();
    let expected: [(bool, &[u8]); 2] =
        [(true, b"user keeper, password (withheld)"), (false, b"(withheld) is wrong")];
    assert_eq!(said, expected, "what one side says in pieces is one turn");

    let mut cut = Transcript::default();
    cut.add(false, &vec![b'x'; Transcript::MAX_TURN_BYTES - 3]);
    cut.add(false, b"hunter2");
    assert_eq!(cut.turns[0].left_out, 4, "a turn has a limit");
    cut.mask(b"hunter2", b"-");
    assert!(!cut.turns[0].bytes.ends_with(b"hun"), "half a secret is one too");
}
