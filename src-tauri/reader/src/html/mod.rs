//! Pages: tables by the heads of their columns, lists in boxes, addresses among text, data in scripts; and what pages hide
//! from readers that are no browser, without running anything.

mod css;
mod filled;
mod flow;
mod picked;
mod raw;
mod rows;
mod survey;
mod token;
mod walk;

use std::collections::HashSet;

use crate::output::{Output, Told};
use crate::script::BASE_FUEL;
use crate::{Options, Page};
use filled::Found;
use survey::Survey;
use walk::walk;

/// How many elements may be open. Browsers stop at twice as many.
const MAX_DEPTH: usize = 256;

/// The longest attribute that is looked at.
const MAX_ATTRIBUTE: usize = 1024;

/// The least addresses among the words of a page that make it a list although it looks like a page of an error.
const LEAST_LIST: u64 = 3;

/// Reads a page, and answers with what it is when it is no list.
pub(crate) fn read(text: &str, options: &Options, out: &mut Output<'_>) -> Option<Page> {
    // A file of a script alone, as pages refer to it.
    let wrapped;
    let text = if text.starts_with("eval(function(") {
        wrapped = format!("<script>{text}</script>");
        &wrapped
    } else {
        text
    };
    let mut survey = Survey::default();
    token::go_through(text, &mut survey);
    let kind = survey.marks.page();
    let selectors = options.selectors.as_ref();
    let mut spare = BASE_FUEL;
    let found = Found::of(&mut survey, &options.companions, &mut spare);
    if let Some(selectors) = selectors {
        picked::read(text, selectors, out);
        return kind;
    }
    if let Some(mark) = kind {
        let mut trial: Told = out.told.trial();
        let mut nobody = Nobody;
        let mut silent = Output { told: &mut trial, sink: &mut nobody };
        let walked = walk(text, &survey, &found, &mut { BASE_FUEL }, &mut silent);
        let all = silent.told.totals.candidates;
        // Many lists have a form to log in; the page of a riddle shows the address of who asked.
        let has_lines = mark == Page::Login && walked.whole_lines > 0;
        if walked.as_list == 0 && !has_lines && all < LEAST_LIST {
            return kind;
        }
    }
    out.told.stated = Some(HashSet::new());
    let walked = walk(text, &survey, &found, &mut { BASE_FUEL }, out);
    out.told.stated = None;
    if walked.has_holes {
        for address in &survey.wanted {
            out.sink.wants(address);
        }
    }
    let told = &out.told.totals;
    kind.or_else(|| if told.candidates == 0 && told.refusals == 0 { survey.marks.weak_page() } else { None })
}

/// Reads a part of a page that stands in another document.
pub(crate) fn read_fragment(text: &str, out: &mut Output<'_>) {
    let mut survey = Survey::default();
    token::go_through(text, &mut survey);
    // A document may have very many of them, so they share what scripts may use beside their length.
    let mut spare = out.told.spare_fuel.unwrap_or(BASE_FUEL);
    let found = Found::of(&mut survey, &[], &mut spare);
    walk(text, &survey, &found, &mut spare, out);
    out.told.spare_fuel = Some(spare);
}

/// Hears of nothing.
struct Nobody;

impl crate::Sink for Nobody {
    fn candidate(&mut self, _: crate::Candidate) {}
    fn refusal(&mut self, _: crate::Refusal) {}
}

/// Adds text with its blanks as a browser shows them.
fn push_collapsed(text: &str, to: &mut String) {
    for c in text.chars() {
        if c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}' {
            if !to.is_empty() && !to.ends_with([' ', '\n']) {
                to.push(' ');
            }
        } else {
            to.push(c);
        }
    }
}
