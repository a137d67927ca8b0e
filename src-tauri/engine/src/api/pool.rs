//! Looking at the pool: views, one proxy, and the counts.

use std::collections::HashMap;

use proxydeck_domain::{Anonymity, Protocol, Reason, Status, UnixMs};
use proxydeck_geo::Country;

use super::dto::{
    CapabilityAnswerDto, CheckDto, FacetDto, FilterDto, ProxyDetailDto, RowsDto, SortKeyDto, StatsDto,
    ViewDto,
};
use super::{ApiError, Engine};
use crate::check::now_ms;
use crate::convert;
use crate::engine::record;
use crate::escape::{escape, escape_cut};
use crate::pool::{Pool, number};
use crate::view::{self, MAX_SLICE};

/// Checks of one proxy that are shown: a screen of them.
const CHECKS_SHOWN: u32 = 20;

/// Fixes the order of the rows that a filter matches, once. The rows keep their places until another view is opened.
/// The oldest view closes by itself when there are more than a handful.
///
/// # Errors
/// [`Invalid`](super::dto::ErrorCode::Invalid) with the name of the field in `what`.
pub fn open_view(engine: &Engine, filter: &FilterDto, sort: &[SortKeyDto]) -> Result<ViewDto, ApiError> {
    open_view_at(engine, filter, sort, now_ms())
}

fn open_view_at(
    engine: &Engine,
    filter: &FilterDto,
    sort: &[SortKeyDto],
    now: UnixMs,
) -> Result<ViewDto, ApiError> {
    view::validate_filter(filter)?;
    view::validate_order(sort)?;
    let pool = engine.pool();
    let sifted = view::sift(&pool, filter, now);
    let rows = number(sifted.rows.len());
    let ids = view::order(&pool, sifted.rows, sort, now);
    Ok(ViewDto {
        // Before the pool is let go: what is deleted from then on is taken out of the view too.
        view: engine.views().keep(ids),
        rows,
        total: number(pool.len()),
        working: pool.working(),
        revision: pool.revision(),
        status: sifted.status,
        protocol: sifted.protocol,
        anonymity: sifted.anonymity,
        country: sifted.country,
        tag: sifted.tag,
    })
}

/// A slice of a view: the rows as they are now, in the order of the view, without those that were deleted. It is cut to [`MAX_SLICE`] rows and to
/// the view's end.
///
/// # Errors
/// [`NotFound`](super::dto::ErrorCode::NotFound) when the view is closed.
pub fn view_rows(engine: &Engine, view: u32, from: u32, to: u32) -> Result<RowsDto, ApiError> {
    let now = now_ms();
    let pool = engine.pool();
    let ids = engine.views().get(view)?;
    let of = number(ids.len());
    let from = from.min(of);
    let to = to.min(from.saturating_add(MAX_SLICE)).clamp(from, of);
    let slice = ids.get(crate::pool::index(from)..crate::pool::index(to)).unwrap_or_default();
    let rows = slice.iter().filter_map(|id| view::row_of(&pool, *id, now)).collect();
    Ok(RowsDto { from, of, rows })
}

/// Where rows stand in a view now; none for one that it does not have, or no longer. No more than [`MAX_SLICE`] are
/// looked for.
///
/// # Errors
/// [`NotFound`](super::dto::ErrorCode::NotFound) when the view is closed.
pub fn view_places(engine: &Engine, view: u32, ids: &[i64]) -> Result<Vec<Option<u32>>, ApiError> {
    let rows = engine.views().get(view)?;
    let wanted = ids.iter().take(crate::pool::index(MAX_SLICE));
    let mut places: HashMap<i64, Option<u32>> = wanted.clone().map(|id| (*id, None)).collect();
    for (place, id) in (0..).zip(rows.iter()) {
        if let Some(known) = places.get_mut(id) {
            *known = Some(place);
        }
    }
    Ok(wanted.map(|id| places.get(id).copied().flatten()).collect())
}

/// Forgets a view. One that is closed already is no error.
pub fn close_view(engine: &Engine, view: u32) {
    engine.views().close(view);
}

/// Reads the two letters of a country in any case.
///
/// # Errors
/// [`Invalid`](super::dto::ErrorCode::Invalid) when no country has them.
pub fn usable_country(text: &str) -> Result<String, ApiError> {
    Country::parse(text)
        .filter(|country| country.is_assigned())
        .map(|country| country.to_string())
        .ok_or_else(|| {
            ApiError::invalid(
                "country",
                format!("{:?} is not the two letters of a country, such as TW.", escape_cut(text)),
            )
        })
}

/// Everything about one proxy.
///
/// # Errors
/// [`NotFound`](super::dto::ErrorCode::NotFound), and what reading the database can meet.
pub fn proxy_detail(engine: &Engine, id: i64) -> Result<ProxyDetailDto, ApiError> {
    let now = now_ms();
    let missing = || ApiError::not_found(format!("proxy of the number {id}"));
    let store = engine.store()?;
    let row = store.proxy(id, now)?.filter(|row| !row.deleted).ok_or_else(missing)?;
    let checks = store.checks_of(id, CHECKS_SHOWN)?;
    let sources = store.sources_of(id)?;
    let checking = {
        let pool = engine.pool();
        pool.row_of(id).is_some_and(|row| pool.is_checking(row))
    };
    let record = record(&row);
    let certificate = checks
        .iter()
        .filter_map(|check| check.evidence.as_ref())
        .flat_map(|evidence| &evidence.attempts)
        .find_map(|attempt| attempt.certificate.as_ref());
    Ok(ProxyDetailDto {
        row: view::row_dto(&record, checking, row.capabilities.protocols(), engine.geo(), now),
        entry: convert::location(engine.geo(), record.entry()),
        exit: convert::location(engine.geo(), record.exit),
        capabilities: row
            .capabilities
            .iter()
            .map(|(capability, answer)| -> CapabilityAnswerDto { convert::answer(capability, answer) })
            .collect(),
        giveaway: row.finding.giveaway.as_deref().map(escape_cut),
        score: record.score(now).map(Into::into),
        certificate: certificate.map(convert::certificate),
        failures: row.standing.failures,
        checks_30d: row.counts.checks,
        first_seen: row.first_seen,
        sources: sources.iter().map(|sighting| escape_cut(&sighting.source.plan.name)).collect(),
        checks: checks
            .iter()
            .map(|check| CheckDto {
                at: check.at,
                success: check.success,
                capability: check.capability.into(),
                judge: escape(&check.judge),
                reason: check.reason.map(Into::into),
                code: check.code,
                latency_ms: check.latency_ms,
                attempts: check
                    .evidence
                    .iter()
                    .flat_map(|evidence| &evidence.attempts)
                    .map(convert::attempt)
                    .collect(),
            })
            .collect(),
    })
}

/// What the pool holds now, in numbers.
#[must_use]
pub fn stats(engine: &Engine) -> StatsDto {
    let pool = engine.pool();
    let columns = pool.columns();
    let rows = 0..pool.len();
    let mut latencies: Vec<u32> = rows.clone().filter_map(|row| pool.latency(row)).collect();
    let middle = latencies.len() / 2;
    let median_latency_ms =
        if latencies.is_empty() { None } else { Some(*latencies.select_nth_unstable(middle).1) };
    StatsDto {
        total: number(pool.len()),
        working: pool.working(),
        status: tally(&Status::ALL, Status::as_str, rows.clone().map(|row| columns.status[row])),
        protocol: tally(&Protocol::ALL, Protocol::as_str, rows.clone().flat_map(|row| protocols(&pool, row))),
        anonymity: tally(
            &Anonymity::ALL,
            Anonymity::as_str,
            rows.clone().filter_map(|row| pool.anonymity(row)),
        ),
        reason: tally(Reason::ALL, Reason::as_str, rows.clone().filter_map(|row| columns.reason[row])),
        country: {
            let mut counts = vec![0_u32; Country::NUMBERS];
            let working = rows.filter(|row| columns.status[*row] == Status::Active);
            for country in working.filter_map(|row| pool.country(row)) {
                counts[usize::from(country.number())] += 1;
            }
            view::ranked(&counts, &[])
        },
        median_latency_ms,
    }
}

fn protocols(pool: &Pool, row: usize) -> Vec<Protocol> {
    pool.found(row).iter().collect()
}

/// How often each word occurs; the words that do not are left out.
pub(super) fn tally<T: Copy + PartialEq>(
    all: &[T],
    word: impl Fn(T) -> &'static str,
    values: impl Iterator<Item = T>,
) -> Vec<FacetDto> {
    let mut counts = vec![0_u32; all.len()];
    for value in values {
        if let Some(at) = all.iter().position(|known| *known == value) {
            counts[at] += 1;
        }
    }
    all.iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(value, count)| FacetDto { value: word(*value).to_owned(), count })
        .collect()
}
