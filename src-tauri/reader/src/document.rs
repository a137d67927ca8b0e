//! Documents: what is read when it is there as a whole.

use crate::lines::Lines;
use crate::output::Output;
use crate::{Format, Options, Page, RefusalReason, encoded, html, json, pac, page, sniff, xml, yaml};

/// Reads a document, and answers with what it was read as and, when it brought nothing, what page it was.
pub(crate) fn read(
    bytes: &[u8],
    format: Format,
    options: &Options,
    out: &mut Output<'_>,
) -> (Format, Option<Page>) {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches(['\u{feff}', '\0', ' ', '\t', '\r', '\n']);
    let (format, page) = read_text(text, format, options, 0, out);
    let brought_nothing = out.told.totals.candidates == 0;
    let is_silent = brought_nothing && out.told.totals.refusals == 0;
    if is_silent && !text.trim().is_empty() {
        out.refuse_entry(json::head(text).as_bytes(), RefusalReason::NoAddress);
    }
    (format, page.filter(|_| brought_nothing))
}

/// Reads what a box of a page holds where that is a document of its own. False when it is lines.
pub(crate) fn read_box(text: &str, out: &mut Output<'_>) -> bool {
    match sniff::sniff(text.as_bytes()) {
        Some(Format::Json | Format::Jsonl) => {
            json::read_document(text, None, out);
            true
        }
        Some(Format::Yaml) => {
            yaml::read(text, out);
            true
        }
        _ => false,
    }
}

fn read_text(
    text: &str,
    format: Format,
    options: &Options,
    layer: u8,
    out: &mut Output<'_>,
) -> (Format, Option<Page>) {
    // What was to be something else may have been answered with a page of an error.
    let format = match (format, sniff::sniff(text.as_bytes())) {
        (Format::Html, _) => Format::Html,
        (_, Some(Format::Html)) => Format::Html,
        (format, _) => format,
    };
    match format {
        Format::Json | Format::Jsonl => {
            let format = json::read_document(text, options.json_path.as_ref(), out);
            (format, page::of_json(text))
        }
        Format::Html => (format, html::read(text, options, out)),
        Format::Xml => {
            if xml::read(text, out) {
                (format, page::of_xml(text))
            } else {
                (Format::Html, html::read(text, options, out))
            }
        }
        Format::Yaml => {
            yaml::read(text, out);
            (format, None)
        }
        Format::Pac => {
            pac::read(text, out);
            (format, None)
        }
        Format::Base64 => {
            if let Some(decoded) = encoded::decode_document(text)
                && layer < encoded::MAX_LAYERS
            {
                match sniff::sniff(decoded.as_bytes()) {
                    Some(inner) => {
                        let (_, page) = read_text(&decoded, inner, options, layer + 1, out);
                        return (format, page);
                    }
                    None => read_lines(&decoded, layer + 1, out),
                }
            } else {
                read_lines(text, layer, out);
            }
            (format, None)
        }
        Format::Text | Format::Csv => {
            read_lines(text, layer, out);
            (format, None)
        }
    }
}

fn read_lines(text: &str, layer: u8, out: &mut Output<'_>) {
    let mut lines = Lines::in_layer(layer);
    lines.push(text.as_bytes(), out);
    lines.finish(out);
}
