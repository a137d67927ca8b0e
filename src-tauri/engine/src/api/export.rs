//! Writing proxies out: those of a view, and the results of a list that is not kept.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proxydeck_domain::{Capabilities, Hints, Proxy, Status};
use proxydeck_geo::Geo;
use proxydeck_store::TargetRow;

use super::dto::{ExportAskDto, ExportPreviewDto, ExportedDto, FormatDto};
use super::{ApiError, Engine, ListSink};
use crate::check::{CheckDone, now_ms};
use crate::engine::record;
use crate::escape::{escape, escape_cut};
use crate::export::{ExportRow, Exporter, PartFile, TargetResult};
use crate::pool::{Record, number};

/// Proxies that are fetched at once.
const BATCH: usize = 500;
/// Lines of a preview: enough to tell the shape, and few enough to stand under the choices in a small window.
const PREVIEW_LINES: usize = 3;

/// Where an export goes.
pub enum ExportTo<'a> {
    /// Into a file, which appears under its name when it is whole.
    File(&'a Path),
    /// To somebody who reads along, such as standard output.
    Stream(&'a mut dyn Write),
}

/// Whether a format holds the proxies that work only, unless the user asks for all.
#[must_use]
pub const fn is_of_working(format: FormatDto) -> bool {
    crate::export::is_of_working(format)
}

/// The shape that a file's ending asks for; `txt` where it asks for none.
#[must_use]
pub fn format_of(path: &Path) -> FormatDto {
    crate::export::format_of(path)
}

/// Says what an export would write.
///
/// # Errors
/// [`NotFound`](super::dto::ErrorCode::NotFound) when the view is closed, and what reading can meet.
pub fn export_preview(engine: &Engine, ask: &ExportAskDto) -> Result<ExportPreviewDto, ApiError> {
    let ids = chosen(engine, ask, None)?;
    let fail = |e: io::Error| ApiError::io("write", Path::new("the preview"), &e);
    let mut exporter =
        Exporter::begin(ask.format, ask.with_secrets, Arc::clone(engine.geo()), Vec::new()).map_err(fail)?;
    // Among the first some may be what the format cannot hold.
    let first = ids.chunks(BATCH).next().unwrap_or_default();
    for chunk in first.chunks(PREVIEW_LINES) {
        for row in rows(engine, chunk, ask)? {
            if exporter.written() < number(PREVIEW_LINES) {
                exporter.write(&row).map_err(fail)?;
            }
        }
    }
    let text = exporter.finish().map_err(fail)?;
    let lines = String::from_utf8_lossy(&text).lines().take(PREVIEW_LINES).map(escape_cut).collect();
    Ok(ExportPreviewDto { count: number(ids.len()), lines })
}

/// Writes the proxies of a view into a file.
///
/// # Errors
/// [`NotFound`](super::dto::ErrorCode::NotFound) when the view is closed, what reading can meet, and what the file
/// can; nothing appears under its name then.
pub fn export_save(engine: &Engine, ask: &ExportAskDto, path: &Path) -> Result<ExportedDto, ApiError> {
    export_to(engine, ask, None, ExportTo::File(path), &|| false)
}

/// Writes the first proxies of a view. When `stop` says so it ends early, and what was written until then stands
/// under the file's name.
///
/// # Errors
/// Those of [`export_save`]; [`ApiError::is_closed_pipe`] when nobody reads along any more.
pub fn export_to(
    engine: &Engine,
    ask: &ExportAskDto,
    limit: Option<u32>,
    to: ExportTo<'_>,
    stop: &dyn Fn() -> bool,
) -> Result<ExportedDto, ApiError> {
    let ids = chosen(engine, ask, limit)?;
    match to {
        ExportTo::File(path) => {
            let file = PartFile::create(path)?;
            let shown = file.path().to_owned();
            let (file, written, left_out) = pour(engine, ask, &ids, file, &shown, stop)?;
            let path = file.finish().map_err(|e| ApiError::io("write", &shown, &e))?;
            Ok(ExportedDto { path: escape(&path.to_string_lossy()), written, left_out })
        }
        ExportTo::Stream(out) => {
            let (_, written, left_out) = pour(engine, ask, &ids, out, Path::new("the output"), stop)?;
            Ok(ExportedDto { path: "-".to_owned(), written, left_out })
        }
    }
}

fn pour<W: Write>(
    engine: &Engine,
    ask: &ExportAskDto,
    ids: &[i64],
    out: W,
    shown: &Path,
    stop: &dyn Fn() -> bool,
) -> Result<(W, u32, u32), ApiError> {
    let fail = |e: io::Error| ApiError::io("write", shown, &e);
    let mut exporter =
        Exporter::begin(ask.format, ask.with_secrets, Arc::clone(engine.geo()), out).map_err(fail)?;
    for chunk in ids.chunks(BATCH) {
        if stop() {
            break;
        }
        for row in rows(engine, chunk, ask)? {
            exporter.write(&row).map_err(fail)?;
        }
    }
    let (written, left_out) = (exporter.written(), exporter.left_out());
    Ok((exporter.finish().map_err(fail)?, written, left_out))
}

/// The proxies that an export takes.
fn chosen(engine: &Engine, ask: &ExportAskDto, limit: Option<u32>) -> Result<Vec<i64>, ApiError> {
    let ids = engine.views().get(ask.view)?;
    let pool = engine.pool();
    let works = |id: &i64| pool.row_of(*id).is_some_and(|row| pool.columns().status[row] == Status::Active);
    let limit = limit.map_or(usize::MAX, crate::pool::index);
    Ok(ids.iter().copied().filter(|id| !ask.working_only || works(id)).take(limit).collect())
}

/// What a format needs of proxies, fetched at once. One that is gone meanwhile is left out.
fn rows(engine: &Engine, ids: &[i64], ask: &ExportAskDto) -> Result<Vec<ExportRow>, ApiError> {
    let now = now_ms();
    let records: Vec<(Record, Hints)> = {
        let pool = engine.pool();
        let rows = ids.iter().filter_map(|id| pool.row_of(*id));
        rows.filter_map(|row| Some((pool.record(row)?, pool.found(row)))).collect()
    };
    let mut secrets = if ask.with_secrets {
        engine.secrets(&records.iter().map(|(record, _)| record).collect::<Vec<_>>())?
    } else {
        HashMap::new()
    };
    let mut exported = Vec::with_capacity(records.len());
    for (pooled, found) in records {
        let secret = secrets.remove(&pooled.id);
        let mut row = of_record(&pooled, found, now);
        row.secret = secret;
        match ask.format {
            FormatDto::Txt => {}
            FormatDto::Csv => {
                let sources = engine.store()?.sources_of(pooled.id)?;
                row.sources = sources
                    .into_iter()
                    .filter(|sighting| !sighting.gone)
                    .map(|sighting| escape(&sighting.source.plan.name))
                    .collect();
            }
            FormatDto::Json
            | FormatDto::Jsonl
            | FormatDto::Url
            | FormatDto::Clash
            | FormatDto::Proxychains => {
                // The answers to all questions lie in the database only; the rest must be of the same check.
                let Some(kept) = engine.store()?.proxy(pooled.id, now)? else { continue };
                let secret = row.secret.take();
                row = of_record(&record(&kept), kept.capabilities.protocols(), now);
                row.secret = secret;
                row.capabilities = kept.capabilities;
                row.giveaway = kept.finding.giveaway;
                row.targets = engine.store()?.targets_of(pooled.id)?.iter().map(target_result).collect();
            }
        }
        exported.push(row);
    }
    Ok(exported)
}

fn target_result(row: &TargetRow) -> TargetResult {
    TargetResult { target: escape(&row.target), reason: row.reason, code: row.code, ms: row.ms }
}

fn of_record(record: &Record, found: Hints, now: i64) -> ExportRow {
    ExportRow {
        proxy: record.endpoint.to_string(),
        entry: record.entry(),
        username: record.user.clone(),
        secret: None,
        hints: record.hints,
        protocols: found,
        capabilities: Capabilities::default(),
        status: record.standing.status,
        reason: record.reason,
        latency_ms: record.latency_ms,
        anonymity: record.anonymity,
        giveaway: None,
        exit: record.exit,
        trust: record.trust,
        success_rate: record.success_rate(),
        score: record.score(now).map(|score| score.total),
        sources: Vec::new(),
        targets: Vec::new(),
        last_checked: record.last_checked,
        last_success: record.last_success,
    }
}

/// A file of text that appears under its name when it is whole: until then a file of that name stays as it is, and
/// what is given up leaves nothing behind.
#[derive(Debug)]
pub struct WholeFile(PartFile);

impl WholeFile {
    /// Begins the file, for this account only.
    ///
    /// # Errors
    /// What the file can meet.
    pub fn create(path: &Path) -> Result<Self, ApiError> {
        PartFile::create(path).map(Self)
    }

    /// Where the file lies until it is whole; none where it is written to as it is. Who ends the program in the middle
    /// removes it.
    #[must_use]
    pub fn part(&self) -> Option<&Path> {
        self.0.part()
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// What writing can meet; nothing appears under the file's name then.
    pub fn finish(self) -> Result<(), ApiError> {
        let shown = self.0.path().to_owned();
        self.0.finish().map(drop).map_err(|e| ApiError::io("write", &shown, &e))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// How results are written.
#[derive(Clone, Debug)]
pub struct ResultsHow {
    /// The shape.
    pub format: FormatDto,
    /// With `txt` and `url`, those that do not work too.
    pub all: bool,
    /// Passwords too.
    pub with_secrets: bool,
    /// Where addresses lie.
    pub geo: Arc<Geo>,
}

/// Writes the results of a list that is not kept, each as it comes.
pub struct ResultsWriter {
    exporter: Exporter<Out>,
    all: bool,
    shown: PathBuf,
}

/// Where results go.
enum Out {
    File(PartFile),
    Stream(Box<dyn Write + Send>),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stream(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stream(stream) => stream.flush(),
        }
    }
}

impl ResultsWriter {
    /// Begins a file, which appears under its name with [`ResultsWriter::finish`]. A format of [`is_of_working`] holds
    /// the proxies that work, unless `all` are wanted.
    ///
    /// # Errors
    /// What the file can meet.
    pub fn to_file(path: &Path, how: ResultsHow) -> Result<Self, ApiError> {
        let file = PartFile::create(path)?;
        let shown = file.path().to_owned();
        Self::begin(Out::File(file), how, shown)
    }

    /// Begins on a stream, such as standard output; each result is handed on at once.
    ///
    /// # Errors
    /// What writing can meet.
    pub fn to_stream(stream: Box<dyn Write + Send>, how: ResultsHow) -> Result<Self, ApiError> {
        Self::begin(Out::Stream(stream), how, PathBuf::from("the output"))
    }

    fn begin(out: Out, how: ResultsHow, shown: PathBuf) -> Result<Self, ApiError> {
        let all = how.all || !is_of_working(how.format);
        match Exporter::begin(how.format, how.with_secrets, how.geo, out) {
            Ok(exporter) => Ok(Self { exporter, all, shown }),
            Err(error) => Err(ApiError::io("write", &shown, &error)),
        }
    }

    /// Writes one proxy that was checked.
    ///
    /// # Errors
    /// What writing can meet.
    pub fn put(&mut self, proxy: &Proxy, done: &CheckDone) -> Result<(), ApiError> {
        if !self.all && !done.verdict.success {
            return Ok(());
        }
        let mut row = ExportRow::of_verdict(proxy, Hints::NONE, &done.verdict, done.at);
        row.targets = done
            .visits
            .iter()
            .map(|visit| TargetResult {
                target: escape(&visit.judge),
                reason: visit.reason,
                code: visit.code,
                ms: visit.latency_ms,
            })
            .collect();
        self.exporter.write(&row).map_err(|e| ApiError::io("write", &self.shown, &e))
    }

    /// Hands on what was written, where somebody reads along.
    ///
    /// # Errors
    /// What writing can meet.
    pub fn flush(&mut self) -> Result<(), ApiError> {
        self.exporter.flush().map_err(|e| ApiError::io("write", &self.shown, &e))
    }

    /// Ends the results, gives a file its name, and says how many proxies were written and left out.
    ///
    /// # Errors
    /// What writing can meet; nothing appears under the file's name then.
    pub fn finish(self) -> Result<ExportedDto, ApiError> {
        let (written, left_out) = (self.exporter.written(), self.exporter.left_out());
        let shown = self.shown;
        let fail = |e: io::Error| ApiError::io("write", &shown, &e);
        if let Out::File(file) = self.exporter.finish().map_err(fail)? {
            file.finish().map_err(fail)?;
        }
        Ok(ExportedDto { path: escape(&shown.to_string_lossy()), written, left_out })
    }
}

impl ListSink for ResultsWriter {
    fn checked(&mut self, proxy: &Proxy, done: &CheckDone) -> Result<(), ApiError> {
        self.put(proxy, done)
    }

    fn flush(&mut self) -> Result<(), ApiError> {
        Self::flush(self)
    }
}
