//! A list that comes in chunks: what it is written as is told by its beginning, and then it is read line by line, or
//! gathered and read as a document.

use std::mem;

use encoding_rs::Decoder;

use crate::lines::Lines;
use crate::output::{Output, Told};
use crate::{Format, Options, RefusalReason, Sink, Totals, charset, document, page, sniff};

/// The largest document, in bytes: what is not read line by line has to be in memory as a whole. It is also the most
/// that is downloaded of a source.
pub const MAX_DOCUMENT: usize = 32 * 1024 * 1024;

/// How many bytes are brought into UTF-8 at once.
const DECODE_CHUNK: usize = 16 * 1024;

/// How much of the beginning of a list that is read line by line is kept, to tell the text of an error page.
const MAX_NOTICE: usize = 1024;

/// What is done with the bytes that come.
enum State {
    /// They are looked at, to tell what they are.
    Sniffing,
    /// They are lines.
    Streaming,
    /// They are a document, which is read when it is whole.
    Gathering(Format),
    /// They are a document that is too large.
    Overflown(Format),
}

/// Reads a list that comes in chunks. What it finds does not depend on where the chunks are cut.
pub struct Reader {
    options: Options,
    told: Told,
    state: State,
    /// The bytes that are looked at, or the document so far.
    held: Vec<u8>,
    decoder: Option<Decoder>,
    lines: Lines,
    /// The beginning of what was read as lines.
    notice: Vec<u8>,
    /// Whether there was more than the notice holds.
    is_longer: bool,
}

impl Reader {
    /// A reader at the beginning of a list.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self {
            options: options.clone(),
            told: Told::new(options),
            state: State::Sniffing,
            held: Vec::new(),
            decoder: None,
            lines: Lines::default(),
            notice: Vec::new(),
            is_longer: false,
        }
    }

    /// Takes the next bytes of the list.
    pub fn push(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        let mut bytes = bytes;
        while matches!(self.state, State::Sniffing) && !bytes.is_empty() {
            let room = sniff::WINDOW.saturating_sub(self.held.len()).min(bytes.len());
            self.held.extend_from_slice(&bytes[..room]);
            bytes = &bytes[room..];
            if self.held.len() >= sniff::WINDOW {
                self.decide(sink);
            }
        }
        self.take_in(bytes, sink);
    }

    /// Ends the list, and says what it came to.
    pub fn finish(mut self, sink: &mut impl Sink) -> Totals {
        if matches!(self.state, State::Sniffing) {
            self.decide_now(sink);
        }
        self.decode(b"", true, sink);
        let mut out = Output { told: &mut self.told, sink };
        let (format, page) = match self.state {
            State::Gathering(format) => {
                // What came before it was holes.
                out.told.totals.lines = 0;
                document::read(&mem::take(&mut self.held), format, &self.options, &mut out)
            }
            State::Overflown(format) => {
                out.told.totals.lines = 0;
                out.refuse_entry(&self.notice, RefusalReason::DocumentTooLarge);
                (format, None)
            }
            State::Sniffing | State::Streaming => {
                self.lines.finish(&mut out);
                let is_short = !self.is_longer && out.told.totals.candidates == 0;
                (self.lines.format(), if is_short { page::of_text(&self.notice) } else { None })
            }
        };
        Totals { format, page, ..self.told.totals }
    }

    /// Decides what the list is, unless nothing has come of it yet but holes.
    fn decide(&mut self, sink: &mut impl Sink) {
        if self.held.iter().all(|b| matches!(b, 0 | b' ' | b'\t' | b'\n' | b'\r')) {
            let holes = mem::take(&mut self.held);
            self.lines.push(&holes, &mut Output { told: &mut self.told, sink });
            return;
        }
        self.decide_now(sink);
    }

    fn decide_now(&mut self, sink: &mut impl Sink) {
        let window = mem::take(&mut self.held);
        let fixed = self.options.format;
        let declared = self.options.charset.as_deref();
        let is_document = |format: Option<Format>| match fixed {
            // A page that begins as one is one of an error, whatever was to be there.
            Some(Format::Text | Format::Csv | Format::Jsonl) => {
                format.filter(|f| *f == Format::Html && window.trim_ascii_start().starts_with(b"<"))
            }
            Some(format) => Some(format),
            None => format,
        };
        // Words matter in documents and in the head of a table; lines are read by the bytes that all charsets share.
        let may_guess = is_document(sniff::sniff(&window)).is_some();
        let mut charset = charset::find(&window, declared, may_guess);
        if charset.encoding.is_none()
            && let Some(encoding) = charset::guess_for_header(&window)
        {
            charset = charset::Charset { encoding: Some(encoding), is_guessed: true };
        }
        self.told.is_guessed = charset.is_guessed;
        self.decoder = charset.encoding.map(encoding_rs::Encoding::new_decoder_with_bom_removal);
        let format = match charset.encoding {
            None => is_document(sniff::sniff(&window)),
            Some(encoding) => {
                let mut probe = encoding.new_decoder_with_bom_removal();
                let mut text = String::with_capacity(3 * window.len() + 16);
                let _ = probe.decode_to_string(&window, &mut text, false);
                is_document(sniff::sniff(text.as_bytes()))
            }
        };
        self.state = format.map_or(State::Streaming, State::Gathering);
        self.take_in(&window, sink);
    }

    /// Takes bytes when it is decided what they are.
    fn take_in(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        if bytes.is_empty() {
        } else if self.decoder.is_some() {
            self.decode(bytes, false, sink);
        } else {
            self.take(bytes, sink);
        }
    }

    /// Brings bytes into UTF-8.
    fn decode(&mut self, bytes: &[u8], is_last: bool, sink: &mut impl Sink) {
        let Some(mut decoder) = self.decoder.take() else { return };
        let mut buffer = [0; DECODE_CHUNK];
        let mut bytes = bytes;
        loop {
            let (result, read, written, _) = decoder.decode_to_utf8(bytes, &mut buffer, is_last);
            self.take(&buffer[..written], sink);
            bytes = &bytes[read..];
            if result == encoding_rs::CoderResult::InputEmpty {
                break;
            }
        }
        if !is_last {
            self.decoder = Some(decoder);
        }
    }

    fn take(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        match self.state {
            State::Streaming | State::Sniffing => {
                let room = MAX_NOTICE.saturating_sub(self.notice.len());
                self.is_longer |= bytes.len() > room;
                self.notice.extend_from_slice(&bytes[..room.min(bytes.len())]);
                self.lines.push(bytes, &mut Output { told: &mut self.told, sink });
            }
            State::Gathering(format) => {
                if self.held.len() + bytes.len() > MAX_DOCUMENT {
                    self.notice = self.held.iter().copied().take(MAX_NOTICE).collect();
                    self.held = Vec::new();
                    self.state = State::Overflown(format);
                } else {
                    self.held.extend_from_slice(bytes);
                }
            }
            State::Overflown(_) => {}
        }
    }
}
