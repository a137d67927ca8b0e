//! The real window: what a person does with it, on a screen of the test's own, against the lab.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use fantoccini::key::Key;
use proxydeck_tests::desktop::{Desktop, FileDialog, LIMIT, kill, until};
use proxydeck_tests::lab::{Face, Fault, JudgeKind, JudgeSpec, Mix, ProxySpec, World, WorldBuilder};
use proxydeck_tests::window::{Window, application, data_folder, settle};

/// A check of some hundred proxies with a timeout of three seconds, in a debug build on a busy machine.
const CHECK_LIMIT: Duration = Duration::from_secs(120);

/// Every kind of proxy, some with an account, some that deceive, and many that are dead.
fn town(seed: u64, proxies: usize) -> WorldBuilder {
    World::seeded(seed)
        .judge(JudgeSpec::new(JudgeKind::Own).named("own.judge.lab"))
        .judge(JudgeSpec::new(JudgeKind::Own).named("tls.judge.lab").tls())
        .proxy(ProxySpec::http().face(Face::ForwardedFor))
        .proxy(
            ProxySpec::http().fault(Fault::Tampers(proxydeck_tests::lab::Tamper::Script)).without_connect(),
        )
        .proxies(Mix::mixed().alive(30).latency(Duration::from_millis(80)), proxies)
}

/// A world, and its list in a file on the desktop.
async fn town_with_list(desktop: &Desktop, seed: u64, proxies: usize) -> (World, std::path::PathBuf) {
    rlimit_up();
    let world = town(seed, proxies).start().await.unwrap();
    settle(desktop, &world);
    let list = desktop.home().join("proxies.txt");
    let first = world.list();
    let twice = first.lines().next().unwrap_or_default();
    fs::write(&list, format!("# a list\n{first}what is this\n{twice}\n")).unwrap();
    (world, list)
}

/// Proxies that listen cost a descriptor each, and the usual soft limit is 1,024.
fn rlimit_up() {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
}

fn living(world: &World) -> BTreeSet<String> {
    world.proxies().iter().filter(|proxy| proxy.truth.alive).map(|proxy| proxy.addr.to_string()).collect()
}

/// The addresses that the table shows now, in its order.
async fn addresses(window: &Window) -> Vec<String> {
    let cells = window.texts("[data-place] .address").await;
    cells.into_iter().filter(|text| !text.is_empty()).collect()
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

    window.click("first-open").await;
    FileDialog::to_open(&desktop).await.choose(&list).await;
    window.number("import-accepted", total).await;
    window.number("import-duplicates", 1).await;
    window.number("import-refused", 1).await;
    window.picture("import").await;
    window.click("import-commit").await;
    window.get("table").await;
    window.gone("import-sheet").await;

    window.click("check-button").await;
    window.get("progress").await;
    window.number_within("alive", CHECK_LIMIT, |number| number > 0).await;
    window.picture("checking").await;
    until("the end of the check", CHECK_LIMIT, async || window.has("check-button").await.then_some(())).await;
    window.number("working", alive.len()).await;

    // A filter by status shows the working ones, and one by text a single one of them.
    window.click("chip-status").await;
    window.click("chip-status-active").await;
    window.number("count", alive.len()).await;
    window.click("chip-status").await;
    let wanted = alive.iter().next().unwrap();
    window.fill("search", wanted).await;
    window.number("count", 1).await;
    until("the one that was searched", LIMIT, async || {
        (addresses(&window).await == [wanted.clone()]).then_some(())
    })
    .await;
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

    window.click_on("[data-place=\"0\"] .status").await;
    window.press("table", Key::Enter).await;
    window.get("drawer").await;
    let answers = window.texts("[data-testid^=\"capability-\"]").await;
    assert_eq!(answers.len(), 8, "every question has its answer: {answers:?}");
    window.picture("drawer").await;
    window.click("drawer-close").await;

    window.click("export-button").await;
    window.click("export-csv").await;
    window.get("export-preview").await;
    window.picture("export").await;
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
    window.click_on("[data-place=\"0\"] .status").await;
    window.press("table", Key::Enter).await;
    let kept = window.texts("[data-testid=\"checks\"] li, [data-testid=\"checks\"] tr").await;
    assert!(!kept.is_empty(), "the check is still there after the program was closed");
    window.close(&desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_stopped_and_one_that_was_cut_off_goes_on() {
    let desktop = Desktop::start().await;
    rlimit_up();
    let world = (0..150)
        .fold(World::seeded(72).judge(JudgeKind::Own), |world, _| {
            world.proxy(ProxySpec::http().latency(Duration::from_millis(400)).without_connect())
        })
        .start()
        .await
        .unwrap();
    settle(&desktop, &world);
    let settings = data_folder(&desktop).join("settings.toml");
    let slow = fs::read_to_string(&settings).unwrap() + "concurrency = 4\n";
    fs::write(&settings, slow).unwrap();
    fs::write(desktop.home().join("list.txt"), world.list()).unwrap();

    let window = Window::open(&desktop).await;
    window.click("first-paste").await;
    let text = window.get("import-text").await;
    // Key by key a list would take minutes.
    window
        .ask(&format!(
            "const field = document.querySelector('[data-testid=\"import-text\"]'); field.value = {:?}; \
         field.dispatchEvent(new Event('input', {{ bubbles: true }}));",
            world.list()
        ))
        .await;
    drop(text);
    window.click("import-read").await;
    window.number("import-accepted", 150).await;
    window.click("import-commit").await;
    window.gone("import-sheet").await;

    window.click("check-button").await;
    window.number_within("alive", CHECK_LIMIT, |number| number >= 4).await;
    window.click("stop-button").await;
    window.get("check-button").await;
    window.number_within("working", LIMIT, |number| (4..150).contains(&number)).await;

    // A power cut in the middle of the next one: nothing that was finished is lost, and it goes on when asked.
    window.click("check-button").await;
    window.number_within("alive", CHECK_LIMIT, |number| number >= 4).await;
    let pid = desktop.window("(.* · )?Proxydeck", None).await.pid().await;
    kill(pid);
    drop(window);
    let window = Window::open(&desktop).await;
    window.number("count", 150).await;
    window.get("go-on").await;
    window.picture("cut-off").await;
    window.click("go-on").await;
    window.get("stop-button").await;
    window.click("stop-button").await;
    window.get("check-button").await;
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
    for (language, theme) in [("zh-TW", "light"), ("zh-CN", "dark"), ("en", "light")] {
        window.click("nav-settings").await;
        for choice in [format!("language-{language}"), format!("theme-{theme}")] {
            window.click_on(&format!("label:has([data-testid=\"{choice}\"])")).await;
        }
        until("the language of the page", LIMIT, async || {
            let told = window.ask("return document.documentElement.lang").await;
            (told.as_str()?.eq_ignore_ascii_case(language)).then_some(())
        })
        .await;
        window.picture(&format!("settings-{language}")).await;
        window.click("nav-proxies").await;
        names.insert(window.get("check-button").await.text().await.unwrap());
        window.picture(&format!("proxies-{language}-{theme}")).await;
    }
    assert_eq!(names.len(), 3, "each language has words of its own: {names:?}");
    window.resize(900, 600).await;
    window.get("table").await;
    let wide = window.ask("return document.documentElement.scrollWidth > window.innerWidth").await;
    assert_eq!(wide, false, "nothing sticks out of a small window");
    window.picture("small-900x600").await;
    window.close(&desktop).await;
    let window = Window::open(&desktop).await;
    let told = window.ask("return document.documentElement.lang").await;
    assert_eq!(told, "en", "the choice is kept");
    window.close(&desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_window_on_the_same_data_says_who_has_it() {
    let desktop = Desktop::start().await;
    let window = Window::open(&desktop).await;
    let holder = desktop.window("Proxydeck", None).await.pid().await;
    let mut second = application(&desktop);
    let log = fs::File::create(desktop.home().join("second.log")).unwrap();
    second.stderr(log);
    let mut second = proxydeck_tests::desktop::Running::start(&mut second);
    let dialog = desktop.window("Proxydeck", Some(second.pid())).await;
    dialog.press_until_gone("Return").await;
    let status = second.end().await;
    assert!(!status.success(), "it could not do what it was started for");
    let told = fs::read_to_string(desktop.home().join("second.log")).unwrap();
    assert!(told.contains(&holder.to_string()), "it names the process {holder}: {told}");
    window.close(&desktop).await;
}
