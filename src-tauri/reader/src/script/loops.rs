//! Loops whose conditions are known each time round. How long one may go on for, the fuel says.

use std::rc::Rc;

use super::fuel::Stop;
use super::machine::Machine;
use super::statements::Flow;
use super::tokens::Token;
use super::value::{Value, text_value};

impl<'a> Machine<'_, 'a, '_> {
    /// Works out a loop of any kind.
    pub(super) fn repeat(&mut self) -> Result<Flow<'a>, Stop> {
        match self.word() {
            Some("while") => self.repeat_while(),
            Some("do") => self.repeat_do(),
            _ => self.repeat_for(),
        }
    }

    fn repeat_while(&mut self) -> Result<Flow<'a>, Stop> {
        let condition = self.at + 1;
        loop {
            self.at = condition;
            if !self.in_brackets()?.truth().ok_or(Stop)? {
                self.skip_branch()?;
                return Ok(Flow::Next);
            }
            let body = self.at;
            match self.branch()? {
                Flow::Break => return self.leave(body),
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Next | Flow::Continue => {}
            }
            self.fuel.spend(0)?;
        }
    }

    fn repeat_do(&mut self) -> Result<Flow<'a>, Stop> {
        let body = self.at + 1;
        // Statements without braces are not followed: where they end is not seen before.
        let condition = match self.tokens.get(body).map(|placed| &placed.token) {
            Some(Token::Sign("{")) => self.closing(body).ok_or(Stop)? + 1,
            _ => return Err(Stop),
        };
        if !matches!(self.tokens.get(condition).map(|placed| &placed.token), Some(Token::Word("while"))) {
            return Err(Stop);
        }
        loop {
            self.at = body;
            let flow = self.branch()?;
            if let Flow::Return(value) = flow {
                return Ok(Flow::Return(value));
            }
            self.at = condition + 1;
            if matches!(flow, Flow::Break) {
                self.at = self.closing(self.at).ok_or(Stop)? + 1;
                return Ok(Flow::Next);
            }
            if !self.in_brackets()?.truth().ok_or(Stop)? {
                return Ok(Flow::Next);
            }
            self.fuel.spend(0)?;
        }
    }

    fn repeat_for(&mut self) -> Result<Flow<'a>, Stop> {
        self.at += 1;
        if !self.is_sign("(") {
            return Err(Stop);
        }
        let open = self.at;
        let close = self.closing(open).ok_or(Stop)?;
        self.at += 1;
        if matches!(self.word(), Some("var" | "let" | "const")) {
            self.at += 1;
        }
        let over = match self.tokens.get(self.at + 1).map(|placed| &placed.token) {
            Some(Token::Word(word @ ("of" | "in"))) => Some(*word),
            _ => None,
        };
        if let Some(over) = over {
            return self.repeat_over(over == "of", close);
        }
        let (condition, step) = self.semicolons(open, close)?;
        self.at = open + 1;
        self.block(condition)?;
        loop {
            self.at = condition + 1;
            if self.at < step {
                let goes_on = self.expression()?.truth().ok_or(Stop)?;
                if self.at != step {
                    return Err(Stop);
                }
                if !goes_on {
                    return self.leave(close + 1);
                }
            }
            self.at = close + 1;
            match self.branch()? {
                Flow::Break => return self.leave(close + 1),
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Next | Flow::Continue => {}
            }
            self.at = step + 1;
            self.block(close)?;
            self.fuel.spend(0)?;
        }
    }

    /// Where the two semicolons in the head of a loop stand.
    fn semicolons(&mut self, open: usize, close: usize) -> Result<(usize, usize), Stop> {
        let mut found = Vec::with_capacity(2);
        let mut at = open + 1;
        while at < close {
            self.fuel.spend(0)?;
            match self.tokens[at].token {
                Token::Sign("(" | "[" | "{") => at = self.closing(at).ok_or(Stop)?,
                Token::Sign(";") => found.push(at),
                _ => {}
            }
            at += 1;
        }
        if let [condition, step] = found[..] { Ok((condition, step)) } else { Err(Stop) }
    }

    /// Works out `for (x of …)` and `for (i in …)`.
    fn repeat_over(&mut self, is_of: bool, close: usize) -> Result<Flow<'a>, Stop> {
        let name = self.word().ok_or(Stop)?;
        self.at += 2;
        let value = self.expression()?;
        if self.at != close {
            return Err(Stop);
        }
        let places = |count: usize| (0..count).map(|index| text_value(index.to_string())).collect();
        let items: Vec<Value<'a>> = match (&value, is_of) {
            (Value::Array(list), true) => list.to_vec(),
            (Value::Array(list), false) => places(list.len()),
            (Value::Text(text), true) => text.chars().map(|c| text_value(c.to_string())).collect(),
            (Value::Text(text), false) => places(text.chars().count()),
            (Value::Object(object), false) => {
                object.members.iter().map(|(name, _)| Value::Text(Rc::clone(name))).collect()
            }
            _ => return Err(Stop),
        };
        self.fuel.spend(items.len())?;
        for item in items {
            self.set(name, item);
            self.at = close + 1;
            match self.branch()? {
                Flow::Break => break,
                Flow::Return(value) => return Ok(Flow::Return(value)),
                Flow::Next | Flow::Continue => {}
            }
            self.fuel.spend(0)?;
        }
        self.leave(close + 1)
    }

    /// Goes on behind the body of a loop.
    fn leave(&mut self, body: usize) -> Result<Flow<'a>, Stop> {
        self.at = body;
        self.skip_branch()?;
        Ok(Flow::Next)
    }
}
