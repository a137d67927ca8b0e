//! Strangers' text made harmless to show: no control byte, no ANSI sequence and no change of direction through.

use std::fmt::Write as _;

/// How much of a stranger's line is shown, in characters; enough to recognise it, too little to flood a window.
pub(crate) const MAX_SHOWN_CHARS: usize = 200;

/// The text with every character that would act instead of being seen spelled out as `\u{…}`.
pub(crate) fn escape(text: &str) -> String {
    if !text.chars().any(acts) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push(&mut out, c);
    }
    out
}

/// The same, cut after [`MAX_SHOWN_CHARS`] characters of the original.
pub(crate) fn escape_cut(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_SHOWN_CHARS) + 16);
    for (at, c) in text.chars().enumerate() {
        if at == MAX_SHOWN_CHARS {
            out.push('…');
            break;
        }
        push(&mut out, c);
    }
    out
}

fn push(out: &mut String, c: char) {
    match c {
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        '\n' => out.push_str("\\n"),
        c if acts(c) => {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// Whether a character does something to what shows it: C0 and C1 controls, directions and their isolates, what
/// has no width, and line separators.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_spelled_out() {
        assert_eq!(escape("a\u{1b}[31mb"), "a\\u{1b}[31mb", "an ANSI colour must not reach a terminal");
        assert_eq!(escape("x\u{202e}gpj"), "x\\u{202e}gpj", "text must not run backwards");
        assert_eq!(escape("a\r\n\tb\0\u{9b}"), "a\\r\\n\\tb\\u{0}\\u{9b}", "controls are seen, not obeyed");
    }

    #[test]
    fn ordinary_text_stays() {
        assert_eq!(escape("代理 é <b> \\ 😀"), "代理 é <b> \\ 😀");
    }

    #[test]
    fn long_text_is_cut() {
        let shown = escape_cut(&"é".repeat(MAX_SHOWN_CHARS + 5));
        assert_eq!(shown.chars().count(), MAX_SHOWN_CHARS + 1, "the cut is marked by one more character");
        assert!(shown.ends_with('…'));
    }
}
