//! The desktop application: a window over the engine. It adapts and decides nothing.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod dialogs;
mod preferences;

use std::process::ExitCode;
use std::time::Duration;

use proxydeck_engine::api::dto::{CollectProgressDto, EventDto, ProgressDto, TaskStatusDto};
use proxydeck_engine::api::{self, Access, Engine};
use tauri::{AppHandle, Emitter, Manager, RunEvent, WebviewWindowBuilder};
use tokio_util::sync::CancellationToken;

/// The event under which the interface hears the engine.
const ENGINE_EVENT: &str = "engine";
/// The window of `tauri.conf.json`.
const WINDOW: &str = "main";
/// How long a running check may take to put down what it has when the window closes.
const GRACE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let opened = Engine::open(Access::Write, None);
    let app = tauri::Builder::default().plugin(tauri_plugin_store::Builder::default().build());
    #[cfg(not(target_os = "linux"))]
    let app = app.plugin(tauri_plugin_dialog::init());
    let app = app
        .invoke_handler(commands::handler())
        .setup(move |app| {
            match opened {
                Ok(engine) => {
                    app.manage(engine.clone());
                    app.manage(commands::Looking::default());
                    let ends = CancellationToken::new();
                    app.manage(Background(ends.clone()));
                    let due = engine.clone();
                    tauri::async_runtime::spawn(async move { api::collect_when_due(&due, &ends).await });
                    open(app)?;
                    tauri::async_runtime::spawn(relay(app.handle().clone(), engine));
                }
                Err(error) => refuse(app.handle(), &error),
            }
            Ok(())
        })
        .build(tauri::generate_context!());
    match app {
        Ok(app) => {
            let code = app.run_return(|app, event| {
                if let (RunEvent::Exit, Some(engine)) = (event, app.try_state::<Engine>()) {
                    if let Some(background) = app.try_state::<Background>() {
                        background.0.cancel();
                    }
                    tauri::async_runtime::block_on(api::shut_down(&engine, GRACE));
                }
            });
            u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            tracing::error!(%error, "the window cannot be opened");
            ExitCode::FAILURE
        }
    }
}

/// The end of what goes on in the background, told when the application exits.
struct Background(CancellationToken);

/// Opens the window, which is made only where there is something to show.
fn open(app: &tauri::App) -> tauri::Result<()> {
    for config in app.config().app.windows.iter().filter(|config| config.label == WINDOW) {
        WebviewWindowBuilder::from_config(app.handle(), config)?.build()?;
    }
    Ok(())
}

/// Tells why there is nothing to show, and ends.
fn refuse(app: &AppHandle, error: &api::ApiError) {
    let told = error.dto();
    let text = [Some(told.message.as_str()), told.hint.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n\n");
    tracing::error!("{text}");
    let ended = app.clone();
    if let Err(error) = dialogs::complain(app, text, move || ended.exit(1)) {
        tracing::error!(%error, "the message cannot be shown");
        app.exit(1);
    }
}

/// Hands the engine's events to the interface, and the progress to the window's title.
async fn relay(app: AppHandle, engine: Engine) {
    let mut events = api::subscribe(&engine);
    while let Some(event) = events.next().await {
        match &event {
            EventDto::Progress(ProgressDto { status, done, total, .. })
            | EventDto::Collecting(CollectProgressDto { status, done, total, .. }) => {
                title(&app, *status, *done, *total);
            }
            _ => {}
        }
        if let Err(error) = app.emit(ENGINE_EVENT, &event) {
            tracing::warn!(%error, "the interface did not hear an event");
        }
    }
}

/// Shows the progress in the window's title, as a number that needs no translation.
fn title(app: &AppHandle, status: TaskStatusDto, done: u32, total: u32) {
    let Some(window) = app.get_webview_window(WINDOW) else { return };
    let title = if status == TaskStatusDto::Running && total > 0 {
        format!("{} % · Proxydeck", u64::from(done) * 100 / u64::from(total))
    } else {
        "Proxydeck".to_owned()
    };
    if let Err(error) = window.set_title(&title) {
        tracing::warn!(%error, "the title could not be set");
    }
}
