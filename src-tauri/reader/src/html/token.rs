//! The tags and texts of a page, one after the other. The tree that a browser would make of them is not built: making it
//! takes time that grows with the square of what is nested, and pages of proxies need little of it.

use std::borrow::Cow;
use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, EndTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer,
    TokenizerOpts,
};

/// The most attributes of a tag. The library compares their names with one another.
const MAX_ATTRIBUTES: usize = 128;

/// Takes what a page is made of.
pub(super) trait Handler {
    /// A tag is opened.
    fn open(&mut self, tag: &Tag);
    /// A tag is closed.
    fn close(&mut self, name: &str);
    /// Text, or the content of a script or a style.
    fn text(&mut self, text: &str);
}

struct Sink<'h>(RefCell<&'h mut dyn Handler>);

impl TokenSink for Sink<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut handler = self.0.borrow_mut();
        match token {
            CharacterTokens(text) => handler.text(&text),
            TagToken(tag) if tag.kind == EndTag => handler.close(&tag.name),
            TagToken(tag) => {
                handler.open(&tag);
                return match &*tag.name {
                    "script" => TokenSinkResult::RawData(ScriptData),
                    "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(Rawtext),
                    "textarea" | "title" => TokenSinkResult::RawData(Rcdata),
                    _ => TokenSinkResult::Continue,
                };
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// Goes through a page.
pub(super) fn go_through(page: &str, handler: &mut dyn Handler) {
    let page = with_few_attributes(page);
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(&page));
    let tokenizer = Tokenizer::new(Sink(RefCell::new(handler)), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
}

/// The page with tags cut short that have too many attributes.
fn with_few_attributes(page: &str) -> Cow<'_, str> {
    let bytes = page.as_bytes();
    let mut cut: Option<String> = None;
    let (mut at, mut kept_to) = (0, 0);
    while let Some(start) = memchr::memchr(b'<', &bytes[at..]).map(|found| at + found) {
        if !bytes.get(start + 1).is_some_and(u8::is_ascii_alphabetic) {
            at = start + 1;
            continue;
        }
        let (mut quote, mut blanks, mut limit) = (None, 0, None);
        let mut end = start + 1;
        while let Some(&byte) = bytes.get(end) {
            match (quote, byte) {
                (Some(open), close) if open == close => quote = None,
                (Some(_), _) => {}
                (None, b'>') => break,
                (None, b'"' | b'\'') if bytes[end - 1] == b'=' => quote = Some(byte),
                (None, b'/' | b'"' | b'\'') => blanks += 1,
                (None, b) if b.is_ascii_whitespace() => blanks += 1,
                _ => {}
            }
            if blanks > MAX_ATTRIBUTES && limit.is_none() {
                limit = Some(end);
            }
            end += 1;
        }
        if let Some(limit) = limit {
            let text = cut.get_or_insert_with(String::new);
            // A limit stands at an ASCII byte.
            text.push_str(&page[kept_to..limit]);
            kept_to = end;
        }
        at = end;
    }
    match cut {
        None => Cow::Borrowed(page),
        Some(mut text) => {
            text.push_str(&page[kept_to..]);
            Cow::Owned(text)
        }
    }
}

/// The value of an attribute of a tag.
pub(super) fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

/// Whether a tag has no end.
pub(super) fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
            | "keygen"
            | "basefont"
            | "bgsound"
            | "frame"
    )
}
