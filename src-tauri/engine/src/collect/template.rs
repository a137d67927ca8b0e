//! Addresses of sources that stand for several: `{page}` for 1, 2, 3 and so on, `{a|b}` for each of the words.

/// Pages of one list that are visited at most: the longest lists on paper have some ten, and who has more has an
/// interface for programs.
pub(crate) const MAX_PAGES: u32 = 20;
/// Lists that the alternatives of one address may stand for.
const MAX_LISTS: usize = 16;
/// What stands for the number of a page.
const PAGE: &str = "{page}";

/// An address that may stand for several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// One for each combination of the alternatives; `{page}` still stands in them.
    lists: Vec<String>,
    has_pages: bool,
}

impl Template {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn parse(address: &str) -> Result<Self, String> {
        let mut lists = vec![String::new()];
        let mut rest = address;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((inner, after)) = after.split_once('}') else {
                return Err("a brace is opened and never closed".to_owned());
            };
            let words: Vec<String> = match inner {
                "page" => vec![PAGE.to_owned()],
                inner if inner.contains('|') => inner.split('|').map(str::to_owned).collect(),
                inner => return Err(format!("{{{inner}}} is neither {{page}} nor words such as {{a|b}}")),
            };
            if lists.len() * words.len() > MAX_LISTS {
                return Err(format!("it stands for more than {MAX_LISTS} lists"));
            }
            lists = lists
                .iter()
                .flat_map(|list| words.iter().map(move |word| format!("{list}{before}{word}")))
                .collect();
            rest = after;
        }
        for list in &mut lists {
            list.push_str(rest);
        }
        Ok(Self { has_pages: address.contains(PAGE), lists })
    }

    /// Whether it stands for exactly one address, which can be asked whether it has changed.
    pub(crate) fn is_single(&self) -> bool {
        !self.has_pages && self.lists.len() == 1
    }

    /// The lists, each to be visited page by page.
    pub(crate) fn lists(&self) -> &[String] {
        &self.lists
    }

    /// How many pages of each list may be visited.
    pub(crate) fn pages(&self) -> u32 {
        if self.has_pages { MAX_PAGES } else { 1 }
    }
}

/// The address of a page of a list.
pub(crate) fn page_of(list: &str, page: u32) -> String {
    list.replace(PAGE, &page.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

    use super::*;

    #[test]
    fn an_address_without_braces_stands_for_itself() {
        let template = Template::parse("https://a.example/list.txt").unwrap();
        assert!(template.is_single());
        assert_eq!(template.lists(), ["https://a.example/list.txt"]);
        assert_eq!(template.pages(), 1);
    }

    #[test]
    fn alternatives_are_multiplied_and_pages_counted() {
        let template = Template::parse("https://a.example/{x|y}/{1|2}?p={page}").unwrap();
        assert!(!template.is_single());
        assert_eq!(template.lists().len(), 4);
        assert_eq!(page_of(&template.lists()[1], 3), "https://a.example/x/2?p=3");
        assert_eq!(template.pages(), MAX_PAGES);
    }

    #[test]
    fn what_was_not_understood_is_refused() {
        for address in ["https://a.example/{page", "https://a.example/{date}", "{a|b}{a|b}{a|b}{a|b}{a|b}"] {
            assert!(Template::parse(address).is_err(), "{address}");
        }
    }
}
