//! What the parts of the engine do together, with checks that were made up.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::sync::Arc;

use proxydeck_domain::{Attempt, Capability, Evidence, Finding, Reason, Stage, Status, Verdict};
use tempfile::TempDir;

use super::*;
use crate::api::dto::{ExportAskDto, FacetDto, FormatDto, LocationDto, StatusDto};
use crate::api::{export_save, import_commit, import_text, open_view, proxy_detail, stats, view_rows};

fn opening(access: Access, dir: &TempDir) -> Opening {
    Opening { access, data_dir: Some(dir.path().join("data")), keyring: false }
}

fn writer(dir: &TempDir) -> Engine {
    Engine::open_as(&opening(Access::Write, dir)).unwrap()
}

fn import(engine: &Engine, text: &str) {
    let import = import_text(engine, text).unwrap().import;
    import_commit(engine, import).unwrap();
}

fn all(engine: &Engine) -> Vec<i64> {
    engine.ids_matching(&FilterDto::default()).unwrap()
}

fn checked(id: i64, at: UnixMs, reason: Option<Reason>) -> CheckDone {
    let mut attempt = Attempt::new(Capability::Socks5, Arc::from("http://judge.test/"));
    attempt.stage = Stage::Answer;
    attempt.reason = reason;
    if reason.is_none() {
        attempt.latency_ms = Some(50);
        attempt.exit = Some([9, 9, 9, 9].into());
        attempt.finding = Some(Finding {
            anonymity: proxydeck_domain::Anonymity::Anonymous,
            giveaway: Some("Via: \u{1b}[31m1.1 squid".to_owned()),
            ..Finding::default()
        });
    }
    let evidence = Evidence { attempts: vec![attempt], entry: None };
    CheckDone { id, at, verdict: Verdict::of(&evidence).unwrap(), evidence, visits: Box::default() }
}

#[test]
fn a_check_that_landed_is_seen_at_once_and_after_the_next_start() {
    let dir = TempDir::new().unwrap();
    let engine = writer(&dir);
    import(&engine, "socks5://1.2.3.4:1080\n1.2.3.5:1080\n");
    let ids = all(&engine);
    let now = now_ms();
    let view = open_view(&engine, &FilterDto::default(), &[]).unwrap();
    engine.set_checking(&ids, true);
    assert!(view_rows(&engine, view.view, 0, 2).unwrap().rows[0].checking, "a check in flight is shown");

    let batch = vec![checked(ids[0], now, None), checked(ids[1], now, Some(Reason::Refused))];
    assert_eq!(engine.apply_checks(None, batch).unwrap(), 2, "both results are durable");

    let before = view_rows(&engine, view.view, 0, 2).unwrap().rows;
    assert_eq!(before[0].status, StatusDto::Active);
    assert_eq!(before[0].latency_ms, Some(50));
    assert_eq!(before[1].reason, Some(Reason::Refused.into()));
    assert!(!before[0].checking, "what has landed is no longer in flight");
    let detail = proxy_detail(&engine, ids[0]).unwrap();
    assert_eq!(
        detail.giveaway.as_deref(),
        Some("Via: \\u{1b}[31m1.1 squid"),
        "a stranger's header is escaped"
    );
    assert_eq!(detail.checks.len(), 1);
    assert_eq!(detail.checks[0].attempts.len(), 1, "the evidence is kept");

    drop(engine);
    let engine = writer(&dir);
    let view = open_view(&engine, &FilterDto::default(), &[]).unwrap();
    let after = view_rows(&engine, view.view, 0, 2).unwrap().rows;
    assert_eq!(after, before, "the next start shows the same rows");
}

/// 9.9.9.9 is in the United States and belongs to AS19281, Quad9; 168.95.1.1 is in Taiwan and AS3462.
#[test]
fn the_country_is_that_of_the_exit_at_once_and_after_the_next_start() {
    let dir = TempDir::new().unwrap();
    let engine = writer(&dir);
    import(&engine, "168.95.1.1:1080\n168.95.1.2:1080\nname.example:1080\n");
    let ids = all(&engine);
    let leaving = |engine: &Engine, country: &str| {
        let filter = FilterDto { country: vec![country.to_owned()], ..FilterDto::default() };
        engine.ids_matching(&filter).unwrap()
    };
    let counted = |engine: &Engine| open_view(engine, &FilterDto::default(), &[]).unwrap().country;
    assert_eq!(counted(&engine), [], "before a check there is no exit");
    assert_eq!(leaving(&engine, "TW"), [0_i64; 0], "where they are entered is not their country");

    let now = now_ms();
    let batch = vec![checked(ids[0], now, None), checked(ids[2], now, None)];
    engine.apply_checks(None, batch).unwrap();
    let two = [FacetDto { value: "US".to_owned(), count: 2 }];
    assert_eq!(counted(&engine), two);
    assert_eq!(leaving(&engine, "us"), [ids[0], ids[2]]);
    drop(engine);
    let engine = writer(&dir);
    assert_eq!(counted(&engine), two, "looked up again at the start");
    assert_eq!(stats(&engine).country, two);

    let detail = proxy_detail(&engine, ids[0]).unwrap();
    let location = |country: &str, asn| (Some(country.to_owned()), Some(asn));
    assert_eq!((detail.entry.country, detail.entry.asn), location("TW", 3462));
    assert_eq!((detail.exit.country, detail.exit.asn), location("US", 19_281));
    assert_eq!(detail.exit.organisation.as_deref(), Some("Quad9"));
    assert_eq!(
        (detail.row.country.as_deref(), detail.row.entry_country.as_deref()),
        (Some("US"), Some("TW"))
    );
    let named = proxy_detail(&engine, ids[2]).unwrap();
    assert_eq!(named.entry, LocationDto::default(), "nobody knows where a name leads");
    let mut led = checked(ids[2], now + 1, None);
    led.evidence.entry = Some([168, 95, 1, 1].into());
    led.verdict = Verdict::of(&led.evidence).unwrap();
    engine.apply_checks(None, vec![led]).unwrap();
    let entered = |engine: &Engine| {
        let view = open_view(engine, &FilterDto::default(), &[]).unwrap();
        let rows = view_rows(engine, view.view, 0, 3).unwrap().rows;
        rows.into_iter().find(|row| row.id == ids[2]).unwrap().entry_country
    };
    assert_eq!(entered(&engine).as_deref(), Some("TW"), "until a check has asked");
    drop(engine);
    let engine = writer(&dir);
    assert_eq!(entered(&engine).as_deref(), Some("TW"));
    assert_eq!(proxy_detail(&engine, ids[2]).unwrap().entry.asn, Some(3462));

    engine.apply_checks(None, vec![checked(ids[0], now + 1, Some(Reason::Refused))]).unwrap();
    assert_eq!(leaving(&engine, "US"), [ids[2]], "its last check saw no exit");
    let wrong = FilterDto { country: vec!["USA".to_owned()], ..FilterDto::default() };
    assert_eq!(open_view(&engine, &wrong, &[]).unwrap_err().code(), ErrorCode::Invalid);
}

#[test]
fn failures_add_up_to_failed_and_one_success_ends_them() {
    let dir = TempDir::new().unwrap();
    let engine = writer(&dir);
    import(&engine, "1.2.3.4:80\n");
    let id = all(&engine)[0];
    let status = || {
        let pool = engine.pool();
        pool.standing(pool.row_of(id).unwrap())
    };
    let now = now_ms();
    for (at, failures) in [(0, 1), (1, 2)] {
        engine.apply_checks(None, vec![checked(id, now + at, Some(Reason::Closed))]).unwrap();
        assert_eq!(status(), Standing { status: Status::Inactive, failures });
    }
    // Two results of one batch count one after the other.
    let batch = vec![checked(id, now + 2, Some(Reason::Closed)), checked(id, now + 3, Some(Reason::Reset))];
    engine.apply_checks(None, batch).unwrap();
    assert_eq!(status(), Standing { status: Status::Failed, failures: 4 });
    engine.apply_checks(None, vec![checked(id, now + 4, None)]).unwrap();
    assert_eq!(status(), Standing { status: Status::Active, failures: 0 });
    let rate = open_view(&engine, &FilterDto::default(), &[]).unwrap();
    let row = &view_rows(&engine, rate.view, 0, 1).unwrap().rows[0];
    assert_eq!(row.success_rate, Some(0.2), "one of five succeeded");
}

#[test]
fn passwords_are_opened_for_a_check_and_lie_nowhere_in_the_clear() {
    let dir = TempDir::new().unwrap();
    let engine = writer(&dir);
    import(
        &engine,
        "socks5://ann:hunter2secret@1.2.3.4:1080\nsocks5://ann:other4secret@1.2.3.4:1080\n5.6.7.8:80\n",
    );
    let ids = all(&engine);
    assert_eq!(ids.len(), 3, "one gateway with two logins is two proxies");
    let jobs = engine.jobs_of_in_order(&ids);
    assert_eq!(jobs, [Some("hunter2secret"), Some("other4secret"), None].map(|s| s.map(str::to_owned)));

    engine.shutdown();
    drop(engine);
    for entry in std::fs::read_dir(dir.path().join("data")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let clear = bytes.windows(13).any(|part| part == b"hunter2secret");
            assert!(!clear, "a password stands in the clear in {}", path.display());
        }
    }
    let engine = writer(&dir);
    let jobs = engine.jobs_of_in_order(&ids);
    assert_eq!(jobs[0].as_deref(), Some("hunter2secret"), "the key is found again");
    import(&engine, "socks5://ann:hunter2secret@1.2.3.4:1080\n");
    assert_eq!(all(&engine), ids, "the same login is the same proxy");
}

impl Engine {
    fn jobs_of_in_order(&self, ids: &[i64]) -> Vec<Option<String>> {
        let jobs = self.jobs(ids).unwrap();
        jobs.into_iter().map(|job| job.proxy.account.map(|a| a.secret.expose().to_owned())).collect()
    }
}

#[test]
fn without_a_key_the_passwords_are_closed_and_nothing_else_is() {
    let dir = TempDir::new().unwrap();
    let engine = writer(&dir);
    import(&engine, "socks5://ann:hunter2secret@1.2.3.4:1080\n5.6.7.8:80\n");
    drop(engine);
    std::fs::remove_file(dir.path().join("data/key")).unwrap();
    let engine = writer(&dir);
    let ids = all(&engine);
    assert_eq!(ids.len(), 2, "the pool is still there");
    assert_eq!(engine.jobs(&ids[..1]).unwrap_err().code(), ErrorCode::NotFound, "the key is what is missing");
    assert_eq!(engine.jobs(&ids[1..]).unwrap().len(), 1, "what has no password can be checked");
    assert!(!dir.path().join("data/key").exists(), "a second key would hide that the first is missing");
}

#[test]
fn exports_of_checked_proxies_hold_their_answers() {
    let dir = TempDir::new().unwrap();
    let engine = writer(&dir);
    import(&engine, "socks5://ann:s%40cret@1.2.3.4:1080\nhttp://1.2.3.5:80\n");
    let ids = all(&engine);
    let at = 1_795_332_000_000;
    let batch = vec![checked(ids[0], at, None), checked(ids[1], at, Some(Reason::DialTimeout))];
    engine.apply_checks(None, batch).unwrap();
    let view = open_view(&engine, &FilterDto::default(), &[]).unwrap().view;
    let export = |format, working_only, with_secrets| {
        let path = dir.path().join("out");
        let ask = ExportAskDto { view, format, working_only, with_secrets };
        let exported = export_save(&engine, &ask, &path).unwrap();
        (exported.written, std::fs::read_to_string(&path).unwrap())
    };
    assert_eq!(export(FormatDto::Txt, true, false), (1, "1.2.3.4:1080\n".to_owned()));
    assert_eq!(
        export(FormatDto::Url, false, false).1,
        "socks5://ann@1.2.3.4:1080\nhttp://1.2.3.5:80\n",
        "without being asked no password leaves"
    );
    assert_eq!(export(FormatDto::Url, true, true).1, "socks5://ann:s%40cret@1.2.3.4:1080\n");

    let (_, lines) = export(FormatDto::Jsonl, false, false);
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["capabilities"]["socks5"]["ok"], true);
    assert_eq!(first["capabilities"]["socks5"]["latency_ms"], 50);
    assert_eq!(first["capabilities"]["http"]["ok"], serde_json::Value::Null);
    assert_eq!(first["checked_at"], "2026-11-22T07:20:00Z");
    assert_eq!(first["giveaway"], "Via: \u{1b}[31m1.1 squid", "a file holds what was seen");
    assert!(!lines.contains("cret"), "no password without being asked");

    let (_, csv) = export(FormatDto::Csv, false, false);
    let row = csv.lines().nth(1).unwrap();
    assert!(
        row.starts_with("1.2.3.4:1080,ann,socks5,active,,50,anonymous,9.9.9.9,US,19281,Quad9,1,"),
        "{row}"
    );
    assert!(row.contains(",,pasted/"), "{row}");
    assert!(row.ends_with(",2026-11-22T07:20:00Z,2026-11-22T07:20:00Z"), "{row}");

    let told = stats(&engine);
    assert_eq!((told.total, told.working, told.median_latency_ms), (2, 1, Some(50)));
    assert_eq!(told.reason[0].value, "dial_timeout");
}
