//! The functions of a script itself: how they are read, and what a call of one comes to. Functions that a script did not
//! write never stand here.

use std::collections::HashMap;
use std::rc::Rc;

use super::fuel::Stop;
use super::machine::{CALLBACK_DEPTH, Doing, MAX_CALLBACKS, MAX_NESTING, Machine};
use super::statements::Flow;
use super::tokens::{Placed, Token};
use super::value::{Function, Value};

/// What a call costs beside what is worked out in it.
const CALL_COST: usize = 16;

/// How many variables of a function are known to end with it.
const MAX_LOCALS: usize = 64;

impl<'a> Machine<'_, 'a, '_> {
    /// Reads the parameters and the body of a function.
    pub(super) fn function_rest(&mut self) -> Result<Value<'a>, Stop> {
        let end = self.closing(self.at).ok_or(Stop)?;
        let parameters = self.tokens[self.at..end]
            .iter()
            .filter_map(|p| if let Token::Word(word) = p.token { Some(word) } else { None })
            .collect();
        self.at = end + 1;
        if !self.is_sign("{") {
            return Err(Stop);
        }
        let body_end = self.closing(self.at).ok_or(Stop)?;
        let body = &self.tokens[self.at + 1..body_end];
        self.fuel.spend(body.len())?;
        let function = Function { parameters, locals: locals(body), body: body.into(), is_expression: false };
        self.at = body_end + 1;
        Ok(Value::Function(Rc::new(function)))
    }

    /// Reads `x => …` and `(x, y) => …`, if one stands here.
    pub(super) fn arrow(&mut self) -> Result<Option<Value<'a>>, Stop> {
        let is_arrow = |at: usize| self.tokens.get(at).is_some_and(|p| p.token == Token::Sign("=>"));
        let (parameters, body) = match self.peek() {
            Some(Token::Word(word)) if is_arrow(self.at + 1) => (vec![*word], self.at + 2),
            Some(Token::Sign("(")) => {
                // Parameters are words and commas.
                let length = self.tokens[self.at + 1..]
                    .iter()
                    .take(8)
                    .take_while(|p| matches!(p.token, Token::Word(_) | Token::Sign(",")))
                    .count();
                let end = self.at + 1 + length;
                if !is_arrow(end + 1) {
                    return Ok(None);
                }
                let words = self.tokens[self.at + 1..end].iter();
                (
                    words.filter_map(|p| if let Token::Word(w) = p.token { Some(w) } else { None }).collect(),
                    end + 2,
                )
            }
            _ => return Ok(None),
        };
        self.at = body;
        if self.is_sign("{") {
            let end = self.closing(body).ok_or(Stop)?;
            let tokens = &self.tokens[body + 1..end];
            self.fuel.spend(tokens.len())?;
            self.at = end + 1;
            return Ok(Some(Value::Function(Rc::new(Function {
                parameters,
                locals: locals(tokens),
                body: tokens.into(),
                is_expression: false,
            }))));
        }
        // The body goes up to the bracket or the comma that ends it.
        let mut end = body;
        let mut depth = 0_usize;
        while let Some(placed) = self.tokens.get(end) {
            match placed.token {
                Token::Sign("(" | "[" | "{") => depth += 1,
                Token::Sign(")" | "]" | "}") if depth == 0 => break,
                Token::Sign(")" | "]" | "}") => depth -= 1,
                Token::Sign("," | ";") if depth == 0 => break,
                _ => {}
            }
            end += 1;
        }
        let tokens = &self.tokens[body..end];
        self.fuel.spend(tokens.len())?;
        self.at = end;
        Ok(Some(Value::Function(Rc::new(Function {
            parameters,
            locals: Vec::new(),
            body: tokens.into(),
            is_expression: true,
        }))))
    }

    pub(super) fn call(&mut self, callee: &Value<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>, Stop> {
        self.fuel.spend(0)?;
        if self.doing != Doing::All {
            return Ok(Value::Unknown);
        }
        match callee {
            Value::Function(function) => self.apply(function, arguments),
            Value::Path(path) => {
                let path = Rc::clone(path);
                self.known(&path, arguments)
            }
            _ => Ok(Value::Unknown),
        }
    }

    /// Works out a function of the page with these arguments.
    pub(super) fn apply(
        &mut self,
        function: &Function<'a>,
        arguments: &[Value<'a>],
    ) -> Result<Value<'a>, Stop> {
        if self.depth > MAX_NESTING {
            return Err(Stop);
        }
        self.fuel.spend(CALL_COST + function.parameters.len() + function.locals.len())?;
        let all_arguments = Value::array(arguments.to_vec())?;
        // Variables of a function end with it.
        let mut shadowed: Vec<(Rc<str>, Option<Value<'a>>)> = Vec::new();
        let mut local = |name: &str, value: Value<'a>, variables: &mut HashMap<Rc<str>, Value<'a>>| {
            let name: Rc<str> = name.into();
            shadowed.push((Rc::clone(&name), variables.insert(name, value)));
        };
        for name in &function.locals {
            local(name, Value::Unknown, &mut self.scripts.variables);
        }
        for (index, parameter) in function.parameters.iter().enumerate() {
            let value = arguments.get(index).cloned().unwrap_or(Value::Unknown);
            local(parameter, value, &mut self.scripts.variables);
        }
        local("arguments", all_arguments, &mut self.scripts.variables);
        let mut inner = Machine {
            scripts: self.scripts,
            tokens: &function.body,
            at: 0,
            fuel: self.fuel,
            effects: self.effects,
            depth: self.depth + CALLBACK_DEPTH,
            doing: Doing::All,
            is_strict: true,
        };
        let result = if function.is_expression { inner.expression() } else { inner.body() };
        if result.is_err() {
            // What it did of its work is not known.
            inner.forget(0, function.body.len());
        }
        for (name, before) in shadowed.into_iter().rev() {
            match before {
                Some(value) => self.scripts.variables.insert(name, value),
                None => self.scripts.variables.remove(&name),
            };
        }
        result
    }

    /// Looks into functions that are handed to something unknown (`$(document).ready(function () { … })`): what they
    /// do is done.
    pub(super) fn call_back(&mut self, arguments: &[Value<'a>]) {
        for argument in arguments {
            if let Value::Function(function) = argument
                && self.depth < MAX_CALLBACKS * CALLBACK_DEPTH
                && self.fuel.spend(function.body.len()).is_ok()
            {
                let body = Rc::clone(&function.body);
                self.scripts.run_tokens(&body, self.fuel, self.effects, self.depth + CALLBACK_DEPTH);
            }
        }
    }

    /// Works out the body of a function up to what it returns.
    fn body(&mut self) -> Result<Value<'a>, Stop> {
        match self.block(self.tokens.len())? {
            Flow::Return(value) => Ok(value),
            _ => Ok(Value::Unknown),
        }
    }
}

/// The variables that a function declares.
fn locals<'a>(body: &[Placed<'a>]) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    // How deep the declaration stands that is being read.
    let mut declares: Option<usize> = None;
    let mut is_name = false;
    for placed in body {
        match placed.token {
            Token::Word("var" | "let" | "const") => {
                declares = Some(depth);
                is_name = true;
                continue;
            }
            Token::Word(name) if is_name && found.len() < MAX_LOCALS => found.push(name),
            Token::Sign("(" | "[" | "{") => depth += 1,
            Token::Sign(")" | "]" | "}") => {
                depth = depth.saturating_sub(1);
                declares = declares.filter(|own| *own <= depth);
            }
            Token::Sign(";") => declares = None,
            _ => {}
        }
        is_name = declares == Some(depth) && placed.token == Token::Sign(",");
    }
    found
}
