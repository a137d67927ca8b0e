//! Where the working out of a script stands: its words, how far they are read, and what is left of the fuel. What is
//! done with the words never stands here: statements, expressions and calls have files of their own.

use super::fuel::{Fuel, Stop};
use super::tokens::{Placed, Token};
use super::value::Value;
use super::{Effects, Scripts};

/// How deep expressions, calls and callbacks may be nested.
pub(super) const MAX_NESTING: usize = 24;

/// How many variables are kept.
const MAX_VARIABLES: usize = 16 * 1024;

/// How deep callbacks are looked into, and how much each adds to what is nested.
pub(super) const MAX_CALLBACKS: usize = 4;
pub(super) const CALLBACK_DEPTH: usize = 4;

/// The longest path or selector that a script may name.
pub(super) const MAX_PATH: usize = 256;

/// Whether what is read is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// It is.
    All,
    /// Nobody knows: what it assigns is unknown from then on.
    Perhaps,
    /// It is not.
    Nothing,
}

pub(super) struct Machine<'m, 'a, 'p> {
    pub(super) scripts: &'m mut Scripts<'a, 'p>,
    pub(super) tokens: &'m [Placed<'a>],
    pub(super) at: usize,
    pub(super) fuel: &'m mut Fuel,
    pub(super) effects: &'m mut Effects,
    pub(super) depth: usize,
    pub(super) doing: Doing,
    /// Whether a statement that is not understood makes everything behind it unknown, as in a function or a loop.
    pub(super) is_strict: bool,
}

impl<'a> Machine<'_, 'a, '_> {
    pub(super) fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at).map(|placed| &placed.token)
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let is_it = self.is_sign(sign);
        self.at += usize::from(is_it);
        is_it
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<(), Stop> {
        if self.take_sign(sign) { Ok(()) } else { Err(Stop) }
    }

    pub(super) fn word(&self) -> Option<&'a str> {
        if let Some(Token::Word(word)) = self.peek() { Some(word) } else { None }
    }

    /// Where the bracket that opens here is closed.
    pub(super) fn closing(&mut self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (at, placed) in self.tokens.iter().enumerate().skip(open) {
            self.fuel.spend(0).ok()?;
            if let Token::Sign(sign) = placed.token {
                match sign {
                    "(" | "[" | "{" => depth += 1,
                    ")" | "]" | "}" => {
                        depth = depth.checked_sub(1)?;
                        if depth == 0 {
                            return Some(at);
                        }
                    }
                    _ => {}
                }
            }
        }
        None
    }

    pub(super) fn set(&mut self, name: &str, value: Value<'a>) {
        let value = match self.doing {
            Doing::All => value,
            Doing::Perhaps => Value::Unknown,
            Doing::Nothing => return,
        };
        if let Some(slot) = self.scripts.variables.get_mut(name) {
            *slot = value;
        } else if self.scripts.variables.len() < MAX_VARIABLES {
            self.scripts.variables.insert(name.into(), value);
        }
    }
}
