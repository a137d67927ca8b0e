//! Scripts that come out of a script: packed ones, and texts that are evaluated. They are worked out as the others are,
//! only so many out of one another.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use super::fuel::Stop;
use super::machine::{CALLBACK_DEPTH, Doing, Machine};
use super::tokens::{Token, tokens};
use super::value::Value;
use super::{MAX_SCRIPT, Scripts};
use crate::packed;

/// How many scripts may come out of one another.
const MAX_UNPACKING: usize = 3;

impl<'a> Machine<'_, 'a, '_> {
    /// Works out a script that another one made, and answers with what it comes to when it is an expression alone.
    pub(super) fn run_more(&mut self, script: &str) -> Result<Value<'a>, Stop> {
        // Each variable is carried in and out.
        self.fuel.spend(script.len() + 2 * self.scripts.variables.len())?;
        if self.depth >= MAX_UNPACKING * CALLBACK_DEPTH || script.len() > MAX_SCRIPT {
            return Err(Stop);
        }
        let mut inner = Scripts { variables: HashMap::new(), page: self.scripts.page };
        for (name, value) in &self.scripts.variables {
            if let Some(value) = value.to_owned_value() {
                inner.variables.insert(Rc::clone(name), value);
            }
        }
        let tokens = tokens(script);
        let mut machine = Machine {
            scripts: &mut inner,
            tokens: &tokens,
            at: 0,
            fuel: self.fuel,
            effects: self.effects,
            depth: self.depth + CALLBACK_DEPTH,
            doing: Doing::All,
            is_strict: false,
        };
        let is_sum = |token: &Token<'_>| !matches!(token, Token::Word(_)) && *token != Token::Sign("=");
        if tokens.iter().all(|placed| is_sum(&placed.token))
            && let Ok(value) = machine.expression()
            && machine.at == tokens.len()
        {
            return Ok(value.to_owned_value().unwrap_or(Value::Unknown));
        }
        machine.at = 0;
        machine.statements();
        let made: Vec<_> = inner
            .variables
            .iter()
            .filter_map(|(name, value)| Some((Rc::clone(name), value.to_owned_value()?)))
            .collect();
        for (name, value) in made {
            self.scripts.variables.insert(name, value);
        }
        Ok(Value::Unknown)
    }

    /// Unpacks `eval(function(p,a,c,k,e,d){…}('…',62,86,'…'.split('|'),0,{}))`.
    pub(super) fn packed(&mut self) -> Option<String> {
        let start = self.at;
        self.at += 1;
        let unpacked = self.packed_inner();
        if unpacked.is_none() {
            self.at = start;
        }
        unpacked
    }

    fn packed_inner(&mut self) -> Option<String> {
        let outer = self.at;
        if !self.take_sign("(") || self.word() != Some("function") {
            return None;
        }
        self.at += 1;
        let parameters_end = self.closing(self.at)?;
        let body_end = self.closing(parameters_end + 1)?;
        let outer_end = self.closing(outer)?;
        self.at = body_end + 1;
        if !self.take_sign("(") {
            return None;
        }
        let arguments = self.arguments().ok()?;
        let [Value::Text(payload), radix, count, Value::Array(words), ..] = &arguments[..] else {
            return None;
        };
        let radix = u32::try_from(radix.index()?).ok()?;
        let count = usize::try_from(count.index()?).ok()?;
        let words: Option<Vec<Cow<'_, str>>> = words.iter().map(Value::text).collect();
        self.fuel.spend(payload.len() + count).ok()?;
        let unpacked = packed::unpack(payload, radix, count, &words?, MAX_SCRIPT)?;
        self.at = outer_end + 1;
        Some(unpacked)
    }
}
