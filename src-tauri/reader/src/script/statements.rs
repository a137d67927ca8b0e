//! Statements in a row: declarations, assignments, and what is passed over because it runs under a condition, again and
//! again, or is not understood. There are no loops.

use super::fuel::Stop;
use super::machine::{CALLBACK_DEPTH, MAX_CALLBACKS, Machine};
use super::tokens::{Placed, Token, continues, is_assignment};
use super::value::Value;

impl<'a> Machine<'_, 'a, '_> {
    /// Works out statements up to the end.
    pub(super) fn statements(&mut self) {
        while self.at < self.tokens.len() {
            let start = self.at;
            if self.fuel.spend(0).is_err() {
                return;
            }
            let (written, filled) = (self.effects.written.len(), self.effects.filled.len());
            let (called, parsed) = (self.effects.unknown_calls.len(), self.effects.parsed.len());
            if self.statement().is_err() {
                // What a statement did before it broke off is not done.
                self.effects.written.truncate(written);
                self.effects.filled.truncate(filled);
                self.effects.unknown_calls.truncate(called);
                self.effects.parsed.truncate(parsed);
                self.at = start;
                self.skip_statement();
            }
            if self.at == start {
                self.at += 1;
            }
        }
    }

    pub(super) fn statement(&mut self) -> Result<(), Stop> {
        match self.peek() {
            Some(Token::Sign(";" | "{" | "}" | ",")) => {
                self.at += 1;
                return Ok(());
            }
            Some(Token::Word("var" | "let" | "const")) => {
                self.at += 1;
                return self.declaration();
            }
            Some(Token::Word("function")) => return self.function_declaration(),
            Some(Token::Word(
                "if" | "for" | "while" | "switch" | "try" | "do" | "with" | "class" | "catch" | "else",
            )) => {
                self.pass_over_block();
                return Ok(());
            }
            Some(Token::Word("eval")) => {
                if let Some(script) = self.packed() {
                    return self.run_more(&script);
                }
            }
            _ => {}
        }
        self.assignment_or_expression()
    }

    /// Passes over what runs only under a condition or again and again. What it assigns is unknown from then on.
    fn pass_over_block(&mut self) {
        let start = self.at;
        self.at += 1;
        if self.is_sign("(") {
            self.at = self.closing(self.at).map_or(self.tokens.len(), |end| end + 1);
        }
        if self.is_sign("{") {
            self.at = self.closing(self.at).map_or(self.tokens.len(), |end| end + 1);
        } else {
            while self.at < self.tokens.len() && !self.is_sign(";") {
                match self.peek() {
                    Some(Token::Sign("(" | "[" | "{")) => {
                        self.at = self.closing(self.at).map_or(self.tokens.len(), |end| end + 1);
                    }
                    _ => self.at += 1,
                }
            }
        }
        for pair in self.tokens[start..self.at.min(self.tokens.len())].windows(2) {
            if let [Placed { token: Token::Word(name), .. }, Placed { token: Token::Sign(sign), .. }] = pair
                && (is_assignment(sign) || matches!(*sign, "++" | "--"))
                && let Some(value) = self.scripts.variables.get_mut(*name)
            {
                *value = Value::Unknown;
            }
        }
    }

    /// Passes over a statement that is not understood, but for the functions in it that run by themselves.
    fn skip_statement(&mut self) {
        let mut depth = 0_usize;
        let start = self.at;
        while let Some(placed) = self.tokens.get(self.at) {
            if self.at > start
                && depth == 0
                && placed.begins_line
                && !continues(&self.tokens[self.at - 1].token, &placed.token)
            {
                return;
            }
            match placed.token {
                Token::Sign("{") if self.begins_callback() => {
                    let Some(end) = self.closing(self.at) else {
                        self.at = self.tokens.len();
                        return;
                    };
                    if self.depth < MAX_CALLBACKS * CALLBACK_DEPTH {
                        let body = &self.tokens[self.at + 1..end];
                        self.scripts.run_tokens(body, self.fuel, self.effects, self.depth + CALLBACK_DEPTH);
                    }
                    self.at = end;
                }
                Token::Sign("(" | "[" | "{") => depth += 1,
                Token::Sign(")" | "]" | "}") => {
                    if depth == 0 {
                        return;
                    }
                    depth -= 1;
                }
                Token::Sign(";") if depth == 0 => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Whether the brace that opens here is the body of a function without a name.
    fn begins_callback(&self) -> bool {
        let before =
            |back: usize| self.at.checked_sub(back).and_then(|at| self.tokens.get(at)).map(|p| &p.token);
        if before(1) == Some(&Token::Sign("=>")) {
            return true;
        }
        if before(1) != Some(&Token::Sign(")")) {
            return false;
        }
        // Callbacks have few parameters.
        (2..12).find_map(|back| match before(back) {
            Some(Token::Sign("(")) => Some(before(back + 1) == Some(&Token::Word("function"))),
            Some(Token::Word(_) | Token::Sign(",")) => None,
            _ => Some(false),
        }) == Some(true)
    }

    pub(super) fn declaration(&mut self) -> Result<(), Stop> {
        loop {
            let name = self.word().ok_or(Stop)?;
            self.at += 1;
            if self.take_sign("=") {
                let start = self.at;
                let value = self.expression();
                if value.is_err() {
                    self.set(name, Value::Unknown);
                    self.at = start;
                    return Err(Stop);
                }
                self.set(name, value?);
            }
            if !self.take_sign(",") {
                return Ok(());
            }
        }
    }

    fn function_declaration(&mut self) -> Result<(), Stop> {
        self.at += 1;
        let Some(name) = self.word() else {
            self.at -= 1;
            return self.assignment_or_expression();
        };
        self.at += 1;
        let function = self.function_rest()?;
        self.set(name, function);
        Ok(())
    }

    fn assignment_or_expression(&mut self) -> Result<(), Stop> {
        if let Some(name) = self.word()
            && let Some(Token::Sign(sign)) = self.tokens.get(self.at + 1).map(|p| &p.token)
            && is_assignment(sign)
        {
            self.at += 2;
            let start = self.at;
            let result = self.expression();
            let Ok(value) = result else {
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
            self.set(name, value);
            return Ok(());
        }
        let target = self.expression()?;
        if self.take_sign("=") {
            let value = self.expression()?;
            match (&target, value.text()) {
                // `document.getElementById("x").innerHTML = …`
                (Value::Element(selector), Some(text)) => {
                    self.effects.filled.push((selector.to_string(), text.into_owned()));
                }
                (Value::Path(path), _) => {
                    let name = path.rsplit('.').next().unwrap_or_default().to_owned();
                    // `window.onload = function () { … }`
                    if name.starts_with("on") {
                        self.call_back(std::slice::from_ref(&value));
                    }
                    if path.starts_with("window.") || path.starts_with("self.") {
                        self.set(&name, value);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
