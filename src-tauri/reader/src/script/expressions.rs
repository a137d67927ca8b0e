//! Expressions, from the loosest operator to a single word. What stands behind a dot or is called has a file of its own.

use std::rc::Rc;

use super::fuel::Stop;
use super::machine::{Doing, MAX_NESTING, Machine};
use super::members::CHANGING;
use super::numbers::{bits, number_text};
use super::tokens::{Token, is_assignment};
use super::value::{Value, element, text_value};
use super::{MAX_ARRAY, MAX_TEXT};

impl<'a> Machine<'_, 'a, '_> {
    pub(super) fn expression(&mut self) -> Result<Value<'a>, Stop> {
        if self.depth > MAX_NESTING {
            return Err(Stop);
        }
        self.depth += 1;
        let value = self.assignment_or_choice();
        self.depth -= 1;
        value
    }

    fn assignment_or_choice(&mut self) -> Result<Value<'a>, Stop> {
        if let Some(name) = self.word()
            && let Some(sign) = self.assignment_at(self.at + 1)
        {
            return self.assign(name, sign);
        }
        if let Some(value) = self.assign_element()? {
            return Ok(value);
        }
        let value = self.binary(0)?;
        if !self.take_sign("?") {
            return Ok(value);
        }
        let truth = value.truth();
        let of = |is_chosen: bool| match truth {
            Some(truth) if truth == is_chosen => Doing::All,
            Some(_) => Doing::Nothing,
            // Which of the two it is, nobody knows.
            None => Doing::Perhaps,
        };
        let yes = self.expression_as(of(true))?;
        self.expect(":")?;
        let no = self.expression_as(of(false))?;
        Ok(match truth {
            Some(true) => yes,
            Some(false) => no,
            None => Value::Unknown,
        })
    }

    /// Reads an expression that is perhaps not worked out. What is not done around it is not done in it.
    fn expression_as(&mut self, doing: Doing) -> Result<Value<'a>, Stop> {
        let outer = self.enter(doing);
        let value = self.expression();
        self.doing = outer;
        value
    }

    fn enter(&mut self, doing: Doing) -> Doing {
        let outer = self.doing;
        self.doing = match (outer, doing) {
            (Doing::All, doing) => doing,
            (Doing::Nothing, _) | (_, Doing::Nothing) => Doing::Nothing,
            (Doing::Perhaps, _) => Doing::Perhaps,
        };
        outer
    }

    /// The sign of an assignment at a place.
    fn assignment_at(&self, at: usize) -> Option<&'static str> {
        match self.tokens.get(at).map(|placed| &placed.token) {
            Some(Token::Sign(sign)) if is_assignment(sign) => Some(sign),
            _ => None,
        }
    }

    /// Works out `name = …`, `name += …`.
    fn assign(&mut self, name: &'a str, sign: &str) -> Result<Value<'a>, Stop> {
        self.at += 2;
        let start = self.at;
        let Ok(value) = self.expression() else {
            self.set(name, Value::Unknown);
            self.at = start;
            return Err(Stop);
        };
        let value = match sign.strip_suffix('=') {
            Some("") | None => value,
            Some(operator) => {
                let before = self.scripts.variables.get(name).cloned().unwrap_or(Value::Unknown);
                self.combine(operator, &before, &value)?
            }
        };
        self.set(name, value.clone());
        Ok(value)
    }

    /// Works out `name[…] = …` where the variable is an array. None when this is something else.
    fn assign_element(&mut self) -> Result<Option<Value<'a>>, Stop> {
        let Some(name) = self.word() else { return Ok(None) };
        let opens = matches!(self.tokens.get(self.at + 1).map(|p| &p.token), Some(Token::Sign("[")));
        if !opens || !matches!(self.scripts.variables.get(name), Some(Value::Array(_))) {
            return Ok(None);
        }
        let close = self.closing(self.at + 1).ok_or(Stop)?;
        let Some(sign) = self.assignment_at(close + 1) else { return Ok(None) };
        self.at += 2;
        let index = self.expression()?.index().and_then(|index| usize::try_from(index).ok());
        if self.at != close {
            return Err(Stop);
        }
        self.at = close + 2;
        let value = self.expression()?;
        match self.doing {
            Doing::Nothing => return Ok(Some(Value::Unknown)),
            Doing::Perhaps => {
                self.set(name, Value::Unknown);
                return Ok(Some(Value::Unknown));
            }
            Doing::All => {}
        }
        let Some(Value::Array(list)) = self.scripts.variables.get(name) else { return Err(Stop) };
        let index = index.ok_or(Stop)?;
        let value = match sign.strip_suffix('=') {
            Some("") | None => value,
            Some(operator) => {
                let before = list.get(index).cloned().unwrap_or(Value::Unknown);
                self.combine(operator, &before, &value)?
            }
        };
        if self.is_shared(name) {
            self.forget_shared(name)?;
            return Err(Stop);
        }
        let Some(Value::Array(list)) = self.scripts.variables.get_mut(name) else { return Err(Stop) };
        Rc::make_mut(list).put(index, value.clone())?;
        Ok(Some(value))
    }

    fn binary(&mut self, level: usize) -> Result<Value<'a>, Stop> {
        /// Operators from the loosest to the tightest.
        const LEVELS: [&[&str]; 11] = [
            &["||", "??"],
            &["&&"],
            &["|"],
            &["^"],
            &["&"],
            &["==", "!=", "===", "!=="],
            &["<", ">", "<=", ">="],
            &["<<", ">>", ">>>"],
            &["+", "-"],
            &["*", "/", "%"],
            &["**"],
        ];
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(Token::Sign(sign)) = self.peek() {
            if !operators.contains(sign) {
                break;
            }
            let sign = *sign;
            self.at += 1;
            if !matches!(sign, "&&" | "||" | "??") {
                let right = self.binary(level + 1)?;
                left = self.combine(sign, &left, &right)?;
                continue;
            }
            // What stands on the right is only done where the left does not decide.
            let goes_on = match (sign, left.truth()) {
                ("&&", truth) => truth,
                ("||", truth) => truth.map(|truth| !truth),
                (_, Some(_)) => Some(false),
                (_, None) => None,
            };
            let doing = match goes_on {
                Some(true) => Doing::All,
                Some(false) => Doing::Nothing,
                None => Doing::Perhaps,
            };
            let outer = self.enter(doing);
            let right = self.binary(level + 1);
            self.doing = outer;
            let right = right?;
            left = match goes_on {
                Some(true) => right,
                Some(false) => left,
                None => Value::Unknown,
            };
        }
        Ok(left)
    }

    pub(super) fn combine(
        &mut self,
        operator: &str,
        left: &Value<'a>,
        right: &Value<'a>,
    ) -> Result<Value<'a>, Stop> {
        self.fuel.spend(0)?;
        let is_text = |value: &Value<'_>| matches!(value, Value::Text(_) | Value::Array(_));
        if operator == "+" && (is_text(left) || is_text(right)) {
            let (Some(left), Some(right)) = (left.text(), right.text()) else { return Ok(Value::Unknown) };
            let length = left.len() + right.len();
            self.fuel.spend_bytes(length)?;
            if length > MAX_TEXT {
                return Err(Stop);
            }
            return Ok(text_value(format!("{left}{right}")));
        }
        let equal = match operator {
            "==" | "!=" => left.equals(right, false),
            "===" | "!==" => left.equals(right, true),
            _ => None,
        };
        if let Some(equal) = equal {
            return Ok(Value::Bool(equal != operator.starts_with('!')));
        }
        if let (Value::Text(a), Value::Text(b)) = (left, right) {
            return Ok(match operator {
                "<" => Value::Bool(a < b),
                ">" => Value::Bool(a > b),
                "<=" => Value::Bool(a <= b),
                ">=" => Value::Bool(a >= b),
                _ => match (left.number(), right.number()) {
                    (Some(a), Some(b)) => self.combine(operator, &Value::Number(a), &Value::Number(b))?,
                    _ => Value::Unknown,
                },
            });
        }
        let (Some(a), Some(b)) = (left.number(), right.number()) else { return Ok(Value::Unknown) };
        match operator {
            "<" => return Ok(Value::Bool(a < b)),
            ">" => return Ok(Value::Bool(a > b)),
            "<=" => return Ok(Value::Bool(a <= b)),
            ">=" => return Ok(Value::Bool(a >= b)),
            _ => {}
        }
        Ok(Value::Number(match operator {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            "%" => a % b,
            "**" => a.powf(b),
            "^" => f64::from(bits(a) ^ bits(b)),
            "|" => f64::from(bits(a) | bits(b)),
            "&" => f64::from(bits(a) & bits(b)),
            "<<" => f64::from(bits(a).wrapping_shl(bits(b).cast_unsigned())),
            ">>" => f64::from(bits(a).wrapping_shr(bits(b).cast_unsigned())),
            ">>>" => f64::from(bits(a).cast_unsigned().wrapping_shr(bits(b).cast_unsigned())),
            _ => return Ok(Value::Unknown),
        }))
    }

    fn unary(&mut self) -> Result<Value<'a>, Stop> {
        self.fuel.spend(0)?;
        let sign = match self.peek() {
            Some(Token::Sign(sign @ ("++" | "--"))) => {
                let step = step_of(sign);
                self.at += 1;
                let name = self.word().ok_or(Stop)?;
                self.at += 1;
                return Ok(self.step(name, step).1);
            }
            Some(Token::Sign(sign @ ("+" | "-" | "~" | "!"))) => *sign,
            Some(Token::Word(word @ ("typeof" | "void" | "await" | "new" | "delete"))) => *word,
            _ => return self.postfix(),
        };
        if self.depth > MAX_NESTING {
            return Err(Stop);
        }
        self.at += 1;
        self.depth += 1;
        let value = self.unary();
        self.depth -= 1;
        let value = value?;
        Ok(match (sign, value.number()) {
            ("+", Some(number)) => Value::Number(number),
            ("-", Some(number)) => Value::Number(-number),
            ("~", Some(number)) => Value::Number(f64::from(!bits(number))),
            ("!", _) => value.truth().map_or(Value::Unknown, |truth| Value::Bool(!truth)),
            ("typeof", _) => match value {
                Value::Text(_) => text_value("string"),
                Value::Number(_) => text_value("number"),
                Value::Bool(_) => text_value("boolean"),
                Value::Function(_) => text_value("function"),
                Value::Array(_) | Value::Object(_) | Value::Regex(_) => text_value("object"),
                _ => Value::Unknown,
            },
            ("new" | "await", _) => value,
            _ => Value::Unknown,
        })
    }

    /// Counts a variable up or down. Answers with what it was and what it is.
    fn step(&mut self, name: &'a str, step: f64) -> (Value<'a>, Value<'a>) {
        let before = self.scripts.variables.get(name).and_then(Value::number);
        let value = |number: Option<f64>| number.map_or(Value::Unknown, Value::Number);
        let after = value(before.map(|number| number + step));
        self.set(name, after.clone());
        (value(before), after)
    }

    /// Reads what begins with a variable and is not a plain reading of it: `i++`, `list[i]`, `list.push(…)`.
    fn variable(&mut self) -> Result<Option<Value<'a>>, Stop> {
        let Some(name) = self.word() else { return Ok(None) };
        let sign = |at: usize| match self.tokens.get(at).map(|placed| &placed.token) {
            Some(Token::Sign(sign)) => *sign,
            _ => "",
        };
        match (sign(self.at + 1), self.scripts.variables.get(name)) {
            (counts @ ("++" | "--"), _) => {
                let step = step_of(counts);
                self.at += 2;
                Ok(Some(self.step(name, step).0))
            }
            ("[", Some(Value::Array(list))) => {
                let list = Rc::clone(list);
                self.at += 2;
                let index = self.expression()?;
                self.expect("]")?;
                let place = index.index().and_then(|index| usize::try_from(index).ok());
                Ok(Some(match (place, index) {
                    (Some(place), _) => list.get(place).cloned().unwrap_or(Value::Unknown),
                    (None, Value::Text(name)) => self.property(&Value::Array(list), &name),
                    _ => Value::Unknown,
                }))
            }
            (".", Some(Value::Array(_))) if sign(self.at + 3) == "(" => {
                let Some(Token::Word(method)) = self.tokens.get(self.at + 2).map(|placed| &placed.token)
                else {
                    return Ok(None);
                };
                let method = *method;
                if !CHANGING.contains(&method) {
                    return Ok(None);
                }
                self.at += 4;
                let arguments = self.arguments()?;
                self.change(name, method, &arguments).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn postfix(&mut self) -> Result<Value<'a>, Stop> {
        let mut value = match self.variable()? {
            Some(value) => value,
            None => self.primary()?,
        };
        loop {
            self.fuel.spend(0)?;
            match self.peek() {
                Some(Token::Sign("." | "?.")) => {
                    self.at += 1;
                    let name = self.word().ok_or(Stop)?;
                    self.at += 1;
                    value = if self.take_sign("(") {
                        let arguments = self.arguments()?;
                        self.method(&value, name, &arguments)?
                    } else {
                        self.property(&value, name)
                    };
                }
                Some(Token::Sign("(")) => {
                    self.at += 1;
                    let arguments = self.arguments()?;
                    value = self.call(&value, &arguments)?;
                }
                Some(Token::Sign("[")) => {
                    self.at += 1;
                    let index = self.expression()?;
                    self.expect("]")?;
                    if let Value::Text(text) = &value {
                        self.fuel.spend_bytes(text.len())?;
                    }
                    value = match (&index, index.index()) {
                        // `document["write"](…)`
                        (Value::Text(name), None) if self.is_sign("(") => {
                            self.at += 1;
                            let arguments = self.arguments()?;
                            self.method(&value, name, &arguments)?
                        }
                        (Value::Text(name), None) => self.property(&value, name),
                        (_, Some(index)) => match &value {
                            Value::Object(object) => object.get(&index.to_string()),
                            value => element(value, index),
                        },
                        _ => Value::Unknown,
                    };
                }
                Some(Token::Sign("++" | "--")) => {
                    self.at += 1;
                    return Err(Stop);
                }
                _ => return Ok(value),
            }
        }
    }

    /// Reads arguments up to their bracket.
    pub(super) fn arguments(&mut self) -> Result<Vec<Value<'a>>, Stop> {
        self.list(")")
    }

    fn list(&mut self, close: &str) -> Result<Vec<Value<'a>>, Stop> {
        let mut items = Vec::new();
        while !self.take_sign(close) {
            if self.take_sign("...") {
                match self.expression()? {
                    Value::Array(more) => {
                        self.fuel.spend(more.len())?;
                        items.extend(more.iter().cloned());
                    }
                    Value::Text(text) => {
                        self.fuel.spend(text.len())?;
                        items.extend(text.chars().take(MAX_ARRAY).map(|c| text_value(c.to_string())));
                    }
                    _ => return Err(Stop),
                }
            } else {
                items.push(self.expression()?);
            }
            if items.len() > MAX_ARRAY {
                return Err(Stop);
            }
            if !self.take_sign(",") {
                self.expect(close)?;
                break;
            }
        }
        Ok(items)
    }

    fn primary(&mut self) -> Result<Value<'a>, Stop> {
        if let Some(function) = self.arrow()? {
            return Ok(function);
        }
        let token = self.peek().cloned().ok_or(Stop)?;
        self.at += 1;
        Ok(match token {
            Token::Number(number) => Value::Number(number),
            Token::Text(text) => Value::Text(text),
            Token::Regex(regex) => Value::Regex(regex),
            Token::Word("function") => {
                if self.word().is_some() {
                    self.at += 1;
                }
                self.function_rest()?
            }
            Token::Word("true") => Value::Bool(true),
            Token::Word("false") => Value::Bool(false),
            Token::Word("null" | "undefined" | "this") => Value::Unknown,
            Token::Word(word) => {
                let Some(value) = self.scripts.variables.get(word) else {
                    return Ok(Value::Path(word.into()));
                };
                let value = value.clone();
                if let Value::Array(items) = &value {
                    self.fuel.spend(items.weight())?;
                }
                value
            }
            Token::Sign("(") => {
                let mut value = self.expression()?;
                while self.take_sign(",") {
                    value = self.expression()?;
                }
                self.expect(")")?;
                value
            }
            Token::Sign("[") => Value::array(self.list("]")?)?,
            Token::Sign("{") => {
                let start = self.at;
                match self.object() {
                    Ok(object) => object,
                    // What is written in another way is passed over.
                    Err(Stop) => {
                        self.at = self.closing(start - 1).ok_or(Stop)? + 1;
                        Value::Unknown
                    }
                }
            }
            Token::Sign(_) => return Err(Stop),
        })
    }

    /// Reads the members of an object up to its bracket. Only single values count: what else scripts have in objects
    /// (callbacks, settings) hides no ports, and is not worked out twice when an object turns out to be something else.
    fn object(&mut self) -> Result<Value<'a>, Stop> {
        let mut members = Vec::new();
        while !self.take_sign("}") {
            self.fuel.spend(0)?;
            let name: Rc<str> = match self.peek() {
                Some(Token::Word(name)) => (*name).into(),
                Some(Token::Text(name)) => Rc::clone(name),
                Some(Token::Number(number)) => number_text(*number).into(),
                _ => return Err(Stop),
            };
            self.at += 1;
            self.expect(":")?;
            let value = match self.peek() {
                Some(Token::Number(number)) => Value::Number(*number),
                Some(Token::Text(text)) => Value::Text(Rc::clone(text)),
                _ => return Err(Stop),
            };
            self.at += 1;
            members.push((name, value));
            if !self.take_sign(",") {
                self.expect("}")?;
                break;
            }
        }
        Value::object(members)
    }
}

/// What a sign adds.
fn step_of(sign: &str) -> f64 {
    if sign == "++" { 1.0 } else { -1.0 }
}
