//! The real window, seen and operated from inside by WebDriver: the program that is shipped, on a desktop of the test's
//! own, with a data folder of its own.
//!
//! `WebKitWebDriver` starts the program and speaks for its web view; what lies outside of that, such as the dialogs of
//! the system, is for [`crate::desktop`].

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use fantoccini::actions::{InputSource as _, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::desktop::{Desktop, LIMIT, Running, program, until};
use crate::lab::World;

/// Where pictures are kept: outside of what is committed, for whoever wants to look.
const PICTURES: &str = "artefacts/window";

/// The rules of accessibility, as the packages of the interface bring them.
const AXE: &str = "ui/node_modules/axe-core/axe.min.js";
/// How often a driver that is not up yet is asked again.
const TICK: Duration = Duration::from_millis(25);

/// A window that a test looks into. It is closed with the value that stands for its driver.
pub struct Window {
    client: Client,
    _driver: Running,
}

/// The data folder of a window.
#[must_use]
pub fn data_folder(desktop: &Desktop) -> PathBuf {
    desktop.home().join("data")
}

/// Writes settings under which the judges of a world are asked and its proxies may be reached.
///
/// # Panics
/// When they cannot be written.
pub fn settle(desktop: &Desktop, world: &World) {
    let folder = data_folder(desktop);
    fs::create_dir_all(&folder).unwrap();
    let authority = desktop.home().join("judges.pem");
    fs::write(&authority, world.ca_pem()).unwrap();
    let quoted =
        |texts: Vec<String>| texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ");
    let settings = format!(
        "version = 1\n\n[checking]\njudges = [{}]\njudge_ca = '{}'\nresolve = [{}]\ntimeout_seconds = 8\n\
         allow_private = true\n",
        quoted(world.judge_urls()),
        authority.display(),
        quoted(world.resolve_args()),
    );
    fs::write(folder.join("settings.toml"), settings).unwrap();
}

/// The program of the window, without a driver.
#[must_use]
pub fn application(desktop: &Desktop) -> Command {
    let mut command = desktop.command(program("proxydeck-desktop"));
    at_home(desktop, &mut command);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn at_home(desktop: &Desktop, command: &mut Command) {
    command.env("PROXYDECK_DATA_DIR", data_folder(desktop)).env("PROXYDECK_KEYRING", "off");
    // Without a graphics card the shared buffers of WebKit stay empty.
    command.env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
}

/// Starts a driver at a port that was free a moment ago; answers with its address.
fn drive(desktop: &Desktop) -> (String, Running) {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let mut command = desktop.command("WebKitWebDriver");
    at_home(desktop, &mut command);
    // The runtime of Tauri opens its web view to a driver only when it is told so.
    command.env("TAURI_AUTOMATION", "true").env("TAURI_WEBVIEW_AUTOMATION", "true");
    command.arg("--host=127.0.0.1").arg(format!("--port={port}"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    (format!("http://127.0.0.1:{port}"), Running::start(&mut command))
}

impl Window {
    /// Opens the window and waits until it shows something.
    ///
    /// # Panics
    /// When it does not.
    pub async fn open(desktop: &Desktop) -> Self {
        let (client, driver) = until("a session of WebDriver", LIMIT, async || {
            let (address, mut driver) = drive(desktop);
            loop {
                let mut builder = ClientBuilder::new(HttpConnector::new());
                // The driver is killed with the test that started it, and takes the program along.
                let options = json!({ "webkitgtk:browserOptions": {
                    "binary": "setpriv",
                    "args": ["--pdeathsig", "KILL", "--", program("proxydeck-desktop")],
                } });
                let capabilities: Capabilities = options.as_object().unwrap().clone();
                let connected = builder.capabilities(capabilities).connect(&address).await;
                // Somebody else may have taken the port since it was free, and that one's driver must not be asked.
                if driver.ended() {
                    return None;
                }
                if let Ok(client) = connected {
                    return Some((client, driver));
                }
                sleep(TICK).await;
            }
        })
        .await;
        let window = Self { client, _driver: driver };
        window.wait_for("#app > *").await;
        window
    }

    /// Closes the window, and waits until its program has ended.
    ///
    /// # Panics
    /// When it cannot be closed.
    pub async fn close(self, desktop: &Desktop) {
        let title = desktop.window("(.* · )?Proxydeck", None).await;
        let pid = title.pid().await;
        title.close().await;
        until("the end of the program", LIMIT, async || (!crate::desktop::lives(pid)).then_some(())).await;
        // The driver misses its window and has nothing more to say.
        let _ = self.client.close().await;
    }

    /// Waits for the first element that a selector finds and that is shown.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn wait_for(&self, selector: &str) -> Element {
        until(&format!("{selector} in the window"), LIMIT, async || {
            let found = self.client.find(Locator::Css(selector)).await.ok()?;
            found.is_displayed().await.ok()?.then_some(found)
        })
        .await
    }

    /// The element with this name for tests.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn get(&self, name: &str) -> Element {
        self.wait_for(&named(name)).await
    }

    /// Clicks the element with this name for tests, as soon as it can be clicked.
    ///
    /// # Panics
    /// When it cannot be clicked in time.
    pub async fn click(&self, name: &str) {
        until(&format!("{name} to be clicked"), LIMIT, async || {
            let element = self.client.find(Locator::Css(&named(name))).await.ok()?;
            if !element.is_enabled().await.ok()? {
                return None;
            }
            element.click().await.ok()
        })
        .await;
    }

    /// Clicks what a selector finds.
    ///
    /// # Panics
    /// When it cannot be clicked in time.
    pub async fn click_on(&self, selector: &str) {
        until(&format!("{selector} to be clicked"), LIMIT, async || {
            self.client.find(Locator::Css(selector)).await.ok()?.click().await.ok()
        })
        .await;
    }

    /// Drags an element sideways by so many pixels, as far as the page goes.
    ///
    /// # Panics
    /// When there is no such element.
    pub async fn drag(&self, name: &str, by: f64) {
        let (left, top, width, height) = self.get(name).await.rectangle().await.unwrap();
        let (x, y) = ((left + width / 2.0).round(), (top + height / 2.0).round());
        let to = |x: f64| PointerAction::MoveTo { duration: None, x: x.max(0.0), y };
        let mouse = MouseActions::new("mouse".to_owned())
            .then(to(x))
            .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
            .then(to(x + by / 2.0))
            .then(to(x + by))
            .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.client.perform_actions(mouse).await.unwrap();
    }

    /// Presses a key where this element has the focus, or several of which the first are held.
    ///
    /// # Panics
    /// When there is no such element.
    pub async fn press(&self, name: &str, keys: impl std::fmt::Display) {
        self.get(name).await.send_keys(&keys.to_string()).await.unwrap();
    }

    /// Whether there is such an element now.
    pub async fn has(&self, name: &str) -> bool {
        self.client.find(Locator::Css(&named(name))).await.is_ok()
    }

    /// Waits until there is no such element.
    ///
    /// # Panics
    /// When it stays.
    pub async fn gone(&self, name: &str) {
        until(&format!("the end of {name}"), LIMIT, async || (!self.has(name).await).then_some(())).await;
    }

    /// Puts a text into a field in place of what it holds, key by key.
    ///
    /// # Panics
    /// When there is no such field, or it does not hold the text then.
    pub async fn fill(&self, name: &str, text: &str) {
        let field = self.get(name).await;
        field.click().await.unwrap();
        field.send_keys(&(Key::Control + "a")).await.unwrap();
        field.send_keys(&Key::Delete.to_string()).await.unwrap();
        field.send_keys(text).await.unwrap();
        until(&format!("the text in {name}"), LIMIT, async || {
            (field.prop("value").await.ok()?? == text).then_some(())
        })
        .await;
    }

    /// Chooses the row at a place of the table, once it has been brought.
    ///
    /// # Panics
    /// When it cannot be chosen.
    pub async fn choose(&self, place: usize) {
        self.click_on(&format!("[data-place=\"{place}\"][data-testid] .address")).await;
        self.wait_for(&format!("[data-place=\"{place}\"][aria-selected=\"true\"].current")).await;
    }

    /// Opens the drawer with the row at a place of the table, and waits until everything about it is there.
    ///
    /// # Panics
    /// When it is not in time.
    pub async fn show(&self, place: usize) {
        self.choose(place).await;
        let row = self.wait_for(&format!("[data-place=\"{place}\"]")).await;
        let name = row.attr("data-testid").await.unwrap().unwrap();
        self.press("table", Key::Enter).await;
        let id = name.strip_prefix("row-").unwrap();
        self.wait_for(&format!("[data-testid=\"drawer\"][data-id=\"{id}\"]")).await;
    }

    /// Waits until the number in an element is this one. Signs between the thousands do not matter.
    ///
    /// # Panics
    /// When it does not become so in time.
    pub async fn number(&self, name: &str, wanted: usize) {
        self.number_within(name, LIMIT, |number| number == wanted).await;
    }

    /// Waits until the number in an element is a right one.
    ///
    /// # Panics
    /// When it does not become so in time.
    pub async fn number_within(&self, name: &str, limit: Duration, right: impl Fn(usize) -> bool) {
        until(&format!("the number in {name}"), limit, async || {
            let text = match figure(name) {
                Some(attribute) => {
                    self.client.find(Locator::Css(&named(name))).await.ok()?.attr(attribute).await.ok()??
                }
                None => self.text(name).await?,
            };
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            right(digits.parse().ok()?).then_some(())
        })
        .await;
    }

    /// The text of an element, if there is one.
    pub async fn text(&self, name: &str) -> Option<String> {
        self.client.find(Locator::Css(&named(name))).await.ok()?.text().await.ok()
    }

    /// The texts of all that a selector finds, in their order.
    ///
    /// # Panics
    /// When the window does not answer.
    pub async fn texts(&self, selector: &str) -> Vec<String> {
        let script =
            "return Array.from(document.querySelectorAll(arguments[0]), (e) => e.textContent.trim());";
        let texts = self.client.execute(script, vec![json!(selector)]).await.unwrap();
        serde_json::from_value(texts).unwrap()
    }

    /// What a script answers.
    ///
    /// # Panics
    /// When the window does not answer.
    pub async fn ask(&self, script: &str) -> serde_json::Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// What a script answers that calls the last of its arguments when it is done.
    ///
    /// # Panics
    /// When the window does not answer.
    pub async fn ask_slowly(&self, script: &str) -> serde_json::Value {
        timeout(LIMIT, self.client.execute_async(script, Vec::new()))
            .await
            .expect("an answer in time")
            .unwrap()
    }

    /// Holds what the window shows against the rules of accessibility that a program can know.
    ///
    /// # Panics
    /// When one is broken, or the rules are not there.
    pub async fn is_accessible(&self, what: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(AXE);
        let rules = fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("{}: {error}: run `make ui-build`, which brings it", path.display())
        });
        self.ask(&format!("if (!window.axe) {{ {rules} }}")).await;
        let script = "const done = arguments[arguments.length - 1]; \
            axe.run(document, { resultTypes: ['violations'] }).then( \
                ({ violations }) => done(violations.map(({ id, help, nodes }) => \
                    [id, help, ...nodes.slice(0, 4).map(({ html, failureSummary }) => [html, failureSummary])])), \
                (error) => done([String(error)]))";
        let found = self.ask_slowly(script).await;
        assert_eq!(found, json!([]), "{what}: {found:#}");
    }

    /// Gives the window a size, and waits until the page has it.
    ///
    /// # Panics
    /// When it does not take it.
    pub async fn resize(&self, width: u32, height: u32) {
        self.client.set_window_size(width, height).await.unwrap();
        until("the size of the page", LIMIT, async || {
            let told = self.ask("return [window.innerWidth, window.innerHeight]").await;
            (told == json!([width, height])).then_some(())
        })
        .await;
    }

    /// Keeps a picture of the window.
    ///
    /// # Panics
    /// When it cannot be kept.
    pub async fn picture(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(PICTURES);
        fs::create_dir_all(&folder).unwrap();
        // WebKit takes the picture with the next frame that it draws, and draws none where nothing changes.
        self.ask(
            "let even = false; window.drawing = setInterval(() => { even = !even; \
             document.documentElement.style.opacity = even ? '0.9999' : '1'; }, 40);",
        )
        .await;
        let taken = timeout(LIMIT, self.client.screenshot()).await;
        let picture = taken.unwrap_or_else(|_| panic!("{name}: no picture within {LIMIT:?}")).unwrap();
        self.ask("clearInterval(window.drawing); document.documentElement.style.opacity = '';").await;
        fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }
}

/// The attribute that has the number of an element whose text has several.
fn figure(name: &str) -> Option<&'static str> {
    match name {
        "count" => Some("data-shown"),
        "working" => Some("data-working"),
        _ => None,
    }
}

fn named(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}
