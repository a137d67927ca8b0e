//! The commands of the window: each an adapter onto one use case of the engine.
//!
//! Native dialogs are opened here, so that the interface never names a path to read or to write by itself.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use proxydeck_engine::api::dto::{
    AppInfoDto, CheckWhatDto, ErrorDto, ExportAskDto, ExportPreviewDto, ExportedDto, FilterDto, FormatDto,
    ImportPreviewDto, ImportedDto, ProxyDetailDto, RowsDto, SettingsDto, SortKeyDto, SourceDetailDto,
    SourceDto, SourceEditDto, SourceTestDto, TagsDto, UndoableDto, ViewDto, WhichDto,
};
use proxydeck_engine::api::{self, ApiError, Engine};
use serde_json::Value;
use tauri::ipc::Invoke;
use tauri::{AppHandle, State, Wry};
use tokio_util::sync::CancellationToken;

use crate::dialogs::{self, SaveAs};
use crate::preferences;

type Answer<T> = Result<T, ErrorDto>;

/// Every command.
pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        app_info,
        settings_get,
        settings_set,
        open_view,
        view_rows,
        close_view,
        view_places,
        proxy_detail,
        proxies_delete,
        proxies_tag,
        proxies_tags,
        undo,
        import_pick,
        import_path,
        import_text,
        import_commit,
        import_discard,
        check_start,
        check_stop,
        sources,
        source_detail,
        source_as_written,
        source_test,
        source_test_stop,
        source_add,
        source_edit,
        sources_enable,
        sources_remove,
        sources_restore,
        collect_start,
        collect_stop,
        export_preview,
        export_save,
        preferences_get,
        preferences_set,
    ]
}

fn told(error: ApiError) -> ErrorDto {
    error.into()
}

/// Runs what blocks where it may.
async fn blocking<T: Send + 'static>(
    engine: &Engine,
    work: impl FnOnce(&Engine) -> Result<T, ApiError> + Send + 'static,
) -> Answer<T> {
    let engine = engine.clone();
    match tauri::async_runtime::spawn_blocking(move || work(&engine)).await {
        Ok(result) => result.map_err(told),
        Err(error) => Err(told(ApiError::internal(format!("A use case ended early: {error}.")))),
    }
}

#[tauri::command]
async fn app_info(engine: State<'_, Engine>) -> Answer<AppInfoDto> {
    blocking(&engine, api::app_info).await
}

#[tauri::command]
async fn settings_get(engine: State<'_, Engine>) -> Answer<SettingsDto> {
    blocking(&engine, |engine| Ok(api::settings_get(engine))).await
}

#[tauri::command]
async fn settings_set(engine: State<'_, Engine>, settings: SettingsDto) -> Answer<SettingsDto> {
    blocking(&engine, move |engine| api::settings_set(engine, settings)).await
}

#[tauri::command]
async fn open_view(engine: State<'_, Engine>, filter: FilterDto, sort: Vec<SortKeyDto>) -> Answer<ViewDto> {
    blocking(&engine, move |engine| api::open_view(engine, &filter, &sort)).await
}

#[tauri::command]
async fn view_rows(engine: State<'_, Engine>, view: u32, from: u32, to: u32) -> Answer<RowsDto> {
    blocking(&engine, move |engine| api::view_rows(engine, view, from, to)).await
}

#[tauri::command]
async fn close_view(engine: State<'_, Engine>, view: u32) -> Answer<()> {
    api::close_view(&engine, view);
    Ok(())
}

#[tauri::command]
async fn proxy_detail(engine: State<'_, Engine>, id: i64) -> Answer<ProxyDetailDto> {
    blocking(&engine, move |engine| api::proxy_detail(engine, id)).await
}

#[tauri::command]
async fn view_places(engine: State<'_, Engine>, view: u32, ids: Vec<i64>) -> Answer<Vec<Option<u32>>> {
    blocking(&engine, move |engine| api::view_places(engine, view, &ids)).await
}

#[tauri::command]
async fn proxies_delete(engine: State<'_, Engine>, which: WhichDto) -> Answer<UndoableDto> {
    blocking(&engine, move |engine| api::delete(engine, &which)).await
}

#[tauri::command]
async fn proxies_tag(
    engine: State<'_, Engine>,
    which: WhichDto,
    add: Vec<String>,
    remove: Vec<String>,
) -> Answer<UndoableDto> {
    blocking(&engine, move |engine| api::tag(engine, &which, &add, &remove)).await
}

#[tauri::command]
async fn proxies_tags(engine: State<'_, Engine>, which: WhichDto) -> Answer<TagsDto> {
    blocking(&engine, move |engine| api::tags(engine, &which)).await
}

#[tauri::command]
async fn undo(engine: State<'_, Engine>, change: u32) -> Answer<UndoableDto> {
    blocking(&engine, move |engine| api::undo(engine, change)).await
}

#[tauri::command]
async fn import_pick(
    app: AppHandle,
    engine: State<'_, Engine>,
    title: String,
) -> Answer<Option<ImportPreviewDto>> {
    match dialogs::pick_file(&app, title).await.map_err(|error| no_dialog(&error))? {
        Some(path) => import_path(engine, path).await.map(Some),
        None => Ok(None),
    }
}

#[tauri::command]
async fn import_path(engine: State<'_, Engine>, path: PathBuf) -> Answer<ImportPreviewDto> {
    blocking(&engine, move |engine| api::import_path(engine, &path)).await
}

#[tauri::command]
async fn import_text(engine: State<'_, Engine>, text: String) -> Answer<ImportPreviewDto> {
    blocking(&engine, move |engine| api::import_text(engine, &text)).await
}

#[tauri::command]
async fn import_commit(engine: State<'_, Engine>, import: u32) -> Answer<ImportedDto> {
    blocking(&engine, move |engine| api::import_commit(engine, import)).await
}

#[tauri::command]
async fn import_discard(engine: State<'_, Engine>, import: u32) -> Answer<()> {
    api::import_discard(&engine, import);
    Ok(())
}

#[tauri::command]
async fn check_start(engine: State<'_, Engine>, what: CheckWhatDto) -> Answer<i64> {
    let engine = engine.inner().clone();
    api::check_start(&engine, what).await.map_err(told)
}

#[tauri::command]
async fn check_stop(engine: State<'_, Engine>) -> Answer<()> {
    api::check_stop(&engine);
    Ok(())
}

#[tauri::command]
async fn sources(engine: State<'_, Engine>) -> Answer<Vec<SourceDto>> {
    blocking(&engine, api::sources).await
}

#[tauri::command]
async fn source_detail(engine: State<'_, Engine>, id: i64) -> Answer<SourceDetailDto> {
    blocking(&engine, move |engine| api::source_detail(engine, id)).await
}

#[tauri::command]
async fn source_as_written(engine: State<'_, Engine>, id: i64) -> Answer<SourceEditDto> {
    blocking(&engine, move |engine| api::source_as_written(engine, id)).await
}

/// The visit that looks at what is being typed; a new one calls the one before off.
#[derive(Default)]
pub(crate) struct Looking(Mutex<CancellationToken>);

impl Looking {
    /// Calls off what runs, and gives a token for what comes next.
    fn anew(&self) -> CancellationToken {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.cancel();
        *held = CancellationToken::new();
        held.clone()
    }
}

#[tauri::command]
async fn source_test(
    engine: State<'_, Engine>,
    looking: State<'_, Looking>,
    edit: SourceEditDto,
) -> Answer<SourceTestDto> {
    let (engine, cancel) = (engine.inner().clone(), looking.anew());
    api::source_test(&engine, &edit, &cancel).await.map_err(told)
}

#[tauri::command]
async fn source_test_stop(looking: State<'_, Looking>) -> Answer<()> {
    looking.anew();
    Ok(())
}

#[tauri::command]
async fn source_add(engine: State<'_, Engine>, edit: SourceEditDto) -> Answer<SourceDto> {
    blocking(&engine, move |engine| api::source_add(engine, &edit)).await
}

#[tauri::command]
async fn source_edit(engine: State<'_, Engine>, id: i64, edit: SourceEditDto) -> Answer<SourceDto> {
    blocking(&engine, move |engine| api::source_edit(engine, id, &edit)).await
}

#[tauri::command]
async fn sources_enable(engine: State<'_, Engine>, ids: Vec<i64>, on: bool) -> Answer<()> {
    blocking(&engine, move |engine| api::sources_enable(engine, &ids, on)).await
}

#[tauri::command]
async fn sources_remove(engine: State<'_, Engine>, ids: Vec<i64>) -> Answer<()> {
    blocking(&engine, move |engine| api::sources_remove(engine, &ids)).await
}

#[tauri::command]
async fn sources_restore(engine: State<'_, Engine>, ids: Vec<i64>) -> Answer<()> {
    blocking(&engine, move |engine| api::sources_restore(engine, &ids)).await
}

#[tauri::command]
async fn collect_start(engine: State<'_, Engine>, ids: Option<Vec<i64>>) -> Answer<i64> {
    let engine = engine.inner().clone();
    api::collect_start(&engine, ids).await.map_err(told)
}

#[tauri::command]
async fn collect_stop(engine: State<'_, Engine>) -> Answer<()> {
    api::collect_stop(&engine);
    Ok(())
}

#[tauri::command]
async fn export_preview(engine: State<'_, Engine>, ask: ExportAskDto) -> Answer<ExportPreviewDto> {
    blocking(&engine, move |engine| api::export_preview(engine, &ask)).await
}

#[tauri::command]
async fn export_save(
    app: AppHandle,
    engine: State<'_, Engine>,
    ask: ExportAskDto,
    title: String,
) -> Answer<Option<ExportedDto>> {
    let ending = match ask.format {
        FormatDto::Csv => "csv",
        FormatDto::Jsonl => "jsonl",
        FormatDto::Json => "json",
        FormatDto::Txt | FormatDto::Url => "txt",
        FormatDto::Clash => "yaml",
        FormatDto::Proxychains => "conf",
    };
    let what = SaveAs { name: format!("proxies.{ending}"), ending };
    match dialogs::save_file(&app, title, what).await.map_err(|error| no_dialog(&error))? {
        Some(path) => blocking(&engine, move |engine| api::export_save(engine, &ask, &path)).await.map(Some),
        None => Ok(None),
    }
}

#[tauri::command]
async fn preferences_get(app: AppHandle, engine: State<'_, Engine>) -> Answer<Value> {
    blocking(&engine, move |_| preferences::read(&app)).await
}

#[tauri::command]
async fn preferences_set(app: AppHandle, engine: State<'_, Engine>, preferences: Value) -> Answer<()> {
    blocking(&engine, move |_| preferences::keep(&app, preferences)).await
}

fn no_dialog(error: &tauri::Error) -> ErrorDto {
    told(ApiError::internal(format!("The system's dialog could not be shown: {error}.")))
}
