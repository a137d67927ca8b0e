//! The real window and what is changed in it by hand: proxies are deleted and get tags, by key and by mouse, one or all of
//! a view; each change is undone as it was made, and what holds in the end holds after the next start.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use fantoccini::key::Key;
use proxydeck_tests::desktop::LIMIT;
use proxydeck_tests::desktop::{Desktop, program, until};
use proxydeck_tests::window::{Window, data_folder};

/// More than are drawn at once, and than are written at once.
const PROXIES: usize = 2400;
/// Those of one block of addresses, which a search finds.
const BLOCK: usize = 100;

/// Does something with the command in the window's folder, and answers with what it writes.
fn run(desktop: &Desktop, words: &str) -> String {
    let mut command = desktop.command(program("proxydeck"));
    command.arg("--data-dir").arg(data_folder(desktop)).args(words.split(' ')).current_dir(desktop.home());
    command.env("PROXYDECK_KEYRING", "off");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{words}");
    String::from_utf8(output.stdout).unwrap()
}

/// A pool that nobody checks, in blocks of addresses: 9.9.0.0 to 9.9.0.99, 9.9.1.0 and so on.
fn fill(desktop: &Desktop) {
    let list: String = (0..PROXIES).map(|at| format!("9.9.{}.{}:80\n", at / BLOCK, at % BLOCK)).collect();
    std::fs::write(desktop.home().join("list.txt"), list).unwrap();
    run(desktop, "import list.txt");
}

/// The addresses of the rows that are drawn, by their places.
async fn drawn(window: &Window) -> Vec<String> {
    window.texts("[data-place][data-testid] .address .mono").await
}

/// Waits until a row stands at a place.
async fn stands(window: &Window, place: usize, proxy: &str) {
    until(&format!("{proxy} at place {place}"), LIMIT, async || {
        let at = format!("[data-place=\"{place}\"][data-testid] .address .mono");
        (window.texts(&at).await == [proxy]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn del_deletes_and_undo_brings_back_exactly_that() {
    let desktop = Desktop::start().await;
    fill(&desktop);
    // One that was deleted before is none that an undo brings back.
    run(&desktop, "delete --text 9.9.3.7:");
    let total = PROXIES - 1;
    let window = Window::open(&desktop).await;
    window.number("count", total).await;
    window.click("sort-proxy").await;
    stands(&window, 0, "9.9.0.0:80").await;

    // One by the key: the next one takes its place, and the rest stays where it was.
    window.choose(2).await;
    window.press("table", Key::Delete).await;
    window.number("count", total - 1).await;
    stands(&window, 2, "9.9.0.3:80").await;
    stands(&window, 1, "9.9.0.1:80").await;
    assert!(!window.has("new-order").await, "there is no other order to offer");
    window.get("undo").await;
    window.picture("deleted-one").await;
    window.is_accessible("the message that one was deleted").await;
    window.click("undo").await;
    window.number("count", total).await;
    stands(&window, 2, "9.9.0.2:80").await;
    stands(&window, 3, "9.9.0.3:80").await;

    // All of a view with a filter, by the action and by the keyboard.
    window.fill("search", "9.9.3.").await;
    window.number("count", BLOCK - 1).await;
    window.click("select-all").await;
    window.picture("selected-all").await;
    window.is_accessible("all of a view is chosen").await;
    window.click("delete-selected").await;
    window.number("count", 0).await;
    window.get("no-match").await;
    let told = until("the message", LIMIT, async || window.text("toast-info").await).await;
    assert!(told.contains(&(BLOCK - 1).to_string()), "it says how many: {told}");
    window.picture("deleted-all").await;
    window.press("table", Key::Control + "z").await;
    window.number("count", BLOCK - 1).await;
    window.click("search-clear").await;
    window.number("count", total).await;

    // The keyboard alone, with the drawer open, which goes on with the next one.
    window.press("table", Key::Control + "a").await;
    window.press("table", Key::Delete).await;
    window.get("first-start").await;
    window.picture("deleted-everything").await;
    window.press("first-paste", Key::Control + "z").await;
    window.number("count", total).await;
    window.show(1).await;
    window.click("drawer-delete").await;
    until("the drawer to go on", LIMIT, async || {
        (window.texts("[data-testid=\"drawer\"] h2").await == ["9.9.0.2:80"]).then_some(())
    })
    .await;
    window.number("count", total - 1).await;
    window.close(&desktop).await;

    let window = Window::open(&desktop).await;
    window.number("count", total - 1).await;
    window.close(&desktop).await;
    let kept = run(&desktop, "list --format txt --all");
    let deleted = ["9.9.0.1:80", "9.9.3.7:80"];
    assert_eq!(kept.lines().count(), total - 1, "the pool is what the window said");
    assert!(deleted.iter().all(|one| kept.lines().all(|line| line != *one)), "and not those");
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_given_found_by_and_taken_off() {
    let desktop = Desktop::start().await;
    let folder = data_folder(&desktop);
    std::fs::create_dir_all(&folder).unwrap();
    let looks = "version = 1\n\n[appearance]\ntheme = \"dark\"\nlanguage = \"zh-CN\"\n";
    std::fs::write(folder.join("settings.toml"), looks).unwrap();
    fill(&desktop);
    run(&desktop, "tag --text 9.9.3. --add old");
    let window = Window::open(&desktop).await;
    window.number("count", PROXIES).await;
    window.click("sort-proxy").await;
    stands(&window, 0, "9.9.0.0:80").await;

    // All of a search get one, by the keyboard; it is offered beside the one that there was.
    window.fill("search", "9.9.4.").await;
    window.number("count", BLOCK).await;
    window.press("table", Key::Control + "a").await;
    window.click("tag-selected").await;
    window.get("tag-old").await;
    window.press("tag-text", format!("office 台北{}", Key::Enter)).await;
    window.get("tag-office 台北").await;
    window.picture("tag-selected").await;
    window.is_accessible("the tags of all that is chosen").await;
    window.press("tag-text", Key::Escape).await;
    window.gone("tag-text").await;
    assert!(!window.has("new-order").await, "there is no other order to offer");
    window.click("search-clear").await;
    window.number("count", PROXIES).await;

    window.click("chip-tag").await;
    window.click("chip-tag-office 台北").await;
    window.number("count", BLOCK).await;
    window.click("chip-tag-old").await;
    window.number("count", 2 * BLOCK).await;
    window.picture("tag-chip").await;
    window.is_accessible("the tags that filter").await;
    window.click("chip-tag").await;
    window.gone("chip-tag-old").await;
    stands(&window, 0, "9.9.3.0:80").await;

    // In the drawer, one by one; the row stays until somebody asks for a new order.
    window.show(0).await;
    window.click("drawer-tag").await;
    window.press("tag-text", format!("fast{}", Key::Enter)).await;
    window.get("tag-off-fast").await;
    window.picture("drawer-tags").await;
    window.is_accessible("the tags in the drawer").await;
    window.press("tag-text", Key::Escape).await;
    window.click("tag-off-old").await;
    window.gone("tag-off-old").await;
    stands(&window, 0, "9.9.3.0:80").await;
    window.click("new-order").await;
    window.number("count", 2 * BLOCK - 1).await;
    window.close(&desktop).await;

    assert_eq!(run(&desktop, "list --format txt --all --tag fast"), "9.9.3.0:80\n");
    assert_eq!(run(&desktop, "list --format txt --all --tag old").lines().count(), BLOCK - 1);
    let window = Window::open(&desktop).await;
    window.number("count", PROXIES).await;
    window.click("chip-tag").await;
    window.click("chip-tag-office 台北").await;
    window.number("count", BLOCK).await;
    // In a small window everything can be reached.
    window.click("chip-tag").await;
    window.resize(900, 600).await;
    window.choose(0).await;
    window.click("tag-selected").await;
    window.get("tag-text").await;
    window.picture("tag-small").await;
    window.is_accessible("the tags in a small window").await;
    let whole = "const box = document.querySelector('[role=dialog]').getBoundingClientRect(); \
        return box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight";
    assert_eq!(window.ask(whole).await, true, "no part of it lies outside");
    window.close(&desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_above_moves_nothing_that_is_seen() {
    let desktop = Desktop::start().await;
    fill(&desktop);
    let window = Window::open(&desktop).await;
    window.click("sort-proxy").await;
    stands(&window, 0, "9.9.0.0:80").await;
    window.choose(0).await;
    window.press("table", Key::Shift + &Key::Down.to_string()).await;
    // In the middle of a row, far below.
    window.ask("document.querySelector('[data-testid=table]').scrollTop = 32 * 1000 + 11").await;
    stands(&window, 1010, "9.9.10.10:80").await;
    let seen = "return document.querySelector('[data-testid=table]').querySelector('[data-testid=\"row-1011\"]').getBoundingClientRect().top";
    let before = window.ask(seen).await;
    let rows = drawn(&window).await;
    window.click("delete-selected").await;
    window.number("count", PROXIES - 2).await;
    stands(&window, 1008, "9.9.10.10:80").await;
    assert_eq!(window.ask(seen).await, before, "not a pixel");
    assert_eq!(drawn(&window).await, rows, "the same rows are drawn");
    window.click("undo").await;
    window.number("count", PROXIES).await;
    stands(&window, 1010, "9.9.10.10:80").await;
    assert_eq!(window.ask(seen).await, before, "and back again");
    window.close(&desktop).await;
}
