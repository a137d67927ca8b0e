//! Lets Tauri read `tauri.conf.json` and prepare what the application embeds.

fn main() {
    tauri_build::build();
}
