//! The text of a page that is not shown as it stands: scripts, styles, data, and what is for nobody.

use html5ever::tokenizer::Tag;

use super::token::attribute;

/// What text is that is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Raw {
    #[default]
    None,
    Script,
    /// A script whose content are data.
    Data,
    /// A script or another element whose content is for nobody here.
    Other,
    Style,
    Heading,
}

impl Raw {
    pub(super) fn of(tag: &Tag) -> Self {
        match &*tag.name {
            "script" => match attribute(tag, "type").unwrap_or_default().trim().to_ascii_lowercase().as_str()
            {
                "" | "module" => Self::Script,
                kind if kind.contains("javascript") || kind.contains("ecmascript") => Self::Script,
                kind if kind.contains("json") => Self::Data,
                _ => Self::Other,
            },
            "style" => Self::Style,
            "iframe" | "noembed" | "noframes" | "template" => Self::Other,
            _ => Self::None,
        }
    }
}
