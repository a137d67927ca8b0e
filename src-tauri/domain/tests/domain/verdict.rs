//! What the evidence of a check means.

use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;
use proxydeck_domain::{
    Anonymity, Attempt, Basis, Capability, Evidence, Finding, Reason, Stage, TrustFlag, Verdict,
};

fn attempt(capability: Capability) -> Attempt {
    Attempt::new(capability, Arc::from("http://judge.example/"))
}

fn works(capability: Capability, latency_ms: u32) -> Attempt {
    Attempt { stage: Stage::Answer, latency_ms: Some(latency_ms), code: Some(200), ..attempt(capability) }
}

fn fails(capability: Capability, stage: Stage, reason: Reason) -> Attempt {
    Attempt { stage, reason: Some(reason), ..attempt(capability) }
}

fn with_code(mut attempt: Attempt, code: u16) -> Attempt {
    attempt.code = Some(code);
    attempt
}

fn finds(mut attempt: Attempt, anonymity: Anonymity, basis: Basis) -> Attempt {
    attempt.finding = Some(Finding { anonymity, giveaway: None, basis });
    attempt
}

fn judged(attempts: impl Into<Vec<Attempt>>) -> Option<Verdict> {
    Verdict::of(&Evidence { attempts: attempts.into(), entry: None })
}

fn verdict(attempts: impl Into<Vec<Attempt>>) -> Verdict {
    judged(attempts).unwrap()
}

#[test]
fn one_capability_that_works_is_success() {
    let verdict = verdict([
        fails(Capability::Http, Stage::Handshake, Reason::NotAProxy),
        fails(Capability::Connect, Stage::Tunnel, Reason::Rejected),
        works(Capability::Socks5, 120),
    ]);
    assert!(verdict.success, "one yes is enough");
    assert_eq!((verdict.reason, verdict.code), (None, None), "success has no reason");
    assert_eq!(verdict.decided_by, Capability::Socks5);
    assert_eq!(verdict.latency_ms, Some(120));
    assert_eq!(verdict.capabilities.get(Capability::Http).ok, Some(false), "each is answered on its own");
    assert_eq!(verdict.capabilities.get(Capability::Socks4).ok, None, "what was not tried stays so");
}

#[test]
fn the_latency_is_the_lowest_among_what_works() {
    let verdict = verdict([
        works(Capability::Http, 300),
        works(Capability::Connect, 90),
        works(Capability::Socks5, 120),
        Attempt { latency_ms: Some(1), ..fails(Capability::Socks4, Stage::Tunnel, Reason::Rejected) },
    ]);
    assert_eq!(verdict.latency_ms, Some(90), "a failure has no latency, however fast it came");
    assert_eq!(verdict.decided_by, Capability::Connect, "the fastest decides");
    assert_eq!(verdict.capabilities.get(Capability::Socks4).latency_ms, None);
}

#[test]
fn what_breaks_trust_makes_the_check_fail_whatever_else_works() {
    for (reason, flag) in [
        (Reason::TlsIntercepted, TrustFlag::TlsIntercepted),
        (Reason::Tampered, TrustFlag::Tampered),
        (Reason::WrongAnswer, TrustFlag::WrongAnswer),
    ] {
        let broken = with_code(fails(Capability::Http, Stage::Tls, reason), 200);
        for attempts in
            [[broken.clone(), works(Capability::Socks5, 5)], [works(Capability::Socks5, 5), broken.clone()]]
        {
            let verdict = verdict(attempts);
            assert!(!verdict.success, "{reason} is worse than working is good");
            assert_eq!((verdict.reason, verdict.code), (Some(reason), Some(200)));
            assert_eq!(verdict.decided_by, Capability::Http);
            assert_eq!(verdict.latency_ms, None, "a failure has no latency");
            assert_eq!(verdict.trust.iter().collect::<Vec<_>>(), [flag]);
            assert_eq!(verdict.capabilities.get(Capability::Socks5).ok, Some(true), "but what works is told");
        }
    }
}

#[test]
fn a_rewritten_header_is_a_note_only() {
    let mut attempt = works(Capability::Http, 10);
    attempt.rewritten = vec!["User-Agent".to_owned()];
    let verdict = verdict([attempt]);
    assert!(verdict.success, "a note does not make it fail");
    assert_eq!(verdict.trust.iter().collect::<Vec<_>>(), [TrustFlag::RewritesHeaders]);
}

#[test]
fn the_reason_is_that_of_the_furthest_attempt() {
    use Capability::{Connect, Http, Socks4, Socks5};
    for (attempts, decided_by, reason, why) in [
        (
            vec![
                fails(Http, Stage::Handshake, Reason::NotAProxy),
                fails(Socks5, Stage::Tunnel, Reason::AuthRequired),
                fails(Socks4, Stage::Handshake, Reason::Closed),
            ],
            Socks5,
            Reason::AuthRequired,
            "a tunnel that was refused is further than a handshake that failed",
        ),
        (
            vec![
                fails(Http, Stage::Answer, Reason::AnswerTimeout),
                fails(Connect, Stage::Tunnel, Reason::Rejected),
            ],
            Http,
            Reason::AnswerTimeout,
            "an answer that began is the furthest",
        ),
        (
            vec![
                fails(Http, Stage::Handshake, Reason::NotAProxy),
                fails(Connect, Stage::Handshake, Reason::NotAProxy),
            ],
            Http,
            Reason::NotAProxy,
            "of two that came as far the first decides",
        ),
        (
            vec![
                fails(Socks5, Stage::Handshake, Reason::HandshakeTimeout),
                fails(Http, Stage::Handshake, Reason::Closed),
                fails(Connect, Stage::Handshake, Reason::NotAProxy),
                fails(Socks4, Stage::Handshake, Reason::Reset),
            ],
            Connect,
            Reason::NotAProxy,
            "of those that came as far the one that was answered decides",
        ),
    ] {
        let verdict = verdict(attempts);
        assert_eq!((verdict.decided_by, verdict.reason), (decided_by, Some(reason)), "{why}");
    }
}

#[test]
fn an_endpoint_that_was_not_reached_answers_every_question_at_once() {
    for &reason in Reason::ALL.iter().filter(|r| r.settles_all()) {
        let verdict = verdict([fails(Capability::Socks5, Stage::Dial, reason)]);
        for (capability, answer) in verdict.capabilities.iter() {
            assert_eq!(
                (answer.ok, answer.reason),
                (Some(false), Some(reason)),
                "{capability} after {reason}"
            );
        }
        assert_eq!(verdict.reason, Some(reason));
    }
}

#[test]
fn an_endpoint_that_was_reached_once_answers_only_what_was_asked() {
    let verdict = verdict([
        fails(Capability::Http, Stage::Handshake, Reason::NotAProxy),
        fails(Capability::Connect, Stage::Dial, Reason::Refused),
    ]);
    assert_eq!(verdict.capabilities.get(Capability::Connect).reason, Some(Reason::Refused));
    assert_eq!(verdict.capabilities.get(Capability::Socks5).ok, None, "nobody asked");
}

#[test]
fn what_is_not_the_proxys_fault_writes_nothing() {
    assert_eq!(judged([]), None, "nothing was tried");
    for reason in [Reason::LocalError, Reason::JudgeDown, Reason::Cancelled] {
        let excused = fails(Capability::Http, Stage::Dial, reason);
        assert_eq!(judged([excused.clone()]), None, "{reason} alone");
        let dead = fails(Capability::Connect, Stage::Tunnel, Reason::Rejected);
        assert_eq!(judged([dead, excused]), None, "{reason} leaves open whether it is dead");
    }
}

#[test]
fn a_run_that_was_stopped_writes_nothing_even_of_what_worked() {
    let stopped = fails(Capability::Socks5, Stage::Answer, Reason::Cancelled);
    assert_eq!(judged([works(Capability::Http, 3), stopped]), None, "the check is not finished");
}

#[test]
fn a_proof_counts_even_if_we_failed_elsewhere() {
    for reason in [Reason::LocalError, Reason::JudgeDown] {
        let excused = fails(Capability::Http, Stage::Dial, reason);
        let verdict = verdict([excused.clone(), works(Capability::Socks5, 7)]);
        assert!(verdict.success, "what works works");
        assert_eq!(verdict.capabilities.get(Capability::Http).ok, None, "{reason} answers nothing");
        let broken = fails(Capability::Socks5, Stage::Answer, Reason::Tampered);
        let verdict = judged([excused, broken]).unwrap();
        assert_eq!(verdict.reason, Some(Reason::Tampered), "what was tampered with was tampered with");
    }
}

#[test]
fn a_refusal_of_an_unusual_port_is_not_tried() {
    let mut refused = with_code(fails(Capability::Connect, Stage::Tunnel, Reason::Rejected), 403);
    refused.port = Some(8080);
    refused.conclusive = false;
    let alone = verdict([refused.clone()]);
    let answer = alone.capabilities.get(Capability::Connect);
    assert_eq!((answer.ok, answer.port, answer.code), (None, Some(8080), Some(403)), "many allow 443 only");
    assert_eq!(answer.reason, Some(Reason::Rejected), "what came of it is told all the same");
    assert_eq!((alone.success, alone.reason), (false, Some(Reason::Rejected)), "the check failed by that");

    let beside = verdict([refused.clone(), works(Capability::Http, 4)]);
    assert_eq!(beside.capabilities.working().collect::<Vec<_>>(), [Capability::Http]);

    let clear = with_code(fails(Capability::Connect, Stage::Tunnel, Reason::Rejected), 403);
    let both = verdict([clear, refused]);
    let answer = both.capabilities.get(Capability::Connect);
    assert_eq!((answer.ok, answer.port), (Some(false), None), "it does not undo a clear answer");
}

#[test]
fn a_later_attempt_at_the_same_question_counts_only_if_the_earlier_failed() {
    let no = fails(Capability::Http, Stage::Answer, Reason::AnswerTimeout);
    for attempts in [[no.clone(), works(Capability::Http, 9)], [works(Capability::Http, 9), no.clone()]] {
        let verdict = verdict(attempts);
        let answer = verdict.capabilities.get(Capability::Http);
        assert_eq!((answer.ok, answer.latency_ms, answer.reason), (Some(true), Some(9), None));
    }
    let later = fails(Capability::Http, Stage::Handshake, Reason::Reset);
    let verdict = verdict([no, later]);
    assert_eq!(
        verdict.capabilities.get(Capability::Http).reason,
        Some(Reason::Reset),
        "the latest no stands"
    );
}

#[test]
fn what_was_found_over_tls_to_the_proxy_says_so() {
    let mut attempt = works(Capability::Http, 9);
    attempt.over_tls = true;
    assert!(verdict([attempt]).capabilities.get(Capability::Http).over_tls);
}

#[test]
fn a_proxy_is_as_anonymous_as_its_most_talkative_protocol() {
    use Anonymity::{Anonymous, Elite, Transparent, Unknown};
    let found = |levels: &[(Anonymity, Basis)]| {
        let attempts: Vec<_> = levels
            .iter()
            .zip([Capability::Http, Capability::Connect, Capability::Socks5])
            .map(|(&(level, basis), capability)| finds(works(capability, 5), level, basis))
            .collect();
        verdict(attempts).finding
    };
    let (headers, tunnel) = (Basis::Headers, Basis::Tunnel);
    assert_eq!(
        found(&[(Elite, headers), (Transparent, headers), (Anonymous, tunnel)]).anonymity,
        Transparent
    );
    assert_eq!(found(&[(Elite, tunnel), (Anonymous, headers)]).anonymity, Anonymous);
    assert_eq!(found(&[(Unknown, headers), (Elite, tunnel)]).anonymity, Elite, "unknown says nothing");
    assert_eq!(found(&[(Unknown, headers)]).anonymity, Unknown);
    assert_eq!(found(&[(Elite, tunnel), (Elite, headers)]).basis, headers, "headers are the better ground");
}

#[test]
fn a_failed_attempt_says_nothing_about_anonymity() {
    let failed = finds(
        fails(Capability::Http, Stage::Answer, Reason::Tampered),
        Anonymity::Transparent,
        Basis::Headers,
    );
    assert_eq!(verdict([failed]).finding, Finding::default());
}

#[test]
fn the_exit_is_that_of_the_fastest() {
    let exit = |text: &str| -> Option<IpAddr> { text.parse().ok() };
    let mut slow = works(Capability::Http, 50);
    slow.exit = exit("198.51.100.1");
    let mut fast = works(Capability::Connect, 5);
    fast.exit = exit("198.51.100.2");
    assert_eq!(verdict([slow.clone(), fast.clone()]).exit, exit("198.51.100.2"));
    fast.exit = None;
    assert_eq!(verdict([slow, fast]).exit, exit("198.51.100.1"), "any is better than none");
}

fn any_attempt() -> impl Strategy<Value = Attempt> {
    (
        prop::sample::select(Capability::ALL.to_vec()),
        prop::sample::select(Stage::ALL.to_vec()),
        prop::option::of(prop::sample::select(Reason::ALL.to_vec())),
        any::<bool>(),
        0_u32..9000,
    )
        .prop_map(|(capability, stage, reason, conclusive, ms)| Attempt {
            stage,
            reason,
            conclusive: conclusive || reason.is_none(),
            latency_ms: reason.is_none().then_some(ms),
            ..attempt(capability)
        })
}

proptest! {
    #[test]
    fn a_verdict_never_contradicts_itself(attempts in prop::collection::vec(any_attempt(), 0..6)) {
        if let Some(verdict) = judged(attempts.clone()) {
            prop_assert_eq!(verdict.success, verdict.reason.is_none());
            prop_assert_eq!(verdict.success, verdict.latency_ms.is_some());
            prop_assert!(!verdict.success || verdict.capabilities.working().next().is_some());
            prop_assert!(verdict.reason.is_none_or(Reason::counts), "{:?} is not the proxy's", verdict.reason);
            let broken = attempts.iter().any(|a| a.reason.is_some_and(Reason::breaks_trust));
            prop_assert!(!(verdict.success && broken));
        } else {
            let excused = |a: &Attempt| a.reason.is_some_and(|r| !r.counts());
            prop_assert!(attempts.is_empty() || attempts.iter().any(excused), "only what is ours is left out");
        }
    }
}
