//! What a hostile source can cost: memory as the kernel counts it, and bytes as the source does. The only test of its
//! program, since it measures the process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop at that very line, and this one tells its figures"
)]

use std::fs;
use std::time::{Duration, Instant};

use proxydeck_tests::lab::{Coding, Page, SiteSpec, Web};
use proxydeck_wire::download::{Ask, DownloadFailure, DownloadOptions, Downloader};
use tokio_util::sync::CancellationToken;

const MIB: u64 = 1024 * 1024;
/// The limit of bytes that the product has.
const LIMIT: u64 = 32 * MIB;
/// What lies in the buffers of the two sockets when a reader stops.
const SLACK: u64 = 12 * MIB;
/// How large the bombs are inside, in MiB.
const BOMB: usize = 512;

/// The most memory that the process has had, in bytes, since the last [`forget_the_peak`].
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn forget_the_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_source_costs_no_more_than_the_limit() {
    let web = Web::seeded(7).unwrap();
    let site = web.site(SiteSpec::default()).unwrap();
    let down = Downloader::new(DownloadOptions::default()).unwrap();
    let cases = [
        ("/endless", Page::Endless, DownloadFailure::TooLarge, LIMIT + SLACK),
        ("/huge", Page::Huge(1 << 40), DownloadFailure::TooLarge, SLACK),
        ("/limit", Page::Huge(LIMIT + 1), DownloadFailure::TooLarge, SLACK),
        ("/gzip", Page::Bomb(Coding::Gzip, BOMB), DownloadFailure::Bomb, SLACK),
        ("/brotli", Page::Bomb(Coding::Brotli, BOMB), DownloadFailure::Bomb, SLACK),
        ("/zstd", Page::Bomb(Coding::Zstd, BOMB), DownloadFailure::Bomb, SLACK),
    ];
    for (path, what, kind, most) in cases {
        let url = site.page(path, what).unwrap();
        forget_the_peak();
        let before = peak();
        let ask = Ask { allow_private: true, ..Ask::new(url) };
        let error = down.fetch(&ask, &CancellationToken::new()).await.unwrap_err();
        assert_eq!((error.kind, error.requests), (kind, 1), "{path}: {error}");
        let grown = peak().saturating_sub(before);
        // A vector that grows holds its old place too, until it has moved.
        assert!(grown < 2 * LIMIT + SLACK, "{path}: {} MiB more", grown / MIB);
        let began = Instant::now();
        while site.visits(path)[0].ended.is_none() {
            assert!(began.elapsed() < Duration::from_secs(30), "{path}: the connection is not closed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let sent = site.visits(path)[0].sent;
        assert!(sent <= most, "{path}: {} MiB were read", sent / MIB);
        println!("{path}: {} KiB sent, {} KiB more memory at most", sent / 1024, grown / 1024);
    }
    let url = site.page("/whole", Page::Huge(LIMIT)).unwrap();
    let ask = Ask { allow_private: true, ..Ask::new(url) };
    assert!(down.fetch(&ask, &CancellationToken::new()).await.is_ok(), "the limit itself is allowed");
}
