//! Expressions, from the loosest operator to a single word. What stands behind a dot or is called has a file of its own.

use super::fuel::Stop;
use super::machine::{MAX_NESTING, Machine};
use super::numbers::bits;
use super::tokens::Token;
use super::value::{Value, element, text_value};
use super::{MAX_ARRAY, MAX_TEXT};

impl<'a> Machine<'_, 'a, '_> {
    pub(super) fn expression(&mut self) -> Result<Value<'a>, Stop> {
        if self.depth > MAX_NESTING {
            return Err(Stop);
        }
        self.depth += 1;
        let value = self.binary(0);
        self.depth -= 1;
        let value = value?;
        // Which of the two it is, nobody knows.
        if self.take_sign("?") {
            self.expression()?;
            self.expect(":")?;
            self.expression()?;
            return Ok(Value::Unknown);
        }
        Ok(value)
    }

    fn binary(&mut self, level: usize) -> Result<Value<'a>, Stop> {
        /// Operators from the loosest to the tightest.
        const LEVELS: [&[&str]; 10] = [
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
        ];
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(Token::Sign(sign)) = self.peek() {
            if !operators.contains(sign) {
                break;
            }
            let sign = *sign;
            self.at += 1;
            let right = self.binary(level + 1)?;
            left = self.combine(sign, &left, &right)?;
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
            self.fuel.spend(length)?;
            if length > MAX_TEXT {
                return Err(Stop);
            }
            return Ok(text_value(format!("{left}{right}")));
        }
        let (Some(a), Some(b)) = (left.number(), right.number()) else { return Ok(Value::Unknown) };
        Ok(Value::Number(match operator {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            "%" => a % b,
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
            Some(Token::Sign(sign @ ("+" | "-" | "~" | "!" | "++" | "--"))) => *sign,
            Some(Token::Word("typeof" | "void" | "await" | "new")) => "new",
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
            ("new", _) => value,
            _ => Value::Unknown,
        })
    }

    fn postfix(&mut self) -> Result<Value<'a>, Stop> {
        let mut value = self.primary()?;
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
                    value = match (&index, index.index()) {
                        // `document["write"](…)`
                        (Value::Text(name), None) if self.is_sign("(") => {
                            self.at += 1;
                            let arguments = self.arguments()?;
                            self.method(&value, name, &arguments)?
                        }
                        (Value::Text(name), None) => self.property(&value, name),
                        (_, Some(index)) => element(&value, index),
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
            items.push(self.expression()?);
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
            Token::Word("true") => Value::Number(1.0),
            Token::Word("false") => Value::Number(0.0),
            Token::Word("null" | "undefined" | "this") => Value::Unknown,
            Token::Word(word) => {
                let Some(value) = self.scripts.variables.get(word) else {
                    return Ok(Value::Path(word.into()));
                };
                let value = value.clone();
                if let Value::Array(items) = &value {
                    self.fuel.spend(items.len())?;
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
            Token::Sign("[") => Value::Array(self.list("]")?),
            // An object: what is in it is of no use here.
            Token::Sign("{") => {
                self.at = self.closing(self.at - 1).ok_or(Stop)? + 1;
                Value::Unknown
            }
            Token::Sign(_) => return Err(Stop),
        })
    }
}
