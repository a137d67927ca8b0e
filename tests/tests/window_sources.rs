//! The real window and its sources: one is tried, added and collected from; what it brings is checked by itself; and a
//! source that is taken away comes back.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use proxydeck_tests::desktop::{Desktop, LIMIT, program, until};
use proxydeck_tests::lab::{JudgeKind, Page, ProxySpec, SiteSpec, Web, World};
use proxydeck_tests::window::{Window, data_folder, settle};

/// Proxies of the list, all of which work.
const PROXIES: usize = 24;

/// Does something with the command in the window's folder.
fn run(desktop: &Desktop, words: &str) {
    let mut command = desktop.command(program("proxydeck"));
    command.arg("--data-dir").arg(data_folder(desktop)).args(words.split(' ')).current_dir(desktop.home());
    command.env("PROXYDECK_KEYRING", "off");
    assert!(command.status().unwrap().success(), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_tried_added_collected_and_its_proxies_checked() {
    let desktop = Desktop::start().await;
    let world = (0..PROXIES)
        .fold(World::seeded(76).judge(JudgeKind::Own), |world, _| world.proxy(ProxySpec::http()))
        .start()
        .await
        .unwrap();
    settle(&desktop, &world);
    // Nobody but the lab may be asked.
    run(&desktop, "sources disable --all");
    let web = Web::seeded(76).unwrap();
    let site = web.site(SiteSpec::default()).unwrap();
    let list = world.list() + "not a proxy\n";
    let url = site.page("/list.txt", Page::EtagBody("text/plain".to_owned(), list.into())).unwrap();
    let captcha = site.page("/captcha", Page::Captcha).unwrap();

    let window = Window::open(&desktop).await;
    window.click("nav-sources").await;
    window.get("sources-table").await;
    window.picture("sources").await;
    window.is_accessible("the sources").await;

    window.click("source-add").await;
    window.fill("source-address", &captcha).await;
    let told = until("what came instead", LIMIT, async || window.text("source-test-trouble").await).await;
    assert!(!told.is_empty());
    window.picture("source-captcha").await;
    window.fill("source-address", &url).await;
    until("what it would bring", LIMIT, async || {
        let told = window.text("source-test-result").await?;
        told.contains(&PROXIES.to_string()).then_some(())
    })
    .await;
    window.picture("source-tested").await;
    window.is_accessible("the sheet of a source").await;
    window.click("source-save").await;
    window.gone("source-sheet").await;

    window.click("collect").await;
    until("the list is fetched", LIMIT, async || (site.visits("/list.txt").len() >= 2).then_some(())).await;
    window.click("nav-proxies").await;
    window.number("count", PROXIES).await;
    // Nobody pressed Check.
    window.number_within("working", LIMIT, |number| number == PROXIES).await;

    window.click("nav-sources").await;
    window.get("sources-table").await;
    window.picture("sources-collected").await;
    let sources = until("the yield", LIMIT, async || {
        let rows = window.texts("[data-testid^=\"source-row-\"]").await;
        rows.into_iter().find(|row| row.contains("list.txt"))
    })
    .await;
    assert!(sources.contains(&PROXIES.to_string()), "{sources}");

    window.resize(900, 600).await;
    window.picture("sources-small").await;
    window.is_accessible("the sources in a small window").await;
    window.close(&desktop).await;
}
