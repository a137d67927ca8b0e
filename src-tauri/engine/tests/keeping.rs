//! Lists in, views, files out, and the data folder: everything through the public door.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proxydeck_engine::api::dto::{
    ErrorCode, ErrorDto, EventDto, ExportAskDto, FilterDto, FormatDto, NoticeCode, ProtocolDto,
    SortColumnDto, SortKeyDto, SourceEditDto, StatusDto,
};
use proxydeck_engine::api::{
    Access, ApiError, Engine, ExportTo, LinesTo, ListHow, ListInput, MAX_SLICE, Opening, app_info,
    close_view, export_preview, export_save, export_to, import_commit, import_discard, import_dry_run,
    import_list, import_path, import_text, open_view, settings_get, settings_path, settings_set,
    source_as_written, source_edit, sources, subscribe, view_rows,
};
use tempfile::TempDir;

/// A folder that goes away with the test.
struct World {
    dir: TempDir,
}

impl World {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn try_open(&self, access: Access) -> Result<Engine, ApiError> {
        // The keyring of whoever runs the tests is left alone.
        Engine::open_as(&Opening { access, data_dir: Some(self.data()), keyring: false })
    }

    fn open(&self) -> Engine {
        self.try_open(Access::Write).unwrap()
    }
}

fn rows(engine: &Engine, filter: &FilterDto, sort: &[SortKeyDto]) -> Vec<String> {
    let view = open_view(engine, filter, sort).unwrap();
    let rows = view_rows(engine, view.view, 0, view.rows).unwrap().rows;
    close_view(engine, view.view);
    rows.into_iter().map(|row| row.proxy).collect()
}

fn everything(engine: &Engine) -> Vec<String> {
    rows(engine, &FilterDto::default(), &[])
}

const LIST: &str = "# a list\n\
    http://1.2.3.4:8080\n\
    socks5://1.2.3.4:8080\n\
    1.2.3.5:80\n\
    1.2.3.5:80\n\
    socks5://ann:secret@proxy.example:1080\n\
    10.0.0.1:80\n\
    not a proxy\n";

#[test]
fn a_list_is_shown_first_and_kept_only_when_it_is_taken() {
    let world = World::new();
    let engine = world.open();
    let path = world.file("list.txt", LIST);
    let preview = import_path(&engine, &path).unwrap();
    assert_eq!((preview.read, preview.accepted, preview.new, preview.known), (8, 3, 3, 0));
    assert_eq!(preview.duplicates, 2, "one line stood twice, one proxy under two protocols");
    assert_eq!(preview.name, "list.txt");
    assert_eq!(preview.sample, ["1.2.3.4:8080", "1.2.3.5:80", "socks5://ann@proxy.example:1080"]);
    let refused: Vec<_> = preview.refused.iter().map(|r| (r.reason.as_str(), r.count)).collect();
    assert!(refused.contains(&("not_public", 1)), "{refused:?}");
    assert_eq!(preview.refused_lines.iter().map(|line| line.line).collect::<Vec<_>>(), [7, 8]);
    assert!(everything(&engine).is_empty(), "nothing is kept yet");

    let imported = import_commit(&engine, preview.import).unwrap();
    assert_eq!((imported.new, imported.known), (3, 0));
    assert_eq!(everything(&engine), ["1.2.3.4:8080", "1.2.3.5:80", "proxy.example:1080"]);
    let again = import_commit(&engine, preview.import).unwrap_err();
    assert_eq!(again.code(), ErrorCode::NotFound, "a list is taken once");

    let preview = import_path(&engine, &path).unwrap();
    assert_eq!((preview.new, preview.known), (0, 3), "now they are known");
    import_discard(&engine, preview.import);
    assert!(import_commit(&engine, preview.import).is_err(), "what was dropped is gone");
}

#[test]
fn what_was_imported_is_there_after_the_next_start() {
    let world = World::new();
    let engine = world.open();
    import_list(&engine, &ListInput::Text(LIST.to_owned()), ListHow::default(), None).unwrap();
    drop(engine);
    assert_eq!(everything(&world.open()), ["1.2.3.4:8080", "1.2.3.5:80", "proxy.example:1080"]);
}

/// A file may be called what nobody could write down, and a window shows that made harmless.
#[test]
fn a_source_with_an_odd_name_stays_as_it_is_where_nobody_changes_it() {
    let world = World::new();
    let engine = world.open();
    let name = " odd\\u{1b}\u{1b}[31m\u{202e}.txt ";
    let path = world.file(name, LIST);
    let import = import_path(&engine, &path).unwrap().import;
    import_commit(&engine, import).unwrap();
    let shown = sources(&engine).unwrap().into_iter().find(|source| !source.built_in).unwrap();
    let written = source_as_written(&engine, shown.id).unwrap();
    assert_eq!(written.name, name);
    assert_eq!(Path::new(&written.address), path);
    assert_ne!(
        (&shown.name, &shown.address),
        (&written.name, &written.address),
        "what is shown is another text"
    );

    let rarer = SourceEditDto { interval_minutes: 600, ..written.clone() };
    assert_eq!(source_edit(&engine, shown.id, &rarer).unwrap().interval_minutes, 600);
    assert_eq!(source_as_written(&engine, shown.id).unwrap(), rarer, "not a letter is another one");
    let refused = SourceEditDto { name: "another\u{1b}".to_owned(), ..rarer.clone() };
    let error = source_edit(&engine, shown.id, &refused).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Invalid, "but none can be written down anew");
    let named = SourceEditDto { name: " plain ".to_owned(), ..rarer };
    assert_eq!(source_edit(&engine, shown.id, &named).unwrap().name, "plain");
}

#[test]
fn what_was_pasted_is_called_so_with_its_day() {
    let world = World::new();
    let engine = world.open();
    let preview = import_text(&engine, LIST).unwrap();
    let (what, day) = preview.name.split_once('/').unwrap();
    assert_eq!((what, day.len()), ("pasted", "2026-01-01".len()), "no file's name holds a slash: {day}");
    import_commit(&engine, preview.import).unwrap();
    let filter = FilterDto { source: vec![preview.name.clone()], ..FilterDto::default() };
    assert_eq!(rows(&engine, &filter, &[]), ["1.2.3.4:8080", "1.2.3.5:80", "proxy.example:1080"]);
    // The next day's is another source, and what was pasted before keeps its name.
    drop(engine);
    assert_eq!(rows(&world.open(), &filter, &[]).len(), 3, "it is kept");
}

#[test]
fn hints_of_several_lists_are_merged() {
    let world = World::new();
    let engine = world.open();
    for (name, protocol) in [("socks4.txt", ProtocolDto::Socks4), ("http.txt", ProtocolDto::Http)] {
        let list = ListInput::File(world.file(name, "1.2.3.4:80\n"));
        import_list(&engine, &list, ListHow::default(), None).unwrap();
        let filter = FilterDto { protocol: vec![protocol], ..FilterDto::default() };
        assert_eq!(rows(&engine, &filter, &[]), ["1.2.3.4:80"], "the name of {name} is a claim");
    }
    let view = open_view(&engine, &FilterDto::default(), &[]).unwrap();
    let row = &view_rows(&engine, view.view, 0, 1).unwrap().rows[0];
    assert_eq!(row.hints, [ProtocolDto::Http, ProtocolDto::Socks4]);
    assert_eq!((row.status, row.protocols.len()), (StatusDto::New, 0), "a claim is no finding");
}

#[test]
fn a_dry_run_writes_each_proxy_with_each_claim_in_order_of_first_sight() {
    let world = World::new();
    let path = world.file("list.txt", LIST);
    let (mut lines, mut refused) = (Vec::new(), Vec::new());
    let counts = import_dry_run(
        None,
        &ListInput::of_argument(&path),
        ListHow::default(),
        Some(LinesTo { name: "lines".as_ref(), out: &mut lines }),
        Some(LinesTo { name: "refused".as_ref(), out: &mut refused }),
    )
    .unwrap();
    assert_eq!(
        String::from_utf8(lines).unwrap(),
        "http://1.2.3.4:8080\nsocks5://1.2.3.4:8080\n1.2.3.5:80\nsocks5://ann:secret@proxy.example:1080\n"
    );
    let refused = String::from_utf8(refused).unwrap();
    assert!(refused.starts_with(r#"{"line":7,"text":"10.0.0.1:80","reason":"not_public"}"#), "{refused}");
    assert_eq!(refused.lines().count(), 2);
    let json = serde_json::to_value(&counts).unwrap();
    assert_eq!(json["read"], 8);
    assert_eq!(json["refused"]["not_public"], 1);
    assert!(!world.data().exists(), "nothing was made");
}

#[test]
fn private_addresses_are_taken_when_that_is_allowed() {
    let world = World::new();
    let engine = world.open();
    let list = ListInput::Text("10.0.0.1:80\n".to_owned());
    let how = ListHow { allow_private: true, ..ListHow::default() };
    assert_eq!(import_list(&engine, &list, how, None).unwrap().new, 1, "by the command's option");
    let mut settings = settings_get(&engine);
    settings.allow_private = true;
    settings_set(&engine, settings).unwrap();
    assert_eq!(import_text(&engine, "10.0.0.2:80\n").unwrap().accepted, 1, "by the setting");
}

#[test]
fn what_cannot_be_read_is_told_apart() {
    let world = World::new();
    let engine = world.open();
    let code = |path: &Path| import_path(&engine, path).unwrap_err().code();
    assert_eq!(code(&world.dir.path().join("none.txt")), ErrorCode::NotFound);
    assert_eq!(code(world.dir.path()), ErrorCode::IsDirectory);
    let below = world.file("file", "").join("below");
    assert_eq!(code(&below), ErrorCode::Invalid, "a file has nothing below it");
    let empty = import_path(&engine, &world.file("empty.txt", "")).unwrap();
    assert_eq!((empty.read, empty.accepted), (0, 0), "an empty list is a list");
    let binary: Vec<u8> = (0..1_000_000_u64).map(|n| u8::try_from(n * 7919 % 251).unwrap()).collect();
    assert_eq!(import_path(&engine, &world.file("binary", binary)).unwrap().accepted, 0);
}

#[test]
fn strangers_text_is_shown_escaped() {
    let world = World::new();
    let engine = world.open();
    let path = world.file("a\u{202e}b\u{1b}[31m.txt", "\u{202e}evil \u{9b}31m\n");
    let preview = import_path(&engine, &path).unwrap();
    assert_eq!(preview.name, "a\\u{202e}b\\u{1b}[31m.txt");
    let shown = &preview.refused_lines[0].text;
    assert!(!shown.chars().any(|c| c.is_control() || c == '\u{202e}'), "{shown:?}");
}

#[test]
fn a_view_is_ordered_and_keeps_its_places() {
    let world = World::new();
    let engine = world.open();
    let ask = |text: &str| {
        import_list(&engine, &ListInput::Text(text.to_owned()), ListHow::default(), None).unwrap()
    };
    ask("9.1.1.1:80\n1.1.1.1:90\n1.1.1.1:80\nb.example:1\n[2606:4700::1]:80\na.example:1\n");
    let by = |descending| [SortKeyDto { column: SortColumnDto::Proxy, descending }];
    let up = ["1.1.1.1:80", "1.1.1.1:90", "9.1.1.1:80", "[2606:4700::1]:80", "a.example:1", "b.example:1"];
    assert_eq!(rows(&engine, &FilterDto::default(), &by(false)), up);
    let down: Vec<&str> = up.into_iter().rev().collect();
    assert_eq!(rows(&engine, &FilterDto::default(), &by(true)), down);

    let view = open_view(&engine, &FilterDto::default(), &by(false)).unwrap();
    ask("0.0.0.1:1\n1.0.0.1:1\n");
    let first = &view_rows(&engine, view.view, 0, 1).unwrap().rows[0];
    assert_eq!(first.proxy, "1.1.1.1:80", "what is new comes with the next view");
    assert!(
        open_view(&engine, &FilterDto::default(), &[]).unwrap().revision > view.revision,
        "the pool changed"
    );
    let outside = view_rows(&engine, view.view, 4, 100).unwrap();
    assert_eq!((outside.from, outside.rows.len()), (4, 2), "a slice ends with the view");
    assert_eq!(view_rows(&engine, view.view, 50, 60).unwrap().rows.len(), 0);
    close_view(&engine, view.view);
    assert_eq!(view_rows(&engine, view.view, 0, 1).unwrap_err().code(), ErrorCode::NotFound);
}

#[test]
fn a_slice_is_bounded_and_so_is_what_may_be_asked() {
    let world = World::new();
    let engine = world.open();
    let list: String = (0..1500).map(|n| format!("1.1.{}.{}:80\n", n / 250, n % 250 + 1)).collect();
    import_list(&engine, &ListInput::Text(list), ListHow::default(), None).unwrap();
    let view = open_view(&engine, &FilterDto::default(), &[]).unwrap();
    assert_eq!((view.rows, view.total, view.working), (1500, 1500, 0));
    let slice = view_rows(&engine, view.view, 0, u32::MAX).unwrap().rows;
    assert_eq!(slice.len(), usize::try_from(MAX_SLICE).unwrap());

    let long = FilterDto { text: "x".repeat(1000), ..FilterDto::default() };
    let wrong = FilterDto { min_score: Some(f64::NAN), ..FilterDto::default() };
    for (filter, what) in [(long, "text"), (wrong, "min_score")] {
        let error: ErrorDto = open_view(&engine, &filter, &[]).unwrap_err().into();
        assert_eq!((error.code, error.params["what"].as_str()), (ErrorCode::Invalid, what));
    }
}

#[test]
fn an_export_is_what_its_preview_said() {
    let world = World::new();
    let engine = world.open();
    import_list(&engine, &ListInput::Text(LIST.to_owned()), ListHow::default(), None).unwrap();
    let view = open_view(&engine, &FilterDto::default(), &[]).unwrap().view;
    let path = world.dir.path().join("out.csv");
    let ask = ExportAskDto { view, format: FormatDto::Csv, working_only: false, with_secrets: false };
    let preview = export_preview(&engine, &ask).unwrap();
    assert_eq!(preview.count, 3);
    let exported = export_save(&engine, &ask, &path).unwrap();
    assert_eq!(
        (exported.written, Path::new(&exported.path)),
        (3, fs::canonicalize(&path).unwrap().as_path())
    );
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().take(3).collect::<Vec<_>>(), preview.lines, "the first three lines");
    assert!(!text.contains("secret"), "no password without being asked");

    let with_secrets = ExportAskDto { format: FormatDto::Url, with_secrets: true, ..ask };
    let mut out = Vec::new();
    export_to(&engine, &with_secrets, Some(3), ExportTo::Stream(&mut out), &|| false).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().last(), Some("socks5://ann:secret@proxy.example:1080"));

    let stopped = export_to(&engine, &ask, None, ExportTo::File(&path), &|| true).unwrap();
    assert_eq!(stopped.written, 0, "an interrupted export ends early");
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1, "and what it wrote is whole");
    let working = ExportAskDto { working_only: true, ..ask };
    assert_eq!(export_preview(&engine, &working).unwrap().count, 0, "none was found to work yet");
}

#[test]
fn nobody_reading_along_is_told_apart() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let world = World::new();
    let engine = world.open();
    let view = open_view(&engine, &FilterDto::default(), &[]).unwrap().view;
    let ask = ExportAskDto { view, format: FormatDto::Csv, working_only: false, with_secrets: false };
    let error = export_to(&engine, &ask, None, ExportTo::Stream(&mut Gone), &|| false).unwrap_err();
    assert!(error.is_closed_pipe(), "{error}");
}

/// Set for the child of [`a_second_writer_is_refused_by_process_and_a_reader_is_not`]: the folder to hold.
const HOLD: &str = "PROXYDECK_TEST_HOLD";

/// The other process of the test below; by itself it holds nothing.
#[test]
fn other_process() {
    let Some(folder) = std::env::var_os(HOLD) else { return };
    let opening = Opening { access: Access::Write, data_dir: Some(folder.into()), keyring: false };
    let engine = Engine::open_as(&opening).unwrap();
    import_list(&engine, &ListInput::Text("1.2.3.4:80\n".to_owned()), ListHow::default(), None).unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "\nheld").unwrap();
    out.flush().unwrap();
    // Until the other end of standard input is closed.
    let mut end = String::new();
    std::io::stdin().read_line(&mut end).unwrap();
}

#[test]
fn a_second_writer_is_refused_by_process_and_a_reader_is_not() {
    let world = World::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["other_process", "--exact", "--nocapture"])
        .env(HOLD, world.data())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(output.any(|line| line.unwrap() == "held"), "the other process holds the folder");

    let error: ErrorDto = world.try_open(Access::Write).unwrap_err().into();
    let reader = world.try_open(Access::Read);
    let read = reader.map(|reader| everything(&reader));
    let pid = child.id().to_string();
    drop(child.stdin.take());
    // To the end, or the other process could not say how its test went.
    output.for_each(drop);
    assert!(child.wait().unwrap().success(), "the other process ended well");

    assert_eq!(error.code, ErrorCode::Locked);
    assert_eq!(error.params["pid"], pid, "{}", error.message);
    assert!(error.message.contains(&pid), "the message names the process: {}", error.message);
    assert_eq!(read.unwrap(), ["1.2.3.4:80"], "reading works while another writes");
    assert_eq!(everything(&world.open()), ["1.2.3.4:80"], "afterwards the folder is free");
}

#[test]
fn a_folder_is_free_again_when_its_engine_is_gone() {
    let world = World::new();
    let engine = world.open();
    let error = world.try_open(Access::Write).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Locked, "one writer at a time, also in one process");
    drop(engine);
    world.open();
}

#[test]
fn a_reader_makes_nothing_and_changes_nothing() {
    let world = World::new();
    let missing = world.try_open(Access::Read).unwrap_err();
    assert_eq!(missing.code(), ErrorCode::NotFound, "a folder that was named must be there");
    fs::create_dir(world.data()).unwrap();
    let engine = world.try_open(Access::Read).unwrap();
    assert!(everything(&engine).is_empty(), "a folder without a database is an empty pool");
    assert_eq!(app_info(&engine).unwrap().database_bytes, 0);
    assert!(import_list(&engine, &ListInput::Text(LIST.to_owned()), ListHow::default(), None).is_err());
    assert!(settings_set(&engine, settings_get(&engine)).is_err());
    assert_eq!(fs::read_dir(world.data()).unwrap().count(), 0, "the folder is as it was");
}

#[cfg(unix)]
#[test]
fn the_folder_and_its_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let engine = world.open();
    import_list(&engine, &ListInput::Text(LIST.to_owned()), ListHow::default(), None).unwrap();
    settings_set(&engine, settings_get(&engine)).unwrap();
    let view = open_view(&engine, &FilterDto::default(), &[]).unwrap().view;
    let ask = ExportAskDto { view, format: FormatDto::Txt, working_only: false, with_secrets: false };
    let out = world.dir.path().join("out.txt");
    export_save(&engine, &ask, &out).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&world.data()), 0o700);
    assert_eq!(mode(&out), 0o600, "an export may hold passwords");
    let mut names = Vec::new();
    for entry in fs::read_dir(world.data()).unwrap() {
        let path = entry.unwrap().path();
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), wanted, "{}", path.display());
        names.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    names.sort();
    for name in ["aside", "backups", "key", "logs", "proxydeck.db", "proxydeck.lock", "settings.toml"] {
        assert!(names.iter().any(|n| n == name), "{name} is missing among {names:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_with_other_peoples_things_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    fs::create_dir(world.data()).unwrap();
    fs::write(world.data().join("holiday.jpg"), "").unwrap();
    fs::set_permissions(world.data(), fs::Permissions::from_mode(0o755)).unwrap();
    world.open();
    assert_eq!(fs::metadata(world.data()).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn a_file_in_the_folders_place_is_told() {
    let world = World::new();
    fs::write(world.data(), "").unwrap();
    for access in [Access::Write, Access::Read] {
        let error: ErrorDto = world.try_open(access).unwrap_err().into();
        assert_eq!(error.code, ErrorCode::Invalid);
        assert!(error.message.contains("is a file"), "{}", error.message);
    }
}

#[test]
fn settings_that_cannot_be_used_are_set_aside_and_the_defaults_hold() {
    let world = World::new();
    fs::create_dir(world.data()).unwrap();
    let broken = "[checking]\ntimeout_seconds = 99\n";
    fs::write(world.data().join("settings.toml"), broken).unwrap();

    let reader = world.try_open(Access::Read).unwrap();
    assert_eq!(settings_get(&reader).timeout_seconds, 10);
    drop(reader);
    assert!(world.data().join("settings.toml").exists(), "a reader leaves it where it is");

    let engine = world.open();
    assert_eq!(settings_get(&engine).timeout_seconds, 10);
    let notices = app_info(&engine).unwrap().notices;
    let notice = notices.iter().find(|notice| notice.code == NoticeCode::SettingsSetAside).unwrap();
    assert_eq!(fs::read_to_string(&notice.params["path"]).unwrap(), broken, "nothing is lost");
    assert!(notice.params["why"].contains("checking.timeout_seconds"), "{:?}", notice.params);
    assert!(!world.data().join("settings.toml").exists());
}

#[test]
fn settings_are_kept_with_what_else_stands_in_the_file() {
    let world = World::new();
    let engine = world.open();
    let path = settings_path(Some(&world.data())).unwrap();
    assert!(!path.exists(), "the defaults need no file");
    drop(engine);
    fs::write(&path, "# mine\n[checking]\nretries = 2\n[later]\nkey = 1\n").unwrap();
    let engine = world.open();
    let mut settings = settings_get(&engine);
    assert_eq!(settings.rate, Some(200));
    settings.rate = None;
    settings.concurrency = 64;
    assert_eq!(settings_set(&engine, settings.clone()).unwrap(), settings);
    drop(engine);
    let text = fs::read_to_string(&path).unwrap();
    for kept in ["# mine", "retries = 2", "[later]", "key = 1", "rate = 0", "concurrency = 64"] {
        assert!(text.contains(kept), "{kept:?} is missing in:\n{text}");
    }
    assert_eq!(settings_get(&world.open()), settings);
}

#[test]
fn a_wrong_setting_is_named_and_changes_nothing() {
    let world = World::new();
    let engine = world.open();
    let before = settings_get(&engine);
    let mut wrong = before.clone();
    wrong.judges = vec!["gopher://judge.example/".to_owned()];
    let error: ErrorDto = settings_set(&engine, wrong).unwrap_err().into();
    assert_eq!((error.code, error.params["what"].as_str()), (ErrorCode::Invalid, "checking.judges"));
    assert_eq!(settings_get(&engine), before);
}

#[test]
fn a_damaged_database_is_set_aside_and_the_user_is_told() {
    let world = World::new();
    drop(world.open());
    fs::write(world.data().join("proxydeck.db"), "this is no database".repeat(1000)).unwrap();
    let engine = world.open();
    let notices = app_info(&engine).unwrap().notices;
    let notice = notices.iter().find(|notice| notice.code == NoticeCode::DatabaseSetAside).unwrap();
    assert!(Path::new(&notice.params["path"]).exists(), "the old file is still there");
    assert!(everything(&engine).is_empty());
}

#[test]
fn where_the_key_lies_is_told_when_there_is_something_to_protect() {
    let world = World::new();
    let engine = world.open();
    let told = |engine: &Engine| {
        app_info(engine).unwrap().notices.iter().any(|notice| notice.code == NoticeCode::KeyInFile)
    };
    import_list(&engine, &ListInput::Text("1.2.3.4:80\n".to_owned()), ListHow::default(), None).unwrap();
    assert!(!told(&engine) && !world.data().join("key").exists(), "without a password there is no key");
    import_list(&engine, &ListInput::Text(LIST.to_owned()), ListHow::default(), None).unwrap();
    assert!(told(&engine) && world.data().join("key").exists(), "now there is one, in a file");
}

#[tokio::test]
async fn an_import_is_heard() {
    let world = World::new();
    let engine = world.open();
    let mut events = subscribe(&engine);
    tokio::task::spawn_blocking(move || {
        import_list(&engine, &ListInput::Text("1.2.3.4:80\n".to_owned()), ListHow::default(), None).unwrap();
    })
    .await
    .unwrap();
    let Some(EventDto::Pool { total, working, .. }) = events.next().await else {
        panic!("the pool changed and nobody said so")
    };
    assert_eq!((total, working), (1, 0));
}
