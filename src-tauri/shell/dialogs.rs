//! The dialogs of the system: which file to open, where to save one, and what stands in the way of showing a window.
//!
//! On Linux they are GTK's own, run by the loop that runs the window. The dialog plugin of Tauri starts a second loop in
//! another thread there, and the two take the same events from each other: its dialogs now and then stay black.

use std::path::PathBuf;

use tauri::AppHandle;
use tokio::sync::oneshot;

#[cfg(target_os = "linux")]
use self::gtk as system;
#[cfg(not(target_os = "linux"))]
use self::plugin as system;

/// Where a file is to be saved.
#[derive(Clone, Debug)]
pub(crate) struct SaveAs {
    /// The name that is proposed.
    pub(crate) name: String,
    /// The ending of such files.
    pub(crate) ending: &'static str,
}

/// Lets the user choose a file; none if he does not.
pub(crate) async fn pick_file(app: &AppHandle, title: String) -> tauri::Result<Option<PathBuf>> {
    let (chose, chosen) = oneshot::channel();
    system::pick_file(app, title, chose)?;
    Ok(chosen.await.ok().flatten())
}

/// Lets the user choose where to save; none if he does not. That an existing file would be replaced is asked there.
pub(crate) async fn save_file(
    app: &AppHandle,
    title: String,
    what: SaveAs,
) -> tauri::Result<Option<PathBuf>> {
    let (chose, chosen) = oneshot::channel();
    system::save_file(app, title, what, chose)?;
    Ok(chosen.await.ok().flatten())
}

/// Says why there is nothing to show. `done` is called when the user has read it.
pub(crate) fn complain(
    app: &AppHandle,
    text: String,
    done: impl FnOnce() + Send + 'static,
) -> tauri::Result<()> {
    system::complain(app, text, done)
}

#[cfg(target_os = "linux")]
mod gtk {
    use std::cell::RefCell;
    use std::path::PathBuf;

    use gtk::prelude::*;
    use gtk::{
        ButtonsType, DialogFlags, FileChooserAction, FileChooserNative, FileFilter, MessageDialog,
        MessageType, ResponseType,
    };
    use tauri::{AppHandle, Manager};
    use tokio::sync::oneshot::Sender;

    use super::SaveAs;
    use crate::WINDOW;

    type Chose = Sender<Option<PathBuf>>;

    fn show(app: &AppHandle, title: String, save: Option<SaveAs>, chose: Chose) -> tauri::Result<()> {
        let ours = app.clone();
        app.run_on_main_thread(move || {
            let window = ours.get_webview_window(WINDOW).and_then(|window| window.gtk_window().ok());
            let action = if save.is_some() { FileChooserAction::Save } else { FileChooserAction::Open };
            // Without names of ours the buttons are called as everywhere on this desktop.
            let dialog = FileChooserNative::new(Some(&title), window.as_ref(), action, None, None);
            dialog.set_modal(true);
            if let Some(SaveAs { name, ending }) = save {
                dialog.set_current_name(&name);
                dialog.set_do_overwrite_confirmation(true);
                let filter = FileFilter::new();
                filter.set_name(Some(&ending.to_uppercase()));
                filter.add_pattern(&format!("*.{ending}"));
                dialog.add_filter(filter);
            }
            // The dialog lives as long as its answer is awaited, and no other value keeps it.
            let waiting = RefCell::new(Some((chose, dialog.clone())));
            dialog.connect_response(move |dialog, response| {
                if let Some((chose, _dialog)) = waiting.take() {
                    let chosen = dialog.filename().filter(|_| response == ResponseType::Accept);
                    // Whoever asked may be gone with its window.
                    let _ = chose.send(chosen);
                }
            });
            dialog.show();
        })
    }

    pub(super) fn pick_file(app: &AppHandle, title: String, chose: Chose) -> tauri::Result<()> {
        show(app, title, None, chose)
    }

    pub(super) fn save_file(app: &AppHandle, title: String, what: SaveAs, chose: Chose) -> tauri::Result<()> {
        show(app, title, Some(what), chose)
    }

    pub(super) fn complain(
        app: &AppHandle,
        text: String,
        done: impl FnOnce() + Send + 'static,
    ) -> tauri::Result<()> {
        app.run_on_main_thread(move || {
            let dialog = MessageDialog::new(
                None::<&gtk::Window>,
                DialogFlags::empty(),
                MessageType::Error,
                ButtonsType::Close,
                &text,
            );
            dialog.set_title("Proxydeck");
            let waiting = RefCell::new(Some(done));
            dialog.connect_response(move |dialog, _| {
                dialog.close();
                if let Some(done) = waiting.take() {
                    done();
                }
            });
            dialog.show_all();
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod plugin {
    use std::path::PathBuf;

    use tauri::AppHandle;
    use tauri_plugin_dialog::{DialogExt, FilePath, MessageDialogKind};
    use tokio::sync::oneshot::Sender;

    use super::SaveAs;

    type Chose = Sender<Option<PathBuf>>;

    fn answer(chose: Chose) -> impl FnOnce(Option<FilePath>) + Send + 'static {
        move |path| {
            // Whoever asked may be gone with its window.
            let _ = chose.send(path.and_then(|path| path.into_path().ok()));
        }
    }

    pub(super) fn pick_file(app: &AppHandle, title: String, chose: Chose) -> tauri::Result<()> {
        app.dialog().file().set_title(title).pick_file(answer(chose));
        Ok(())
    }

    pub(super) fn save_file(app: &AppHandle, title: String, what: SaveAs, chose: Chose) -> tauri::Result<()> {
        let SaveAs { name, ending } = what;
        let dialog = app.dialog().file().set_title(title).set_file_name(name);
        dialog.add_filter(ending.to_uppercase(), &[ending]).save_file(answer(chose));
        Ok(())
    }

    pub(super) fn complain(
        app: &AppHandle,
        text: String,
        done: impl FnOnce() + Send + 'static,
    ) -> tauri::Result<()> {
        app.dialog().message(text).title("Proxydeck").kind(MessageDialogKind::Error).show(move |_| done());
        Ok(())
    }
}
