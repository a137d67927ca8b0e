//! What a user calls proxies: short words, kept with each proxy as a JSON list in the order of the words.

use crate::api::ApiError;
use crate::escape::{escape, escape_cut};

/// A tag is a word or two by which one finds something again, not a note.
const MAX_TAG_BYTES: usize = 64;
/// Tags of one proxy: more than this nobody keeps apart.
pub(crate) const MAX_TAGS: usize = 32;

/// A tag as it is kept, or what is wrong with it. A comma separates tags from each other.
pub(crate) fn usable(text: &str) -> Result<Box<str>, ApiError> {
    let tag = text.trim();
    let refuse = |why: &str| {
        Err(ApiError::invalid("tag", format!("{:?} cannot be a tag: {why}.", escape_cut(tag)))
            .hint(format!("A tag is a word of at most {MAX_TAG_BYTES} bytes without a comma.")))
    };
    if tag.is_empty() {
        return refuse("it is empty");
    }
    if tag.len() > MAX_TAG_BYTES {
        return refuse("it is too long");
    }
    if tag.contains(',') {
        return refuse("it holds a comma");
    }
    if escape(tag) != tag {
        return refuse("it holds a character that cannot be seen");
    }
    Ok(tag.into())
}

/// Reads the tags of a proxy; what is no list of words is none.
pub(crate) fn read(json: &str) -> Vec<Box<str>> {
    serde_json::from_str(json).unwrap_or_default()
}

/// Writes the tags of a proxy; nothing where there are none.
pub(crate) fn write(tags: &[Box<str>]) -> Option<Box<str>> {
    if tags.is_empty() {
        return None;
    }
    serde_json::to_string(tags).ok().map(String::into_boxed_str)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

    use super::*;

    #[test]
    fn a_tag_is_a_word_that_can_be_seen_and_listed() {
        assert_eq!(&*usable("  office 台北 ").unwrap(), "office 台北");
        for bad in ["", "  ", "a,b", "a\u{1b}[1m", "a\nb", &"x".repeat(MAX_TAG_BYTES + 1)] {
            assert!(usable(bad).is_err(), "{bad:?} cannot be found again or shown");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let tags: Vec<Box<str>> = vec!["a \"b\"".into(), "c".into()];
        assert_eq!(read(&write(&tags).unwrap()), tags);
        assert_eq!(write(&[]), None, "no tag takes no space");
        assert!(read("{\"not\": \"ours\"}").is_empty());
    }
}
