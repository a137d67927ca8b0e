//! Views against a naive model of them, over pools of every kind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::cmp::Ordering;
use std::net::IpAddr;

use proptest::prelude::*;
use proxydeck_domain::{Capability, Endpoint, Standing};

use super::*;
use crate::api::dto::{AnonymityDto, ProtocolDto, StatusDto};

const NOW: UnixMs = 1_800_000_000_000;

fn endpoint() -> impl Strategy<Value = Endpoint> {
    let host = prop_oneof![
        4 => (1_u8..4, any::<u8>()).prop_map(|(a, d)| format!("{a}.20.30.{d}")),
        1 => (0_u16..9).prop_map(|n| format!("[2001:db9::{n:x}]")),
        2 => "[a-c]{1,3}\\.(example|test)".prop_map(|name| name),
    ];
    (host, 1_u16..200).prop_map(|(host, port)| format!("{host}:{port}").parse().unwrap())
}

fn exit() -> impl Strategy<Value = Option<IpAddr>> {
    prop_oneof![
        Just(None),
        any::<u8>().prop_map(|d| Some(IpAddr::from([9, 9, 9, d]))),
        // Of these the country and the network are known: Taiwan, Japan, the United States.
        proptest::sample::select(vec!["168.95.1.1", "133.11.0.1", "8.8.8.8", "2001:4860:4860::8888"])
            .prop_map(|ip| Some(ip.parse().unwrap())),
        (1_u16..5).prop_map(|n| Some(IpAddr::from([0x2001, 0xdb9, 0, 0, 0, 0, 0, n]))),
    ]
}

prop_compose! {
    fn record()(
        endpoint in endpoint(),
        user in proptest::option::of("[a-bA-B]{1,3}"),
        hints in 0_u8..16,
        checked in proptest::option::weighted(0.8, 0..3_000_000_000_i64),
        success in any::<bool>(),
        (working, failures) in (any::<u8>(), 0_u32..6),
        reason in 1_u8..22,
        (code, latency) in (proptest::option::of(200_u16..600), proptest::option::of(0_u32..50)),
        level in 0_u8..4,
        exit in exit(),
        trust in 0_u8..32,
        (checks, successes) in (1_u32..9).prop_flat_map(|checks| (Just(checks), 0..=checks)),
        seen in 0_i64..5,
        sources in proptest::collection::btree_set(1_i64..5, 0..3),
        tags in proptest::collection::btree_set("[x-z]", 0..3),
    ) -> Record {
        let measured = checked.is_some();
        let status = match (measured, success) {
            (false, _) => Status::New,
            (true, true) => Status::Active,
            (true, false) => if failures > 2 { Status::Failed } else { Status::Inactive },
        };
        Record {
            id: 0,
            endpoint,
            user,
            hints: Hints::from_bits(hints),
            standing: Standing { status, failures },
            working: if measured && success { working } else { 0 },
            reason: (measured && !success).then(|| Reason::from_number(reason).unwrap()),
            code: if measured { code } else { None },
            latency_ms: if measured && success { latency } else { None },
            anonymity: measured.then(|| Anonymity::from_number(level).unwrap()),
            led_to: None,
            exit: if measured { exit } else { None },
            trust: TrustFlags::from_bits(if measured { trust } else { 0 }),
            checks_30d: if measured { checks } else { 0 },
            successes_30d: if measured { successes } else { 0 },
            last_checked: checked.map(|ago| NOW - ago),
            last_success: checked.filter(|_| success).map(|ago| NOW - ago),
            first_seen: seen,
            sources: sources.into_iter().collect(),
            tags: tags.into_iter().map(String::into_boxed_str).collect(),
        }
    }
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    proptest::collection::vec(record(), 0..60).prop_map(|mut records| {
        for (at, record) in records.iter_mut().enumerate() {
            record.id = 10 + 3 * i64::try_from(at).unwrap();
        }
        records
    })
}

fn filter() -> impl Strategy<Value = FilterDto> {
    use proptest::sample::{select, subsequence};
    let status =
        [StatusDto::Active, StatusDto::New, StatusDto::Inactive, StatusDto::Failed, StatusDto::Retired];
    let protocol = [ProtocolDto::Http, ProtocolDto::Https, ProtocolDto::Socks4, ProtocolDto::Socks5];
    let anonymity =
        [AnonymityDto::Elite, AnonymityDto::Anonymous, AnonymityDto::Transparent, AnonymityDto::Unknown];
    let text = select(vec![
        "", "", "", "1.20", ".30.1", ":1", "0:5", "9.9.9", "a", "A", "b.ex", "test:1", "[2001", "db9::2",
        "]:1", "time", "refused", " b ", "nowhere",
    ]);
    (
        subsequence(status.to_vec(), 0..4),
        subsequence(protocol.to_vec(), 0..3),
        subsequence(anonymity.to_vec(), 0..3),
        subsequence(vec!["TW", "us", "JP", "DE"], 0..3),
        text,
        proptest::option::weighted(0.3, 0_u32..60),
        proptest::option::weighted(0.3, 0.0..=1.0_f64),
        proptest::bool::weighted(0.3),
        subsequence(vec!["list 1", "list 2", "nowhere"], 0..2),
        subsequence(vec!["x", "y", "never"], 0..2),
    )
        .prop_map(
            |(
                status,
                protocol,
                anonymity,
                country,
                text,
                max_latency_ms,
                min_score,
                trusted,
                source,
                tag,
            )| {
                FilterDto {
                    status,
                    protocol,
                    anonymity,
                    country: country.into_iter().map(str::to_owned).collect(),
                    text: text.to_owned(),
                    max_latency_ms,
                    min_score,
                    trusted,
                    target: Vec::new(),
                    source: source.into_iter().map(str::to_owned).collect(),
                    tag: tag.into_iter().map(str::to_owned).collect(),
                }
            },
        )
}

fn sort() -> impl Strategy<Value = Vec<SortKeyDto>> {
    let columns = vec![
        SortColumnDto::Proxy,
        SortColumnDto::Protocols,
        SortColumnDto::Status,
        SortColumnDto::Reason,
        SortColumnDto::Latency,
        SortColumnDto::Anonymity,
        SortColumnDto::Exit,
        SortColumnDto::Country,
        SortColumnDto::Asn,
        SortColumnDto::SuccessRate,
        SortColumnDto::Score,
        SortColumnDto::LastChecked,
        SortColumnDto::LastSuccess,
        SortColumnDto::FirstSeen,
    ];
    let key = (proptest::sample::select(columns), any::<bool>())
        .prop_map(|(column, descending)| SortKeyDto { column, descending });
    proptest::collection::vec(key, 0..4)
}

fn pool_of(records: &[Record]) -> Pool {
    let mut pool = Pool::new(Arc::default());
    for record in records {
        pool.put(record);
    }
    // Two lists in different places may have one name.
    for (source, name) in [(1, "list 1"), (2, "list 2"), (3, "list 2"), (4, "list 4")] {
        pool.name_source(source, name);
    }
    pool
}

fn found(record: &Record) -> Hints {
    Capability::ALL
        .into_iter()
        .filter(|capability| record.working & 1 << *capability as u8 != 0)
        .filter_map(Capability::protocol)
        .collect()
}

fn speaks(record: &Record) -> Hints {
    if record.last_checked.is_none() { record.hints } else { found(record) }
}

fn country(record: &Record) -> Option<String> {
    Geo::default().country(record.exit?).map(|country| country.to_string())
}

/// The meaning of a filter, written as plainly as can be.
fn passes(record: &Record, filter: &FilterDto) -> bool {
    let text = filter.text.trim().to_lowercase();
    let texts = [
        Some(record.endpoint.to_string()),
        record.user.clone(),
        record.exit.map(|exit| proxydeck_domain::Host::from(exit).to_string()),
        record.reason.map(|reason| reason.as_str().to_owned()),
    ];
    let breaks = [TrustFlag::TlsIntercepted, TrustFlag::Tampered, TrustFlag::WrongAnswer];
    (filter.status.is_empty() || filter.status.contains(&record.standing.status.into()))
        && (filter.protocol.is_empty()
            || speaks(record).iter().any(|protocol| filter.protocol.contains(&protocol.into())))
        && (filter.anonymity.is_empty()
            || record.anonymity.is_some_and(|level| filter.anonymity.contains(&level.into())))
        && (filter.country.is_empty()
            || country(record)
                .is_some_and(|code| filter.country.iter().any(|c| c.eq_ignore_ascii_case(&code))))
        && filter.max_latency_ms.is_none_or(|most| record.latency_ms.is_some_and(|ms| ms <= most))
        && filter.min_score.is_none_or(|least| record.score(NOW).is_some_and(|score| score.total >= least))
        && (!filter.trusted || !breaks.iter().any(|flag| record.trust.contains(*flag)))
        && (filter.source.is_empty()
            || record.sources.iter().any(|source| {
                let name = format!("list {}", if *source == 3 { 2 } else { *source });
                filter.source.contains(&name)
            }))
        && (filter.tag.is_empty()
            || record.tags.iter().any(|tag| filter.tag.iter().any(|wanted| **wanted == **tag)))
        && (text.is_empty() || texts.iter().flatten().any(|shown| shown.to_lowercase().contains(&text)))
}

/// One column of an order, written as plainly as can be.
fn compare(a: &Record, b: &Record, column: SortColumnDto) -> Option<Ordering> {
    fn both<T: PartialOrd>(a: Option<T>, b: Option<T>) -> Option<Ordering> {
        a.zip(b).and_then(|(a, b)| a.partial_cmp(&b))
    }
    let place = |record: &Record| Status::ALL.iter().position(|s| *s == record.standing.status);
    let level =
        |record: &Record| record.anonymity.and_then(|level| Anonymity::ALL.iter().position(|a| *a == level));
    let protocols =
        |record: &Record| Some(found(record).iter().collect::<Vec<_>>()).filter(|p| !p.is_empty());
    match column {
        SortColumnDto::Proxy => both(Some(&a.endpoint), Some(&b.endpoint)),
        SortColumnDto::Protocols => both(protocols(a), protocols(b)),
        SortColumnDto::Status => both(place(a), place(b)),
        SortColumnDto::Reason => both(a.reason, b.reason),
        SortColumnDto::Latency => both(a.latency_ms, b.latency_ms),
        SortColumnDto::Anonymity => both(level(a), level(b)),
        SortColumnDto::Exit => both(a.exit, b.exit),
        SortColumnDto::Country => both(country(a), country(b)),
        SortColumnDto::Asn => {
            let asn = |record: &Record| Geo::default().asn(record.exit?);
            both(asn(a), asn(b))
        }
        SortColumnDto::SuccessRate => both(a.success_rate(), b.success_rate()),
        SortColumnDto::Score => both(a.score(NOW).map(|s| s.total), b.score(NOW).map(|s| s.total)),
        SortColumnDto::LastChecked => both(a.last_checked, b.last_checked),
        SortColumnDto::LastSuccess => both(a.last_success, b.last_success),
        SortColumnDto::FirstSeen => both(Some(a.first_seen), Some(b.first_seen)),
    }
}

fn has(record: &Record, column: SortColumnDto) -> bool {
    compare(record, record, column).is_some()
}

fn naive_order(a: &Record, b: &Record, keys: &[SortKeyDto]) -> Ordering {
    for key in keys {
        let order = match (has(a, key.column), has(b, key.column)) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            _ => {
                let order = compare(a, b, key.column).unwrap_or(Ordering::Equal);
                if key.descending { order.reverse() } else { order }
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    a.id.cmp(&b.id)
}

fn count(facets: &[FacetDto], value: &str) -> u32 {
    facets.iter().find(|facet| facet.value == value).unwrap().count
}

proptest! {
    #[test]
    fn a_view_is_what_the_naive_model_says(records in records(), filter in filter(), keys in sort()) {
        let pool = pool_of(&records);
        let sifted = sift(&pool, &filter, NOW);
        let ids = order(&pool, sifted.rows, &keys, NOW);

        let mut wanted: Vec<&Record> = records.iter().filter(|record| passes(record, &filter)).collect();
        wanted.sort_by(|a, b| naive_order(a, b, &keys));
        let wanted: Vec<i64> = wanted.iter().map(|record| record.id).collect();
        prop_assert_eq!(&*ids, wanted.as_slice());
    }

    #[test]
    fn a_facet_counts_what_there_would_be_without_its_own_part(records in records(), filter in filter()) {
        let sifted = sift(&pool_of(&records), &filter, NOW);
        let matching = |filter: &FilterDto, test: &dyn Fn(&Record) -> bool| {
            number(records.iter().filter(|record| passes(record, filter) && test(record)).count())
        };
        let open = FilterDto { status: Vec::new(), ..filter.clone() };
        for status in Status::ALL {
            prop_assert_eq!(count(&sifted.status, status.as_str()), matching(&open, &|r| r.standing.status == status));
        }
        let open = FilterDto { protocol: Vec::new(), ..filter.clone() };
        for protocol in Protocol::ALL {
            prop_assert_eq!(count(&sifted.protocol, protocol.as_str()), matching(&open, &|r| speaks(r).contains(protocol)));
        }
        let open = FilterDto { anonymity: Vec::new(), ..filter.clone() };
        for level in Anonymity::ALL {
            prop_assert_eq!(count(&sifted.anonymity, level.as_str()), matching(&open, &|r| r.anonymity == Some(level)));
        }
        let open = FilterDto { country: Vec::new(), ..filter.clone() };
        prop_assert!(sifted.country.is_sorted_by_key(|facet| std::cmp::Reverse(facet.count)), "ranked");
        for code in ["TW", "JP", "US", "DE", "FR"] {
            let matching = matching(&open, &|r| country(r).as_deref() == Some(code));
            let chosen = filter.country.iter().any(|c| c.eq_ignore_ascii_case(code));
            let facet = sifted.country.iter().find(|facet| facet.value == code);
            prop_assert_eq!(facet.map(|facet| facet.count), (matching > 0 || chosen).then_some(matching));
        }
        let open = FilterDto { tag: Vec::new(), ..filter.clone() };
        prop_assert!(sifted.tag.is_sorted_by_key(|facet| std::cmp::Reverse(facet.count)), "ranked");
        for word in ["x", "y", "z", "never"] {
            let matching = matching(&open, &|r| r.tags.iter().any(|tag| **tag == *word));
            let mut facets = sifted.tag.iter().filter(|facet| facet.value == word);
            let wanted = (matching > 0 || filter.tag.iter().any(|tag| tag == word)).then_some(matching);
            prop_assert_eq!(facets.next().map(|facet| facet.count), wanted);
            prop_assert_eq!(facets.next(), None, "once, however often it was chosen");
        }
    }

    #[test]
    fn what_is_put_into_the_pool_comes_out_of_it(records in records()) {
        let mut pool = pool_of(&records);
        // Again, from the other end: replacing must change nothing.
        for record in records.iter().rev() {
            pool.put(record);
        }
        prop_assert_eq!(pool.len(), records.len());
        let active = records.iter().filter(|record| record.standing.status == Status::Active).count();
        prop_assert_eq!(pool.working(), number(active));
        for record in &records {
            let row = pool.row_of(record.id).unwrap();
            prop_assert_eq!(&pool.record(row).unwrap(), record);
            prop_assert_eq!(pool.score(row, NOW), record.score(NOW).map(|score| score.total));
        }
    }

    #[test]
    fn what_is_taken_out_and_brought_back_is_as_it_was(
        records in records(),
        gone in proptest::collection::vec(any::<bool>(), 60),
    ) {
        let mut pool = pool_of(&records);
        let (away, left): (Vec<_>, Vec<_>) = records.iter().zip(&gone).partition(|(_, gone)| **gone);
        let away: Vec<Record> = away.into_iter().map(|(record, _)| record.clone()).collect();
        pool.remove(&away.iter().map(|record| record.id).collect::<Vec<_>>());
        prop_assert_eq!(pool.len(), left.len());
        for record in &away {
            prop_assert_eq!(pool.row_of(record.id), None);
        }
        for (record, _) in left {
            prop_assert_eq!(&pool.record(pool.row_of(record.id).unwrap()).unwrap(), record);
        }
        pool.bring_back(&away);
        prop_assert_eq!(pool.len(), records.len());
        let active = records.iter().filter(|record| record.standing.status == Status::Active).count();
        prop_assert_eq!(pool.working(), number(active));
        prop_assert!(pool.columns().id.is_sorted());
        for record in &records {
            prop_assert_eq!(&pool.record(pool.row_of(record.id).unwrap()).unwrap(), record);
        }
    }
}

#[test]
fn proxies_that_come_out_of_order_find_their_place() {
    let named = |id: i64| Record {
        id,
        endpoint: format!("192.0.2.1:{id}").parse().unwrap(),
        user: None,
        hints: Hints::NONE,
        standing: Standing::default(),
        working: 0,
        reason: None,
        code: None,
        latency_ms: None,
        anonymity: None,
        led_to: None,
        exit: None,
        trust: TrustFlags::default(),
        checks_30d: 0,
        successes_30d: 0,
        last_checked: None,
        last_success: None,
        first_seen: 0,
        sources: Vec::new(),
        tags: Vec::new(),
    };
    let pool = pool_of(&[named(5), named(9), named(7), named(1)]);
    let ids = order(&pool, sift(&pool, &FilterDto::default(), NOW).rows, &[], NOW);
    assert_eq!(&*ids, [1, 5, 7, 9], "one that is brought back stands where it stood");
    assert_eq!(pool.record(pool.row_of(7).unwrap()).unwrap(), named(7));
}

#[test]
fn the_oldest_view_closes_when_there_are_too_many() {
    let mut views = Views::default();
    let first = views.keep([1].into());
    let rest: Vec<u32> = (0..MAX_OPEN_VIEWS).map(|_| views.keep([2].into())).collect();
    assert!(views.get(first).is_err(), "the first had to make room");
    assert!(rest.iter().all(|view| views.get(*view).is_ok()), "the others are still open");
}
