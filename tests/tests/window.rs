//! The real window: what a person does with it, on a screen of the test's own, against the lab.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use fantoccini::key::Key;
use proxydeck_tests::desktop::{Desktop, FileDialog, LIMIT, Running, bound, kill, lives, until};
use proxydeck_tests::lab::{
    Face, Fault, JudgeKind, JudgeSpec, LabProxy, Listed, Mix, ProxySpec, Tamper, World, WorldBuilder,
};
use proxydeck_tests::window::{Window, application, data_folder, settle};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

/// A check of some hundred proxies in a debug build on a busy machine.
const CHECK_LIMIT: Duration = Duration::from_secs(300);
/// The text of the interface in English.
const ENGLISH: &str = include_str!("../../ui/src/i18n/en.json");
/// Tells the copy of a test that is to be killed what it is.
const TO_BE_KILLED: &str = "PROXYDECK_TESTS_TO_BE_KILLED";

/// Every kind of proxy, some with an account, some that deceive, and many that are dead.
fn town(seed: u64, proxies: usize) -> WorldBuilder {
    World::seeded(seed)
        .judge(JudgeSpec::new(JudgeKind::Own).named("own.judge.lab"))
        .judge(JudgeSpec::new(JudgeKind::Own).named("tls.judge.lab").tls())
        .proxy(ProxySpec::http().face(Face::ForwardedFor))
        .proxy(ProxySpec::http().fault(Fault::Tampers(Tamper::Script)).without_connect())
        .proxies(Mix::mixed().alive(30).latency(Duration::from_millis(80)), proxies)
}

/// Starts a world whose judges the window asks.
async fn start(desktop: &Desktop, builder: WorldBuilder) -> World {
    // Proxies that listen cost a descriptor each, and the usual soft limit is 1,024.
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let world = builder.start().await.unwrap();
    settle(desktop, &world);
    world
}

/// A world, and its list in a file on the desktop, with a line that is none and one that stands there twice.
async fn town_with_list(desktop: &Desktop, seed: u64, proxies: usize) -> (World, PathBuf) {
    let world = start(desktop, town(seed, proxies)).await;
    let list = desktop.home().join("proxies.txt");
    let first = world.list();
    let twice = first.lines().next().unwrap_or_default();
    fs::write(&list, format!("# a list\n{first}what is this\n{twice}\n")).unwrap();
    (world, list)
}

/// Imports a list into an empty window by pasting it.
async fn paste(window: &Window, list: &str) {
    window.click("first-paste").await;
    window.get("import-text").await;
    // Key by key a list would take minutes.
    window
        .ask(&format!(
            "const field = document.querySelector('[data-testid=\"import-text\"]'); field.value = {list:?}; \
             field.dispatchEvent(new Event('input', {{ bubbles: true }}));"
        ))
        .await;
    window.click("import-read").await;
    window.number("import-accepted", list.lines().count()).await;
    window.click("import-commit").await;
    window.gone("import-sheet").await;
    window.get("table").await;
}

async fn check_ends(window: &Window) {
    until("the end of the check", CHECK_LIMIT, async || window.has("check-button").await.then_some(())).await;
}

fn living(world: &World) -> BTreeSet<String> {
    world.proxies().iter().filter(|proxy| proxy.truth.alive).map(|proxy| proxy.addr.to_string()).collect()
}

/// Searches for one proxy, and waits until it stands alone in the table.
async fn search(window: &Window, proxy: &str) {
    window.fill("search", proxy).await;
    until("the one that was searched", LIMIT, async || {
        let cells = window.texts("[data-place] .address .mono").await;
        (cells.len() == 1 && cells[0].starts_with(proxy)).then_some(())
    })
    .await;
    window.number("count", 1).await;
}

/// The database of a window as somebody else looks at it, who changes nothing of it.
fn database(desktop: &Desktop) -> Connection {
    let path = data_folder(desktop).join("proxydeck.db");
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    conn.busy_timeout(LIMIT).unwrap();
    conn
}

/// Which proxies were checked when.
fn checks(desktop: &Desktop) -> BTreeSet<(i64, i64)> {
    let conn = database(desktop);
    let mut statement = conn.prepare("SELECT proxy, at FROM checks").unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => BTreeMap::from([(path.clone(), fs::read(&path).unwrap())]),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_from_a_list_to_a_file_of_working_ones() {
    let desktop = Desktop::start().await;
    let (world, list) = town_with_list(&desktop, 71, 200).await;
    let total = world.proxies().len();
    let alive = living(&world);

    let window = Window::open(&desktop).await;
    window.get("first-start").await;
    window.picture("first-start").await;
    window.is_accessible("the first start").await;

    window.click("first-open").await;
    FileDialog::to_open(&desktop).await.choose(&list).await;
    window.number("import-accepted", total).await;
    window.number("import-duplicates", 1).await;
    window.number("import-refused", 1).await;
    window.picture("import").await;
    window.is_accessible("the import").await;
    window.click("import-commit").await;
    window.get("table").await;
    window.gone("import-sheet").await;

    window.click("check-button").await;
    window.get("progress").await;
    window.number_within("alive", CHECK_LIMIT, |number| number > 0).await;
    window.picture("checking").await;
    check_ends(&window).await;
    window.number("working", alive.len()).await;

    // A filter by status shows the working ones, and one by text a single one of them.
    window.click("chip-status").await;
    window.click("chip-status-active").await;
    window.number("count", alive.len()).await;
    window.click("chip-status").await;
    window.gone("chip-status-active").await;
    search(&window, alive.iter().next().unwrap()).await;
    window.click("search-clear").await;
    window.number("count", alive.len()).await;

    // An order by latency, the fastest first.
    window.click("sort-latency").await;
    let latencies = until("an order by latency", LIMIT, async || {
        let texts = window.texts("[data-place] .latency").await;
        let numbers: Option<Vec<u64>> = texts
            .iter()
            .map(|text| text.chars().filter(char::is_ascii_digit).collect::<String>().parse().ok())
            .collect();
        numbers.filter(|numbers| numbers.len() > 5 && numbers.is_sorted())
    })
    .await;
    assert!(latencies.last() > latencies.first(), "different latencies are in order: {latencies:?}");

    window.show(0).await;
    let answers = window.texts("[data-testid^=\"capability-\"]").await;
    assert_eq!(answers.len(), 8, "every question has its answer: {answers:?}");
    window.picture("drawer").await;
    window.is_accessible("the table and the drawer").await;
    window.click("drawer-close").await;
    window.gone("drawer").await;

    window.click("export-button").await;
    window.click("export-csv").await;
    let preview = window.get("export-preview").await.text().await.unwrap();
    assert_eq!(preview.lines().count(), 3, "three lines show what the file will be: {preview}");
    window.picture("export").await;
    window.is_accessible("the export").await;
    window.click("export-save").await;
    let file = desktop.home().join("working.csv");
    FileDialog::to_save(&desktop).await.choose(&file).await;
    let text = until("the file of working ones", LIMIT, async || fs::read_to_string(&file).ok()).await;
    let rows: BTreeSet<String> =
        csv::Reader::from_reader(text.as_bytes()).records().map(|row| row.unwrap()[0].to_owned()).collect();
    assert_eq!(rows, alive, "the file holds exactly those that the view shows");

    window.close(&desktop).await;
    let window = Window::open(&desktop).await;
    window.number("working", alive.len()).await;
    window.number("count", total).await;
    window.show(0).await;
    // What stands first has the best score, so it was checked.
    window.wait_for("[data-testid=\"checks\"] li").await;
    window.close(&desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drawer_tells_the_truth_about_each_kind_of_proxy() {
    let desktop = Desktop::start().await;
    let judges = [
        JudgeSpec::new(JudgeKind::Own).named("own.judge.lab"),
        JudgeSpec::new(JudgeKind::Own).named("tls.judge.lab").tls(),
    ];
    let account = |listed| ProxySpec::http().account("user", "secret").listed(listed);
    let proxies = [
        ProxySpec::http(),
        ProxySpec::http().face(Face::Via).without_connect(),
        ProxySpec::http().face(Face::ForwardedFor),
        ProxySpec::socks5(),
        ProxySpec::socks4(),
        account(Listed::Right),
        account(Listed::Wrong),
        account(Listed::Without),
        ProxySpec::http().fault(Fault::Refused),
        ProxySpec::http().fault(Fault::Silent),
        ProxySpec::http().fault(Fault::TlsIntercept),
        ProxySpec::http().fault(Fault::Tampers(Tamper::Script)).without_connect(),
    ];
    let builder = judges.into_iter().fold(World::seeded(74), WorldBuilder::judge);
    let world = start(&desktop, proxies.into_iter().fold(builder, WorldBuilder::proxy)).await;
    let words: Value = serde_json::from_str(ENGLISH).unwrap();
    let window = Window::open(&desktop).await;
    paste(&window, &world.list()).await;
    window.click("check-button").await;
    window.get("progress").await;
    check_ends(&window).await;
    for proxy in world.proxies() {
        search(&window, &proxy.addr.to_string()).await;
        window.show(0).await;
        agrees(&window, &words, &proxy).await;
        window.picture(&format!("truth-{}", proxy.truth.reason.unwrap_or(proxy.spec.kind.as_str()))).await;
        window.click("drawer-close").await;
        window.gone("drawer").await;
    }
    window.close(&desktop).await;
}

/// Holds what the drawer says against what is true.
async fn agrees(window: &Window, words: &Value, proxy: &LabProxy) {
    let truth = &proxy.truth;
    let what = format!("{}: {truth:?}", proxy.addr);
    let said = async |name: &str| window.texts(&format!("[data-testid=\"{name}\"]")).await.join(" ");
    if let Some(reason) = truth.reason {
        let sentence = words["reason_full"][reason].as_str().unwrap();
        let told = said("drawer-reason").await;
        assert!(told.starts_with(sentence), "{told:?} of {what}");
        let code = truth.code.map(|code| code.to_string()).unwrap_or_default();
        assert!(told.contains(&code), "the code goes with the reason: {told:?} of {what}");
    }
    if !truth.alive {
        return;
    }
    let yes = window.texts("[data-testid^=\"capability-\"][data-ok=\"true\"] .name").await;
    let yes: BTreeSet<String> = yes.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(yes, truth.works.iter().map(|&word| word.to_owned()).collect(), "of {what}");
    let level = &words["anonymity_full"][truth.anonymity.unwrap()];
    assert_eq!(said("drawer-anonymity").await, level.as_str().unwrap(), "of {what}");
    let giveaway = said("drawer-giveaway").await;
    assert!(giveaway.contains(truth.giveaway.unwrap_or_default()), "{giveaway:?} of {what}");
    assert_eq!(giveaway.is_empty(), truth.giveaway.is_none(), "{giveaway:?} of {what}");
    let exit = said("drawer-state").await;
    assert!(exit.ends_with(&format!(" {}", truth.exit.unwrap())), "{exit:?} of {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_stopped_and_one_that_was_cut_off_goes_on_to_its_end() {
    const PROXIES: usize = 300;
    let desktop = Desktop::start().await;
    let slow = ProxySpec::http().latency(Duration::from_millis(400)).without_connect();
    let builder =
        (0..PROXIES).fold(World::seeded(72).judge(JudgeKind::Own), |world, _| world.proxy(slow.clone()));
    let world = start(&desktop, builder).await;
    let settings = data_folder(&desktop).join("settings.toml");
    let usual = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{usual}concurrency = 4\n")).unwrap();

    let window = Window::open(&desktop).await;
    paste(&window, &world.list()).await;
    window.click("check-button").await;
    window.number_within("alive", CHECK_LIMIT, |number| number >= 4).await;
    window.click("stop-button").await;
    window.get("check-button").await;
    window.number_within("working", LIMIT, |number| (4..PROXIES).contains(&number)).await;
    let of_the_first = checks(&desktop);

    // A power cut in the middle of the next one: nothing that was finished is lost, and it goes on when asked.
    window.click("check-button").await;
    until("results of the second check to be stored", CHECK_LIMIT, async || {
        (checks(&desktop).len() >= of_the_first.len() + 4).then_some(())
    })
    .await;
    let pid = desktop.window("(.* · )?Proxydeck", None).await.pid().await;
    kill(pid);
    drop(window);
    let before = checks(&desktop);
    let stored: BTreeSet<i64> = before.difference(&of_the_first).map(|(proxy, _)| *proxy).collect();
    assert!(stored.len() < PROXIES, "the cut came in the middle, or this proves nothing");
    // The rest may be faster.
    fs::write(&settings, format!("{usual}concurrency = 64\n")).unwrap();

    let window = Window::open(&desktop).await;
    window.number("count", PROXIES).await;
    let told = window.get("unfinished").await.text().await.unwrap();
    let left = (PROXIES - stored.len()).to_string();
    assert!(told.contains(&left), "{left} are left: {told}");
    window.picture("cut-off").await;
    window.click("go-on").await;
    window.number_within("working", CHECK_LIMIT, |number| number == PROXIES).await;
    check_ends(&window).await;
    window.gone("unfinished").await;
    let after = checks(&desktop);
    assert!(before.is_subset(&after), "what was stored stays as it was");
    let again: BTreeSet<i64> = after.difference(&before).map(|(proxy, _)| *proxy).collect();
    assert!(again.is_disjoint(&stored), "nothing that was stored is checked again");
    assert_eq!(after.len(), of_the_first.len() + PROXIES, "and everything else once");
    window.close(&desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn language_and_theme_change_at_once_and_stay() {
    let desktop = Desktop::start().await;
    let (_world, list) = town_with_list(&desktop, 73, 60).await;
    let window = Window::open(&desktop).await;
    window.click("first-open").await;
    FileDialog::to_open(&desktop).await.choose(&list).await;
    window.click("import-commit").await;
    window.gone("import-sheet").await;
    let mut names = BTreeSet::new();
    let mut grounds = BTreeMap::new();
    for (language, theme) in [("zh-CN", "dark"), ("en", "light"), ("zh-TW", "dark"), ("zh-TW", "light")] {
        window.click("nav-settings").await;
        for choice in [format!("language-{language}"), format!("theme-{theme}")] {
            window.click_on(&format!("label:has([data-testid=\"{choice}\"])")).await;
        }
        looks(&window, language, theme).await;
        window.picture(&format!("settings-{language}-{theme}")).await;
        window.is_accessible(&format!("the settings, {theme}, {language}")).await;
        window.click("nav-proxies").await;
        names.insert(window.get("check-button").await.text().await.unwrap());
        let ground = window.ask("return getComputedStyle(document.body).backgroundColor").await;
        let before = grounds.insert(theme, ground.clone());
        assert!(before.is_none_or(|before| before == ground), "{theme} looks the same each time");
        window.picture(&format!("proxies-{language}-{theme}")).await;
        window.is_accessible(&format!("the table, {theme}, {language}")).await;
    }
    assert_eq!(names.len(), 3, "each language has words of its own: {names:?}");
    assert_ne!(grounds["dark"], grounds["light"], "the ground is another one");
    window.close(&desktop).await;
    let window = Window::open(&desktop).await;
    looks(&window, "zh-TW", "light").await;
    window.close(&desktop).await;
}

async fn looks(window: &Window, language: &str, theme: &str) {
    until(&format!("the language {language} and the theme {theme}"), LIMIT, async || {
        let script = "const { lang, dataset } = document.documentElement; return [lang, dataset.theme]";
        (window.ask(script).await == json!([language, theme])).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_smallest_window_every_control_is_whole_and_can_be_reached() {
    let desktop = Desktop::start().await;
    let world = start(&desktop, town(75, 60)).await;
    let window = Window::open(&desktop).await;
    paste(&window, &world.list()).await;
    window.click("check-button").await;
    window.get("progress").await;
    check_ends(&window).await;
    quiet(&window).await;
    window.resize(900, 600).await;
    for language in ["en", "zh-TW"] {
        window.click("nav-settings").await;
        window.click_on(&format!("label:has([data-testid=\"language-{language}\"])")).await;
        looks(&window, language, "light").await;
        assert_eq!(window.ask(FAULTS_OF_LAYOUT).await, json!([]), "settings, {language}");
        window.click("nav-proxies").await;
        assert_eq!(window.ask(FAULTS_OF_LAYOUT).await, json!([]), "the table, {language}");
        window.picture(&format!("small-{language}")).await;
        window.show(0).await;
        assert_eq!(window.ask(FAULTS_OF_LAYOUT).await, json!([]), "the table and the drawer, {language}");
        let over = window
            .ask(
                "const box = (name) => document.querySelector(`[data-testid=${name}]`).getBoundingClientRect(); \
                 return box('drawer').left < box('table').right && box('drawer').right <= window.innerWidth",
            )
            .await;
        assert_eq!(over, true, "the drawer lies over the table");
        window.picture(&format!("small-drawer-{language}")).await;
        window.click("drawer-close").await;
        window.gone("drawer").await;
    }
    let shown = "return [...document.querySelectorAll('nav button')].map((button) => \
         [button.querySelector('svg').getBoundingClientRect().width > 0, button.querySelector('.name').checkVisibility(), button.title !== ''])";
    let entries = window.ask(shown).await;
    let entries = entries.as_array().unwrap();
    assert!(entries.len() >= 2, "{entries:?}");
    for entry in entries {
        assert_eq!(entry, &json!([true, false, true]), "an icon without a word, but with a name");
    }
    window.close(&desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_arranged_by_hand_and_stays_so() {
    let desktop = Desktop::start().await;
    let world = start(&desktop, town(77, 40)).await;
    let window = Window::open(&desktop).await;
    paste(&window, &world.list()).await;
    let height = "return document.querySelector('[data-place=\"0\"]').getBoundingClientRect().height";
    window.wait_for("[data-place=\"0\"][data-testid]").await;
    let before = heads(&window).await;
    assert_eq!(window.ask(height).await, 32);

    window.click("columns").await;
    window.click("column-anonymity").await;
    window.click("column-score-earlier").await;
    window.click("compact").await;
    window.picture("columns").await;
    window.is_accessible("the arrangement of columns").await;
    window.click("columns").await;
    window.gone("compact").await;
    window.drag("size-proxy", 60.0).await;
    let arranged = heads(&window).await;
    let names: Vec<&str> = arranged.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "proxy",
            "status",
            "protocols",
            "country",
            "latency",
            "exit",
            "score",
            "success_rate",
            "last_checked"
        ],
        "one is hidden, and one stands before its neighbour"
    );
    assert!(arranged[0].1 > before[0].1 + 40, "its edge was drawn to the right: {before:?}, {arranged:?}");
    window.drag("sort-last_checked", -2000.0).await;
    assert_eq!(heads(&window).await[0].0, "last_checked", "a head that is carried to the left stands there");

    let wanted = world.proxies()[7].addr.to_string();
    window.click("find").await;
    window.fill("command-text", &wanted).await;
    window.wait_for("[data-testid^=\"found-proxy-\"][aria-selected=\"true\"]").await;
    window.picture("command-box").await;
    window.is_accessible("the box that finds everything").await;
    window.press("command-text", Key::Enter).await;
    window.wait_for("[data-testid=\"drawer\"][data-id]").await;
    let shown = window.texts("[data-testid=\"drawer\"] h2").await;
    assert_eq!(shown, [wanted], "it is opened as from the table");
    window.click("drawer-close").await;
    window.gone("drawer").await;

    let arranged = heads(&window).await;
    window.close(&desktop).await;
    let window = Window::open(&desktop).await;
    window.wait_for("[data-place=\"0\"][data-testid]").await;
    assert_eq!(heads(&window).await, arranged, "order, widths and what is hidden");
    assert_eq!(window.ask(height).await, 26, "and the rows");
    window.close(&desktop).await;
}

/// The columns of the table with their widths.
async fn heads(window: &Window) -> Vec<(String, u32)> {
    let script = "return [...document.querySelectorAll('[role=columnheader]')] \
         .map((head) => [head.dataset.column, Math.round(head.getBoundingClientRect().width)])";
    serde_json::from_value(window.ask(script).await).unwrap()
}

/// Waits until no message lies over what is looked at. Those that need no answer go by themselves after some seconds.
async fn quiet(window: &Window) {
    until("the end of the messages", LIMIT, async || {
        window.texts("[data-testid=\"toasts\"] .toast").await.is_empty().then_some(())
    })
    .await;
}

/// Says what is wrong with where things stand: controls that stick out of the window or of what holds them, that lie over
/// each other or under something else, labels that are cut off, and parts that must be scrolled sideways.
const FAULTS_OF_LAYOUT: &str = r"
const faults = [];
const name = (e) => e.dataset.testid || e.getAttribute('aria-label') || e.textContent.trim().slice(0, 30) || e.tagName;
const drawer = document.querySelector('[data-testid=drawer]');
const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.visually-hidden');
const rolls = (e) => ['auto', 'scroll'].includes(getComputedStyle(e).overflowY);
const rolledOut = (e, box) => {
  for (let p = e.parentElement; p; p = p.parentElement) {
    const frame = p.getBoundingClientRect();
    if (rolls(p) && (box.bottom > frame.bottom + 1 || box.top < frame.top - 1)) return true;
  }
  return false;
};
for (const e of document.querySelectorAll('body *')) {
  if (rolls(e) && shown(e) && e.scrollWidth > e.clientWidth + 1 && e.tagName !== 'PRE') faults.push(`${name(e)} scrolls sideways`);
}
const controls = [...document.querySelectorAll('button, input, select, textarea, summary, [role=grid]')]
  .filter(shown)
  .map((e) => [e, e.getBoundingClientRect()])
  .filter(([e, box]) => box.width > 0 && box.height > 0 && !rolledOut(e, box));
const open = [];
for (const [e, box] of controls) {
  if (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight) faults.push(`${name(e)} sticks out`);
  if (e.tagName === 'BUTTON' && e.scrollWidth > e.clientWidth + 1) faults.push(`${name(e)} is cut off`);
  for (const label of e.querySelectorAll('.clip'))
    if (e.tagName === 'BUTTON' && label.scrollWidth > label.clientWidth) faults.push(`${name(label)} is cut short`);
  const top = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
  if (top && (e.contains(top) || top.contains(e))) open.push([e, box]);
  else if (!top || !drawer || !drawer.contains(top)) faults.push(`${name(e)} lies under ${top ? name(top) : 'nothing'}`);
}
for (const [at, [a, one]] of open.entries())
  for (const [b, other] of open.slice(at + 1)) {
    const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
    const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
    // The offer of a new order floats over the table.
    const apart = [a, b].every((e) => e.getAttribute('role') !== 'grid') && !a.contains(b) && !b.contains(a)
      && drawer?.contains(a) === drawer?.contains(b);
    if (apart && wide > 1 && high > 1) faults.push(`${name(a)} and ${name(b)} lie over each other`);
  }
return faults;
";

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_set_aside_and_the_window_says_so_and_works() {
    let desktop = Desktop::start().await;
    let world = start(&desktop, town(76, 5)).await;
    let path = data_folder(&desktop).join("proxydeck.db");
    let rubbish = b"this was a database before the disk failed\n".repeat(500);
    fs::write(&path, &rubbish).unwrap();

    let window = Window::open(&desktop).await;
    let told = window.get("strip").await.text().await.unwrap();
    assert!(told.contains("could not be opened and was set aside"), "{told}");
    let aside = data_folder(&desktop).join("aside");
    let kept = files(&aside);
    assert_eq!(kept.values().collect::<Vec<_>>(), [&rubbish], "not a byte of it is lost");
    let place = kept.keys().next().unwrap().display().to_string();
    assert!(told.contains(&place), "it says where it is: {told}");
    window.picture("set-aside").await;
    window.is_accessible("the message about a damaged database").await;

    paste(&window, &world.list()).await;
    window.number("count", world.proxies().len()).await;
    window.close(&desktop).await;
    let window = Window::open(&desktop).await;
    window.number("count", world.proxies().len()).await;
    assert!(!window.has("strip").await, "what is sound is not complained about");
    window.close(&desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version_is_told_about_and_left_alone() {
    let desktop = Desktop::start().await;
    let window = Window::open(&desktop).await;
    window.get("first-start").await;
    window.close(&desktop).await;
    let folder = data_folder(&desktop);
    let path = folder.join("proxydeck.db");
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 1000).unwrap();
    let before = files(&folder);

    let (mut second, told) = refused(&desktop).await;
    let path = path.display().to_string();
    assert!(told.contains(&path) && told.contains("newer"), "which one, and what is the matter: {told}");
    assert!(second.ended(), "there is nothing to go on with");
    let after = files(&folder);
    let holder = folder.join("proxydeck.lock");
    // Who holds the folder is written anew each time.
    let changed: Vec<_> = before.iter().filter(|(path, bytes)| after.get(*path) != Some(bytes)).collect();
    assert!(changed.iter().all(|(path, _)| **path == holder), "not a byte is another one: {changed:?}");
    let log = files(&folder).remove(&folder.join("proxydeck.db-wal")).unwrap_or_default();
    assert!(log.is_empty(), "and nothing waits to be written into the database");
    assert!(
        !folder.join("aside").read_dir().is_ok_and(|mut kept| kept.next().is_some()),
        "nor is it set aside"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_window_on_the_same_data_says_who_has_it() {
    let desktop = Desktop::start().await;
    let window = Window::open(&desktop).await;
    let holder = desktop.window("Proxydeck", None).await.pid().await;
    let (_second, told) = refused(&desktop).await;
    assert!(told.contains(&holder.to_string()), "it names the process {holder}: {told}");
    window.close(&desktop).await;
}

/// Starts a program that cannot show its window, and answers with what it said. It does so in a dialog, and in the same
/// words on standard error.
async fn refused(desktop: &Desktop) -> (Running, String) {
    let log = desktop.home().join("refused.log");
    let mut program = Running::start(application(desktop).stderr(fs::File::create(&log).unwrap()));
    let dialog = desktop.window("Proxydeck", Some(program.pid())).await;
    dialog.press_until_gone("Return").await;
    let status = program.end().await;
    assert!(!status.success(), "it could not do what it was started for");
    (program, fs::read_to_string(log).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_the_window() {
    let desktop = Desktop::start().await;
    let mut program = Running::start(&mut application(&desktop));
    let window = desktop.window("Proxydeck", Some(program.pid())).await;
    let began = until("the processes of the web view", LIMIT, async || {
        let began = desktop.processes();
        let parts = ["WebKitWebProces", "WebKitNetworkPr"];
        parts.iter().all(|part| began.values().any(|name| name == part)).then_some(began)
    })
    .await;
    window.close().await;
    let status = program.end().await;
    assert!(status.success(), "closing is no fault: {status}");
    until(&format!("the end of all of {began:?}"), LIMIT, async || {
        (desktop.processes().is_empty() && !began.keys().any(|pid| lives(*pid))).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_is_killed_leaves_nothing_behind() {
    const NAME: &str = "a_test_that_is_killed_leaves_nothing_behind";
    if std::env::var_os(TO_BE_KILLED).is_some() {
        let desktop = Desktop::start().await;
        let window = Window::open(&desktop).await;
        // Among the parts of the desktop are those that know nothing of its home.
        let ours = descendants(std::process::id());
        let ours = ours.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        writeln!(std::io::stdout(), "\nstarted {ours}").unwrap();
        // The one who kills is waited for here; nothing else ends this.
        std::future::pending::<()>().await;
        window.close(&desktop).await;
    }
    let mut child = bound(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(TO_BE_KILLED, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = tokio::task::spawn_blocking(move || {
        lines.map_while(Result::ok).find_map(|line| line.strip_prefix("started ").map(str::to_owned))
    });
    let told = tokio::time::timeout(2 * LIMIT, told).await.expect("a desktop in time").unwrap().unwrap();
    let started: Vec<u32> = told.split(' ').map(|pid| pid.parse().unwrap()).collect();
    assert!(started.iter().all(|pid| lives(*pid)), "they live until the test does not: {started:?}");
    assert!(
        started.len() >= 7,
        "screen, bus, window manager, driver, window, web view, network: {started:?}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    until("the end of what a killed test had started", LIMIT, async || {
        (!started.iter().any(|pid| lives(*pid))).then_some(())
    })
    .await;
}

/// What a process has started, and what that has.
fn descendants(pid: u32) -> BTreeSet<u32> {
    let all =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let pairs: Vec<(u32, u32)> = all.filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut found = BTreeSet::from([pid]);
    while let Some((child, _)) = pairs.iter().find(|(pid, of)| found.contains(of) && !found.contains(pid)) {
        found.insert(*child);
    }
    found.remove(&pid);
    found
}

fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}
