//! The real window and where proxies lie: the column, the filter, the drawer, and whose data it is.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use proxydeck_tests::desktop::{Desktop, LIMIT, program, until};
use proxydeck_tests::lab::{JudgeKind, ProxySpec, World};
use proxydeck_tests::mmdb::database;
use proxydeck_tests::window::{Window, data_folder, settle};
use serde_json::json;

/// Countries of the exits of a world, more than fit on a glance.
const COUNTRIES: [&str; 14] =
    ["TW", "TW", "TW", "US", "US", "JP", "DE", "SG", "FR", "NL", "GB", "BR", "IN", "VN"];

fn v4(ip: IpAddr) -> Ipv4Addr {
    match ip {
        IpAddr::V4(v4) => v4,
        IpAddr::V6(_) => panic!("the lab leaves by version 4"),
    }
}

/// A pool of proxies that were checked, each of which leaves in a country of its own and is entered in Japan.
async fn pool(desktop: &Desktop) {
    let world = (0..COUNTRIES.len())
        .fold(World::seeded(75).judge(JudgeKind::Own), |world, _| world.proxy(ProxySpec::http()))
        .start()
        .await
        .unwrap();
    let mut networks = Vec::new();
    for (proxy, code) in world.proxies().iter().zip(COUNTRIES) {
        let record = json!({
            "country": { "iso_code": code },
            "autonomous_system_number": 64_500,
            "autonomous_system_organization": format!("Example Networks {code}"),
        });
        networks.push((v4(proxy.exit), 32, record));
        networks.push((v4(proxy.addr.ip()), 32, json!({ "country": { "iso_code": "JP" } })));
    }
    settle(desktop, &world);
    let file = desktop.home().join("lab.mmdb");
    fs::write(&file, database("Lab", &networks)).unwrap();
    let settings = data_folder(desktop).join("settings.toml");
    let located = fs::read_to_string(&settings).unwrap() + &format!("\n[geo]\ndatabase = {file:?}\n");
    fs::write(&settings, located).unwrap();
    fs::write(desktop.home().join("list.txt"), world.list()).unwrap();
    for verb in ["import list.txt --allow-private", "check"] {
        let mut command = desktop.command(program("proxydeck"));
        command.arg("--data-dir").arg(data_folder(desktop)).args(verb.split(' ')).current_dir(desktop.home());
        command.env("PROXYDECK_KEYRING", "off");
        assert!(command.status().unwrap().success(), "{verb}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proxies_are_told_apart_by_their_country() {
    let desktop = Desktop::start().await;
    pool(&desktop).await;
    let window = Window::open(&desktop).await;
    window.number("count", COUNTRIES.len()).await;
    window.picture("countries").await;

    window.click("chip-country").await;
    window.get("chip-country-find").await;
    window.picture("country-chip").await;
    window.fill("chip-country-find", "tai").await;
    until("the one that is looked for", LIMIT, async || {
        let found = window.texts("[role=\"dialog\"] label").await;
        (found.len() == 1 && found[0].contains("Taiwan")).then_some(())
    })
    .await;
    window.click("chip-country-TW").await;
    window.number("count", 3).await;
    window.click("chip-country").await;
    let cells = window.texts("[data-testid^=\"row-country-\"]").await;
    assert!(cells.len() == 3 && cells.iter().all(|cell| cell.contains("Taiwan")), "{cells:?}");

    window.click_on("[data-place=\"0\"] .status").await;
    window.press("table", fantoccini::key::Key::Enter).await;
    let exit = until("the exit", LIMIT, async || window.text("drawer-exit").await).await;
    assert!(exit.contains("Taiwan") && exit.contains("AS64500 Example Networks TW"), "{exit}");
    let entry = until("the entry", LIMIT, async || window.text("drawer-entry").await).await;
    assert!(entry.contains("Japan"), "{entry}");
    window.picture("country-drawer").await;

    window.click("nav-settings").await;
    window.get("about_networks").await;
    window
        .ask("document.querySelector('[data-testid=\"about_networks\"]').scrollIntoView({ block: 'center' })")
        .await;
    window.picture("about").await;
    window.close(&desktop).await;
}
