//! What the scripts of a page put into elements that stand elsewhere in it. What a script writes where it stands is
//! never here: that is seen in the walk.

use std::collections::HashMap;

use super::survey::Survey;
use crate::script::{Fuel, Scripts};

/// How many elements scripts may fill.
const MAX_FILLED: usize = 64 * 1024;

/// What the scripts of a page put into elements that stand elsewhere in it.
#[derive(Default)]
pub(super) struct Found {
    filled: HashMap<String, String>,
    pub(super) script_bytes: usize,
}

impl Found {
    pub(super) fn of(survey: &mut Survey, companions: &[String], spare: &mut u64) -> Self {
        let mut found = Self::default();
        for companion in companions {
            let is_script =
                ["function", "$(", "document.", "var "].iter().any(|word| companion.contains(word));
            if is_script {
                survey.scripts.push(companion.clone());
            } else {
                survey.styles.add(companion);
            }
        }
        found.script_bytes = survey.scripts.iter().map(String::len).sum();
        let mut fuel = Fuel::with_spare(*spare, found.script_bytes);
        let mut scripts = Scripts::new(&survey.page);
        for script in &survey.scripts {
            for (selector, text) in scripts.run(script, &mut fuel).filled {
                if found.filled.len() < MAX_FILLED {
                    found.filled.insert(selector, text);
                }
            }
        }
        *spare = fuel.spare_of(*spare);
        found
    }

    /// What scripts put into an element of these classes and this id.
    pub(super) fn text(&self, classes: &str, id: &str) -> Option<&str> {
        if self.filled.is_empty() {
            return None;
        }
        let by_class =
            classes.split_ascii_whitespace().find_map(|class| self.filled.get(&format!(".{class}")));
        by_class.or_else(|| self.filled.get(&format!("#{id}")).filter(|_| !id.is_empty())).map(String::as_str)
    }
}
