//! What the checks of a range of time came to: figures, and a chart of the proxies that worked.

use std::io::Write as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use proxydeck_charts::{Line, LineChart, png, svg};
use proxydeck_domain::{Capability, Protocol, Reason, UnixMs};
use proxydeck_store::CheckBrief;

use super::dto::{CheckStatsDto, FacetDto, ProtocolDto, RangeDto, WorkingDto};
use super::{ApiError, Engine, WholeFile};
use crate::check::now_ms;
use crate::escape::escape;

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Latencies are counted by the millisecond up to here, twice the longest attempt; what took longer counts as this.
/// So the middle is exact, and the memory does not grow with the checks.
const LATENCIES: usize = 60_000;

/// How a range is cut up.
struct Cut {
    /// The whole range.
    range_ms: i64,
    /// One part of it: long enough that a proxy that works is checked in it, and some dozens to a range.
    bucket_ms: i64,
    /// From one mark of the chart's axis to the next; marks are whole hours or days of UTC.
    tick_ms: i64,
    /// How a mark is called.
    tick: &'static str,
}

const fn cut(range: RangeDto) -> Cut {
    match range {
        RangeDto::Hour => {
            Cut { range_ms: HOUR_MS, bucket_ms: 5 * MINUTE_MS, tick_ms: 10 * MINUTE_MS, tick: "%H:%M" }
        }
        RangeDto::Day => Cut { range_ms: DAY_MS, bucket_ms: HOUR_MS, tick_ms: 4 * HOUR_MS, tick: "%H:%M" },
        RangeDto::Week => {
            Cut { range_ms: 7 * DAY_MS, bucket_ms: 6 * HOUR_MS, tick_ms: DAY_MS, tick: "%-d %b" }
        }
        RangeDto::Month => {
            Cut { range_ms: 30 * DAY_MS, bucket_ms: DAY_MS, tick_ms: 5 * DAY_MS, tick: "%-d %b" }
        }
    }
}

/// What the checks of a range of time until now came to. A million of them take about half a second.
///
/// # Errors
/// What reading the database can meet.
pub fn check_stats(engine: &Engine, range: RangeDto) -> Result<CheckStatsDto, ApiError> {
    let now = now_ms();
    let mut figures = Figures::new(range, now);
    if let Some(store) = engine.store_if_any() {
        store.checks_within(figures.from, now, |check| figures.take(&check))?;
    }
    Ok(figures.finish())
}

/// Figures that grow with each check. Checks come proxy by proxy.
struct Figures {
    range: RangeDto,
    from: UnixMs,
    to: UnixMs,
    bucket_ms: i64,
    checks: u32,
    succeeded: u32,
    latencies: Vec<u32>,
    capabilities: [u32; Capability::ALL.len()],
    reasons: Vec<u32>,
    working: [Vec<u32>; Protocol::ALL.len()],
    /// For the proxy whose checks come now: the last part of the range in which each protocol of it was counted.
    proxy: i64,
    counted: [Option<usize>; Protocol::ALL.len()],
}

impl Figures {
    fn new(range: RangeDto, now: UnixMs) -> Self {
        let Cut { range_ms, bucket_ms, .. } = cut(range);
        let buckets = usize::try_from(range_ms / bucket_ms).unwrap_or(0);
        Self {
            range,
            from: now - range_ms,
            to: now,
            bucket_ms,
            checks: 0,
            succeeded: 0,
            latencies: vec![0; LATENCIES],
            capabilities: [0; Capability::ALL.len()],
            reasons: vec![0; Reason::ALL.len()],
            working: std::array::from_fn(|_| vec![0; buckets]),
            proxy: 0,
            counted: [None; Protocol::ALL.len()],
        }
    }

    fn take(&mut self, check: &CheckBrief) {
        if check.proxy != self.proxy {
            (self.proxy, self.counted) = (check.proxy, [None; Protocol::ALL.len()]);
        }
        self.checks = self.checks.saturating_add(1);
        if !check.success {
            if let Some(at) = check.reason.and_then(|reason| Reason::ALL.iter().position(|r| *r == reason)) {
                self.reasons[at] += 1;
            }
            return;
        }
        self.succeeded = self.succeeded.saturating_add(1);
        self.capabilities[check.capability as usize] += 1;
        if let Some(ms) = check.latency_ms {
            self.latencies[crate::pool::index(ms).min(LATENCIES - 1)] += 1;
        }
        let Some(protocol) = check.capability.protocol() else { return };
        // The beginning is not a part of the range, and the end is.
        let bucket = usize::try_from((check.at - self.from - 1) / self.bucket_ms).unwrap_or(usize::MAX);
        if self.counted[protocol as usize] != Some(bucket)
            && let Some(count) = self.working[protocol as usize].get_mut(bucket)
        {
            *count += 1;
            self.counted[protocol as usize] = Some(bucket);
        }
    }

    fn finish(self) -> CheckStatsDto {
        let facet = |value: &str, count| FacetDto { value: value.to_owned(), count };
        let met = |facets: Vec<FacetDto>| -> Vec<FacetDto> {
            facets.into_iter().filter(|facet| facet.count > 0).collect()
        };
        let mut reason =
            met(Reason::ALL.iter().zip(&self.reasons).map(|(r, count)| facet(r.as_str(), *count)).collect());
        // Equal counts stay in the order of how far an attempt came.
        reason.sort_by_key(|facet| std::cmp::Reverse(facet.count));
        let of = |protocol: Protocol| -> u32 {
            let decided = |c: &Capability| c.protocol() == Some(protocol);
            Capability::ALL.iter().filter(|c| decided(c)).map(|c| self.capabilities[*c as usize]).sum()
        };
        CheckStatsDto {
            range: self.range,
            from: self.from,
            to: self.to,
            checks: self.checks,
            succeeded: self.succeeded,
            success_rate: (self.checks > 0).then(|| f64::from(self.succeeded) / f64::from(self.checks)),
            median_latency_ms: middle(&self.latencies),
            protocol: met(Protocol::ALL.iter().map(|p| facet(p.as_str(), of(*p))).collect()),
            capability: met(Capability::ALL
                .iter()
                .map(|c| facet(c.as_str(), self.capabilities[*c as usize]))
                .collect()),
            reason,
            bucket_ms: self.bucket_ms,
            working: Protocol::ALL
                .iter()
                .zip(self.working)
                .filter(|(_, proxies)| proxies.iter().any(|count| *count > 0))
                .map(|(protocol, proxies)| WorkingDto { protocol: (*protocol).into(), proxies })
                .collect(),
        }
    }
}

/// The value in the middle of a histogram.
fn middle(counts: &[u32]) -> Option<u32> {
    let all: u64 = counts.iter().map(|count| u64::from(*count)).sum();
    let mut left = all / 2;
    for (value, count) in counts.iter().enumerate() {
        match left.checked_sub(u64::from(*count)) {
            Some(rest) => left = rest,
            None => return u32::try_from(value).ok(),
        }
    }
    None
}

/// Whether a chart can be drawn into a file of this name.
///
/// # Errors
/// [`Invalid`](super::dto::ErrorCode::Invalid) when its ending is neither `.svg` nor `.png`.
pub fn usable_chart(path: &Path) -> Result<(), ApiError> {
    picture_of(path).map(drop)
}

/// A picture that a file can hold.
enum Picture {
    Svg,
    Png,
}

fn picture_of(path: &Path) -> Result<Picture, ApiError> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref() {
        Some("svg") => Ok(Picture::Svg),
        Some("png") => Ok(Picture::Png),
        _ => {
            let shown = escape(&path.to_string_lossy());
            Err(ApiError::invalid("chart", format!("{shown} says by its ending no kind of picture."))
                .hint("Let it end in .svg or .png."))
        }
    }
}

/// Draws the proxies that worked, a line for each protocol, into a file that appears when it is whole.
///
/// # Errors
/// Those of [`usable_chart`], and what the file can meet.
pub fn save_chart(stats: &CheckStatsDto, path: &Path) -> Result<(), ApiError> {
    let picture = picture_of(path)?;
    let chart = chart(stats);
    let bytes = match picture {
        Picture::Svg => svg(&chart).map(String::into_bytes),
        Picture::Png => png(&chart),
    };
    let bytes = bytes.map_err(|error| ApiError::internal(format!("{error}.")))?;
    let mut file = WholeFile::create(path)?;
    file.write_all(&bytes).map_err(|error| ApiError::io("write", path, &error))?;
    file.finish()
}

fn chart(stats: &CheckStatsDto) -> LineChart {
    let Cut { tick_ms, tick, .. } = cut(stats.range);
    let first = stats.from.div_euclid(tick_ms) + 1;
    let ticks = (first..=stats.to.div_euclid(tick_ms)).map(|at| at * tick_ms);
    let span = match stats.range {
        RangeDto::Hour => "hour",
        RangeDto::Day => "24 hours",
        RangeDto::Week => "7 days",
        RangeDto::Month => "30 days",
    };
    let lines = stats.working.iter().map(|working| {
        let (name, colour) = line_of(working.protocol);
        let points = (0..).zip(&working.proxies).map(|(at, count)| {
            // In the middle of the part that was counted.
            (stats.from + at * stats.bucket_ms + stats.bucket_ms / 2, *count)
        });
        Line { name: name.to_owned(), colour, points: points.collect() }
    });
    LineChart {
        title: format!("Working proxies, last {span}"),
        counts: format!("proxies with a success, each {}", part_text(stats.bucket_ms)),
        time: "time (UTC)".to_owned(),
        empty: "No check succeeded in this time.".to_owned(),
        span: (stats.from, stats.to),
        ticks: ticks.map(|at| (at, moment_text(at, tick))).collect(),
        lines: lines.collect(),
    }
}

fn moment_text(at: UnixMs, format: &str) -> String {
    DateTime::<Utc>::from_timestamp_millis(at).map_or_else(String::new, |at| at.format(format).to_string())
}

fn part_text(ms: i64) -> String {
    match ms {
        DAY_MS => "day".to_owned(),
        HOUR_MS => "hour".to_owned(),
        _ if ms % HOUR_MS == 0 => format!("{} hours", ms / HOUR_MS),
        _ => format!("{} minutes", ms / MINUTE_MS),
    }
}

/// What a line is called, and its colour: of Okabe and Ito's palette, which the colour-blind can tell apart.
const fn line_of(protocol: ProtocolDto) -> (&'static str, (u8, u8, u8)) {
    match protocol {
        ProtocolDto::Http => ("http", (0, 114, 178)),
        ProtocolDto::Https => ("https", (0, 158, 115)),
        ProtocolDto::Socks4 => ("socks4", (230, 159, 0)),
        ProtocolDto::Socks5 => ("socks5", (213, 94, 0)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

    use super::*;

    const NOW: UnixMs = 1_800_000_000_000;

    fn check(proxy: i64, ago: i64, capability: Capability, latency_ms: Option<u32>) -> CheckBrief {
        let reason = latency_ms.is_none().then_some(Reason::Refused);
        CheckBrief { proxy, at: NOW - ago, success: reason.is_none(), capability, reason, latency_ms }
    }

    #[test]
    fn a_proxy_counts_once_in_each_part_of_the_range_for_each_protocol() {
        let mut figures = Figures::new(RangeDto::Day, NOW);
        for check in [
            check(1, DAY_MS - 1, Capability::Http, Some(10)),
            check(1, 2 * MINUTE_MS, Capability::Http, Some(20)),
            check(1, MINUTE_MS, Capability::Http, Some(30)),
            check(1, 0, Capability::Socks5h, Some(90_000)),
            check(2, 0, Capability::Http, Some(40)),
            check(3, 0, Capability::Connect, None),
        ] {
            figures.take(&check);
        }
        let stats = figures.finish();
        assert_eq!((stats.checks, stats.succeeded), (6, 5));
        assert_eq!(stats.median_latency_ms, Some(30), "what took very long does not move the middle");
        let of = |protocol| stats.working.iter().find(|w| w.protocol == protocol).unwrap().proxies.clone();
        let http = of(ProtocolDto::Http);
        assert_eq!((http.len(), http[0], http[23]), (24, 1, 2), "two proxies, however often");
        assert_eq!(http.iter().sum::<u32>(), 3);
        assert_eq!(of(ProtocolDto::Socks5)[23], 1);
        assert_eq!(stats.working.len(), 2, "https did not work, and has no line");
        assert_eq!(stats.reason, [FacetDto { value: "refused".to_owned(), count: 1 }]);
    }

    #[test]
    fn the_marks_of_every_range_lie_in_it() {
        for range in [RangeDto::Hour, RangeDto::Day, RangeDto::Week, RangeDto::Month] {
            let chart = chart(&Figures::new(range, NOW).finish());
            assert!((5..=8).contains(&chart.ticks.len()), "{range:?}: {:?}", chart.ticks);
            assert!(
                chart.ticks.iter().all(|(at, _)| (chart.span.0..=chart.span.1).contains(at)),
                "{range:?}"
            );
        }
    }

    #[test]
    fn the_middle_of_nothing_is_nothing() {
        assert_eq!(middle(&[0, 0]), None);
        assert_eq!(middle(&[0, 1, 0, 0, 1]), Some(4), "of two the later, as the pool's median has it");
    }
}
