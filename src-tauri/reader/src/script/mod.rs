//! What simple scripts of pages come to: sums, exclusive ors and texts put together by which ports and addresses are
//! hidden. No script is run: assignments in a row and calls of a closed set of functions are worked out, with fuel that
//! is used up by every step and every byte made. Loops and conditions are followed where every condition is known, and a loop
//! may use up a quarter of the fuel; there are no objects of a browser. Whatever is not known makes everything that depends
//! on it unknown, and what is unknown shows nothing.

mod decoding;
mod expressions;
mod fuel;
mod functions;
mod known;
mod loops;
mod machine;
mod members;
mod numbers;
mod pattern;
mod statements;
mod texts;
mod tokens;
mod unpack;
mod value;

use std::collections::HashMap;
use std::rc::Rc;

pub(crate) use decoding::unescaped;
pub(crate) use fuel::{BASE_FUEL, Fuel};
use machine::{Doing, Machine};
use tokens::{Placed, Token, tokens};
use value::Value;

/// The longest script that is worked out. Those that hide ports have a few kilobytes; libraries in a page have more.
const MAX_SCRIPT: usize = 512 * 1024;

/// The longest text that a script may make: a hidden list at most.
const MAX_TEXT: usize = 256 * 1024;

/// How many elements an array may have, those of arrays in it among them.
const MAX_ARRAY: usize = 16 * 1024;

/// How many elements scripts may fill, and how many texts they may read as data.
const MAX_FILLED: usize = 64 * 1024;

/// What scripts can ask of the page around them: attributes.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The value of the first attribute of a name.
    pub(crate) attributes: HashMap<String, String>,
    /// The attributes of elements with an id.
    pub(crate) by_id: HashMap<String, Vec<(String, String)>>,
}

impl Effects {
    fn fill(&mut self, selector: &str, text: &str) -> Result<(), fuel::Stop> {
        if self.filled.len() >= MAX_FILLED {
            return Err(fuel::Stop);
        }
        self.filled.push((selector.to_owned(), text.to_owned()));
        Ok(())
    }
}

/// What a script does that can be seen.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// What it writes where it stands.
    pub(crate) written: String,
    /// What it puts into elements: a selector and a text.
    pub(crate) filled: Vec<(String, String)>,
    /// Calls of functions that are not known, with their one text; of more than one no more is kept.
    pub(crate) unknown_calls: Vec<(String, String)>,
    /// Texts that it reads as JSON.
    pub(crate) parsed: Vec<String>,
    /// What it returns outside of its functions.
    returned: Vec<String>,
}

/// The variables of a page and what its scripts did.
pub(crate) struct Scripts<'a, 'p> {
    variables: HashMap<Rc<str>, Value<'a>>,
    page: &'p Page,
}

impl<'a, 'p> Scripts<'a, 'p> {
    pub(crate) fn new(page: &'p Page) -> Self {
        Self { variables: HashMap::new(), page }
    }

    /// Works out the next script of the page.
    pub(crate) fn run(&mut self, script: &'a str, fuel: &mut Fuel) -> Effects {
        let mut effects = Effects::default();
        if script.len() > MAX_SCRIPT || fuel.spend(script.len()).is_err() {
            return effects;
        }
        let tokens = tokens(script);
        self.run_tokens(&tokens, fuel, &mut effects, 0);
        effects
    }

    fn run_tokens(&mut self, tokens: &[Placed<'a>], fuel: &mut Fuel, effects: &mut Effects, depth: usize) {
        let mut machine = Machine {
            scripts: self,
            tokens,
            at: 0,
            fuel,
            effects,
            depth,
            doing: Doing::All,
            is_strict: false,
        };
        machine.statements();
    }
}

/// Every text that stands in a script.
pub(crate) fn literals(script: &str) -> Vec<Rc<str>> {
    let texts = tokens(script).into_iter().filter_map(|placed| match placed.token {
        Token::Text(text) => Some(text),
        _ => None,
    });
    texts.collect()
}

/// What a script returns, functions and conditions looked into: what it may return, in the order in which it stands.
pub(crate) fn returned(script: &str, page: &Page, fuel: &mut Fuel) -> Vec<String> {
    let mut effects = Effects::default();
    if script.len() > MAX_SCRIPT {
        return effects.returned;
    }
    let mut scripts = Scripts::new(page);
    let all = tokens(script);
    // Variables first: those of the whole script, and those of functions.
    scripts.run_tokens(&all, fuel, &mut effects, 0);
    // The function as a whole, where nothing in it depends on what it is asked.
    let function = scripts.variables.get("FindProxyForURL").cloned();
    if let Some(Value::Function(function)) = function {
        let mut machine = Machine {
            scripts: &mut scripts,
            tokens: &[],
            at: 0,
            fuel,
            effects: &mut effects,
            depth: 0,
            doing: Doing::All,
            is_strict: false,
        };
        if let Ok(Value::Text(text)) = machine.apply(&function, &[]) {
            effects.returned.push(text.to_string());
            return effects.returned;
        }
    }
    for (at, placed) in all.iter().enumerate() {
        let is_declaration = matches!(placed.token, Token::Word("var" | "let" | "const"));
        let is_return = placed.token == Token::Word("return");
        if !is_declaration && !is_return {
            continue;
        }
        let mut machine = Machine {
            scripts: &mut scripts,
            tokens: &all,
            at: at + 1,
            fuel,
            effects: &mut effects,
            depth: 1,
            doing: Doing::All,
            is_strict: false,
        };
        if is_declaration {
            drop(machine.declaration());
        } else if let Ok(value) = machine.expression()
            && let Value::Text(text) = value
        {
            effects.returned.push(text.to_string());
        }
    }
    effects.returned
}
