//! What the attributes of elements say of proxies: names of icons, links, data, and classes that are ports.

use html5ever::tokenizer::Tag;

use super::Builder;
use crate::encoded;
use crate::html::token::attribute;
use crate::html::{MAX_ATTRIBUTE, rows};
use crate::plain;
use crate::record::Field;

/// The longest attribute that is read as data: a page of a list.
const MAX_DATA: usize = 1024 * 1024;

impl Builder<'_, '_> {
    /// Remembers what an icon is called, for a cell that has no words.
    pub(super) fn note_icon(&mut self, tag: &Tag, name: &str) {
        if self.is_hidden() {
            return;
        }
        let called = attribute(tag, "alt").or_else(|| attribute(tag, "title"));
        let value = if name == "input" { attribute(tag, "value") } else { None };
        let Some(called) = value.or(called).filter(|called| called.len() <= MAX_ATTRIBUTE).map(str::to_owned)
        else {
            return;
        };
        let is_part = name != "input" || rows::is_address(called.trim()) || rows::is_port(called.trim());
        if let Some(cell) = self.cell()
            && cell.instead.is_empty()
            && is_part
        {
            cell.instead = called;
        }
    }

    /// Reads the links by which Telegram hands out proxies; all other links lead to pages.
    pub(super) fn note_link(&mut self, href: &str) {
        let is_telegram =
            ["tg://socks?", "https://t.me/socks?", "http://t.me/socks?", "https://telegram.me/socks?"];
        if is_telegram.iter().any(|start| href.starts_with(start))
            && let Some((mut reading, line)) = rows::read_line(href)
        {
            let told = self.out.count();
            self.out.settle_entry(&mut reading, line.as_bytes());
            self.as_list += self.out.count().0 - told.0;
        }
    }

    /// Reads attributes that say what an element or a row holds (`data-ip`, `data-port`).
    pub(super) fn note_data(&mut self, tag: &Tag) {
        if self.is_hidden() {
            return;
        }
        let mut fields: Vec<(Field, String)> = Vec::new();
        // Elements of a site's own have attributes of its own.
        let is_own = attribute(tag, "port").is_some();
        let mut whole = None;
        for own in &tag.attrs {
            let local = &*own.name.local;
            if own.value.starts_with(['[', '{']) && own.value.len() <= MAX_DATA && !local.starts_with("on") {
                self.read_data(&own.value);
                continue;
            }
            let Some(name) = local.strip_prefix("data-").or_else(|| {
                Some(local).filter(|name| is_own && matches!(*name, "ip" | "host" | "port" | "type"))
            }) else {
                continue;
            };
            if own.value.len() > MAX_ATTRIBUTE {
                continue;
            }
            if is_copied(name) && plain::read(own.value.trim().as_bytes()).is_some() {
                whole = Some(own.value.trim().to_owned());
            }
            if let Some(field @ (Field::Address(_) | Field::Port | Field::Protocols)) = Field::named(name)
                && let Some(value) = plain_attribute(field, &own.value)
            {
                fields.push((field, value));
            }
        }
        if fields.is_empty() {
            if let Some((mut reading, line)) = whole.as_deref().and_then(rows::read_line) {
                let told = self.out.count();
                self.out.settle_entry(&mut reading, line.as_bytes());
                self.as_list += self.out.count().0 - told.0;
            }
            return;
        }
        if let Some(row) = self.tables.last_mut().and_then(|table| table.row.as_mut()) {
            if let Some(cell) = row.cells.last_mut()
                && row.is_open
                && cell.instead.is_empty()
                && let Some((_, value)) = fields.iter().find(|(field, _)| *field != Field::Protocols)
            {
                cell.instead.clone_from(value);
            }
            row.attributes.extend(fields);
            return;
        }
        // An address in one element, and its port in the next that has one.
        if let [(field, value)] = &fields[..] {
            match field {
                Field::Address(0 | 1) if !value.contains(':') => {
                    self.data_address = Some(value.clone());
                    return;
                }
                Field::Port => {
                    if let Some(address) = self.data_address.take() {
                        fields.push((Field::Address(0), address));
                    }
                }
                _ => {}
            }
        } else {
            self.data_address = None;
        }
        let told = self.out.count();
        rows::settle_fields(fields.iter().map(|(field, value)| (*field, value.as_str())), self.out);
        self.as_list += self.out.count().0 - told.0;
    }
}

/// Whether an attribute holds what a button copies.
fn is_copied(name: &str) -> bool {
    ["clipboard-text", "clipboard", "copy", "copy-text", "proxy-address"].contains(&name)
}

/// The port that one family of pages writes into the classes of an element: each letter is a digit, and the number is
/// eight times the port. The text of the element is another number.
pub(super) fn lettered_port(classes: &str) -> Option<String> {
    const LETTERS: &str = "ABCDEFGHIZ";
    let mut classes = classes.split_ascii_whitespace();
    if classes.next() != Some("port") {
        return None;
    }
    let letters = classes.next().filter(|class| (2..=6).contains(&class.len()))?;
    let digits: Option<String> = letters
        .chars()
        .map(|c| LETTERS.find(c).and_then(|at| char::from_digit(u32::try_from(at).ok()?, 10)))
        .collect();
    let port = digits?.parse::<u32>().ok()? >> 3;
    Some(port.to_string())
}

/// The value of an attribute: as it is, or out of base64 where it is nothing as it is.
fn plain_attribute(field: Field, value: &str) -> Option<String> {
    let value = value.trim();
    let is_sound = |text: &str| match field {
        Field::Address(_) => {
            text.contains(['.', ':']) && text.bytes().any(|b| b.is_ascii_digit() || b == b'.')
        }
        Field::Port => rows::is_port(text),
        _ => true,
    };
    if is_sound(value) {
        return Some(value.to_owned());
    }
    let decoded = String::from_utf8(encoded::decode(value.as_bytes())?).ok()?;
    let decoded = decoded.trim();
    is_sound(decoded).then(|| decoded.to_owned())
}
