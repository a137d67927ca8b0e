//! The real window and its sources: one is tried, added and collected from; what it brings is checked by itself; and a
//! source that is taken away comes back.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use fantoccini::key::Key;
use proxydeck_tests::desktop::{Desktop, LIMIT, program, until};
use proxydeck_tests::lab::{JudgeKind, Page, ProxySpec, SiteSpec, Web, World};
use proxydeck_tests::window::{Window, data_folder, settle};
use rusqlite::{Connection, OpenFlags};

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

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_sources_is_arranged_by_hand_and_stays_so() {
    let desktop = Desktop::start().await;
    let window = Window::open(&desktop).await;
    window.click("nav-sources").await;
    window.wait_for("[data-place=\"0\"]").await;
    window.click("columns").await;
    window.click("column-kind").await;
    window.click("column-came-earlier").await;
    window.picture("sources-columns").await;
    window.is_accessible("the arrangement of the columns of sources").await;
    window.click("columns").await;
    window.gone("columns-reset").await;
    // The rest has the room of the one that is hidden.
    let before = heads(&window).await;
    window.drag("size-name", -60.0).await;
    window.drag("sort-next_visit", -2000.0).await;
    window.click("sort-name").await;
    window.click("sources-on").await;
    let arranged = heads(&window).await;
    let names: Vec<&str> = arranged.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["next_visit", "enabled", "name", "came", "last_visit", "new", "works", "only_here", "fresh"],
        "one is hidden, one stands before its neighbour, and one was carried to the beginning"
    );
    let width = |heads: &[(String, u32)]| heads.iter().find(|(name, _)| name == "name").unwrap().1;
    assert!(
        width(&arranged) + 40 < width(&before),
        "its edge was drawn to the left: {before:?}, {arranged:?}"
    );
    let rows = window.texts("[data-place] .title").await;
    window.close(&desktop).await;

    let window = Window::open(&desktop).await;
    let columns = "return document.querySelectorAll('[role=columnheader]').length";
    assert_eq!(window.ask(columns).await, 0, "nothing is in the other table");
    window.click("nav-sources").await;
    window.wait_for("[data-place=\"0\"]").await;
    // Whoever is quick sees the table before the window has read how it is arranged.
    until("order, widths and what is hidden", LIMIT, async || {
        (heads(&window).await == arranged).then_some(())
    })
    .await;
    window.wait_for("[data-column=\"name\"][aria-sort=\"ascending\"]").await;
    window.wait_for("[data-testid=\"sources-on\"][aria-pressed=\"true\"]").await;
    until("the rows", LIMIT, async || (window.texts("[data-place] .title").await == rows).then_some(()))
        .await;
    window.close(&desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sheet_of_a_source_changes_nothing_that_is_not_changed_in_it() {
    const NAME: &str = "odd\\u{1b}\u{1b}[31m\u{202e} ";
    let desktop = Desktop::start().await;
    let list = desktop.home().join(NAME);
    std::fs::write(&list, "9.9.9.9:80\n").unwrap();
    let mut import = desktop.command(program("proxydeck"));
    import
        .arg("--data-dir")
        .arg(data_folder(&desktop))
        .arg("import")
        .arg(&list)
        .env("PROXYDECK_KEYRING", "off");
    assert!(import.status().unwrap().success());
    // What it is called and where it lies, as it is kept.
    let kept = || -> (String, String, u32) {
        let path = data_folder(&desktop).join("proxydeck.db");
        let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        conn.busy_timeout(LIMIT).unwrap();
        let query = "SELECT name, address, priority FROM sources WHERE name LIKE 'odd%'";
        conn.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
    };
    let before = kept();
    assert_eq!(before.0, NAME);

    let window = Window::open(&desktop).await;
    window.click("nav-sources").await;
    window.click("sources-own").await;
    window.wait_for("[data-place=\"0\"]").await;
    window.click_on("[data-place=\"0\"] .title").await;
    window.press("sources-table", Key::Enter).await;
    window.click("source-edit").await;
    window.fill("source-priority", "77").await;
    window.picture("source-odd").await;
    window.is_accessible("the sheet of a source with an odd name").await;
    window.click("source-save").await;
    window.gone("source-sheet").await;
    assert_eq!(kept(), (before.0, before.1, 77), "the one number is another, and not a letter");
    window.close(&desktop).await;
}

/// The columns of the table with their widths.
async fn heads(window: &Window) -> Vec<(String, u32)> {
    let script = "return [...document.querySelectorAll('[role=columnheader]')] \
         .map((head) => [head.dataset.column, Math.round(head.getBoundingClientRect().width)])";
    serde_json::from_value(window.ask(script).await).unwrap()
}
