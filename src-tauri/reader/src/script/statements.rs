//! Statements in a row: declarations, assignments, conditions, and what is passed over because it is not understood. Loops
//! have a file of their own.

use super::fuel::Stop;
use super::machine::{CALLBACK_DEPTH, MAX_CALLBACKS, MAX_NESTING, Machine};
use super::members::CHANGING;
use super::tokens::{Token, continues, is_assignment};
use super::value::Value;

/// Where it goes on behind a statement.
pub(super) enum Flow<'a> {
    Next,
    Break,
    Continue,
    Return(Value<'a>),
}

/// How much had been done before a statement.
struct Done {
    written: usize,
    filled: usize,
    called: usize,
    parsed: usize,
}

impl<'a> Machine<'_, 'a, '_> {
    /// Works out statements up to the end.
    pub(super) fn statements(&mut self) {
        while self.at < self.tokens.len() {
            let start = self.at;
            if self.fuel.spend(0).is_err() {
                return;
            }
            let done = self.done();
            match self.statement() {
                Ok(Flow::Next) => {}
                // Out of the function that this is the body of.
                Ok(Flow::Return(_)) => return,
                Ok(Flow::Break | Flow::Continue) => {}
                Err(Stop) => {
                    // What a statement did before it broke off is not done.
                    self.undo(&done);
                    self.at = start;
                    self.skip_statement();
                    self.forget_outside_callbacks(start, self.at);
                }
            }
            if self.at == start {
                self.at += 1;
            }
        }
    }

    /// Works out the statements up to a place, each of which has to be understood.
    pub(super) fn block(&mut self, end: usize) -> Result<Flow<'a>, Stop> {
        if self.depth > MAX_NESTING {
            return Err(Stop);
        }
        let tokens = self.tokens;
        let was_strict = std::mem::replace(&mut self.is_strict, true);
        self.tokens = &tokens[..end.min(tokens.len())];
        self.depth += 1;
        let mut flow = Ok(Flow::Next);
        while self.at < self.tokens.len() {
            let start = self.at;
            flow = self.fuel.spend(0).and_then(|()| self.statement());
            if !matches!(flow, Ok(Flow::Next)) {
                break;
            }
            if self.at == start {
                flow = Err(Stop);
                break;
            }
        }
        self.depth -= 1;
        self.tokens = tokens;
        self.is_strict = was_strict;
        flow
    }

    fn done(&self) -> Done {
        Done {
            written: self.effects.written.len(),
            filled: self.effects.filled.len(),
            called: self.effects.unknown_calls.len(),
            parsed: self.effects.parsed.len(),
        }
    }

    fn undo(&mut self, done: &Done) {
        self.effects.written.truncate(done.written);
        self.effects.filled.truncate(done.filled);
        self.effects.unknown_calls.truncate(done.called);
        self.effects.parsed.truncate(done.parsed);
    }

    pub(super) fn statement(&mut self) -> Result<Flow<'a>, Stop> {
        match self.peek() {
            Some(Token::Sign(";" | "{" | "}" | ",")) => {
                self.at += 1;
                return Ok(Flow::Next);
            }
            Some(Token::Word("var" | "let" | "const")) => {
                self.at += 1;
                self.declaration()?;
                return Ok(Flow::Next);
            }
            Some(Token::Word("function")) => {
                self.function_declaration()?;
                return Ok(Flow::Next);
            }
            Some(Token::Word("if" | "for" | "while" | "do" | "switch" | "try")) => return self.compound(),
            Some(Token::Word("with" | "class" | "catch" | "else")) => {
                self.pass_over_block(false)?;
                return Ok(Flow::Next);
            }
            Some(Token::Word("return")) => {
                self.at += 1;
                let ends = match self.tokens.get(self.at) {
                    None => true,
                    Some(next) => next.begins_line || matches!(next.token, Token::Sign(";" | "}")),
                };
                return Ok(Flow::Return(if ends { Value::Unknown } else { self.expression()? }));
            }
            // Whether anything catches it is not looked for.
            Some(Token::Word("throw")) => {
                return if self.is_strict { Err(Stop) } else { Ok(Flow::Return(Value::Unknown)) };
            }
            Some(Token::Word(word @ ("break" | "continue"))) => {
                let flow = if *word == "break" { Flow::Break } else { Flow::Continue };
                self.at += 1;
                // One with a name goes further out.
                let has_name =
                    self.word().is_some() && self.tokens.get(self.at).is_some_and(|next| !next.begins_line);
                return if has_name { Err(Stop) } else { Ok(flow) };
            }
            Some(Token::Word("case")) => {
                self.at += 1;
                self.expression()?;
                self.expect(":")?;
                return Ok(Flow::Next);
            }
            Some(Token::Word("default")) => {
                self.at += 1;
                self.expect(":")?;
                return Ok(Flow::Next);
            }
            // The name of a loop.
            Some(Token::Word(_))
                if self.tokens.get(self.at + 1).is_some_and(|next| next.token == Token::Sign(":")) =>
            {
                self.at += 2;
                return Ok(Flow::Next);
            }
            Some(Token::Word("eval")) => {
                if let Some(script) = self.packed() {
                    self.run_more(&script)?;
                    return Ok(Flow::Next);
                }
            }
            _ => {}
        }
        self.assignment_or_expression()?;
        Ok(Flow::Next)
    }

    /// Works out a condition or a loop, or passes over it when it cannot be told how it goes.
    fn compound(&mut self) -> Result<Flow<'a>, Stop> {
        let start = self.at;
        let done = self.done();
        let flow = match self.word() {
            Some("if") => self.condition(),
            Some("switch") => self.switch(),
            Some("try") => self.attempt(),
            _ => {
                let floor = self.fuel.begin_loop();
                let flow = self.repeat();
                self.fuel.end_loop(floor);
                flow
            }
        };
        if let Ok(flow) = flow {
            return Ok(flow);
        }
        self.undo(&done);
        self.at = start;
        self.pass_over_block(self.word() == Some("if"))?;
        Ok(Flow::Next)
    }

    /// Works out `if (…) … else …` as far as its conditions are known.
    fn condition(&mut self) -> Result<Flow<'a>, Stop> {
        loop {
            self.at += 1;
            let truth = self.in_brackets()?.truth().ok_or(Stop)?;
            if truth {
                let flow = self.branch()?;
                while self.word() == Some("else") {
                    self.at += 1;
                    self.skip_branch()?;
                }
                return Ok(flow);
            }
            self.skip_branch()?;
            if self.word() != Some("else") {
                return Ok(Flow::Next);
            }
            self.at += 1;
            if self.word() != Some("if") {
                return self.branch();
            }
        }
    }

    /// Works out `switch (…) { case …: … }`.
    fn switch(&mut self) -> Result<Flow<'a>, Stop> {
        self.at += 1;
        let value = self.in_brackets()?;
        if !self.is_sign("{") {
            return Err(Stop);
        }
        let end = self.closing(self.at).ok_or(Stop)?;
        self.at += 1;
        let mut otherwise = None;
        let mut begin = None;
        while self.at < end && begin.is_none() {
            match self.peek() {
                Some(Token::Word("case")) => {
                    self.at += 1;
                    let wanted = self.expression()?;
                    self.expect(":")?;
                    if value.equals(&wanted, true).ok_or(Stop)? {
                        begin = Some(self.at);
                    }
                }
                Some(Token::Word("default")) => {
                    self.at += 1;
                    otherwise = Some(self.at);
                }
                Some(Token::Sign("(" | "[" | "{")) => self.at = self.closing(self.at).ok_or(Stop)? + 1,
                _ => self.at += 1,
            }
            self.fuel.spend(0)?;
        }
        let flow = match begin.or(otherwise) {
            None => Flow::Next,
            Some(begin) => {
                self.at = begin;
                // The sign behind `default`.
                self.take_sign(":");
                self.block(end)?
            }
        };
        self.at = end + 1;
        Ok(if matches!(flow, Flow::Break) { Flow::Next } else { flow })
    }

    /// Works out `try { … } catch (…) { … }` of which nothing fails.
    fn attempt(&mut self) -> Result<Flow<'a>, Stop> {
        self.at += 1;
        let flow = self.branch()?;
        while matches!(self.word(), Some("catch")) {
            self.at += 1;
            if self.is_sign("(") {
                self.at = self.closing(self.at).ok_or(Stop)? + 1;
            }
            let start = self.at;
            self.skip_branch()?;
            // Whether something that is not known has failed cannot be told.
            let does = |token: &Token<'_>| match token {
                Token::Sign(sign) => is_assignment(sign) || matches!(*sign, "++" | "--"),
                Token::Word(word) => {
                    matches!(*word, "write" | "writeln" | "html" | "text" | "return" | "eval")
                }
                _ => false,
            };
            if self.tokens[start..self.at].iter().any(|placed| does(&placed.token)) {
                return Err(Stop);
            }
        }
        if self.word() == Some("finally") {
            self.at += 1;
            self.branch()?;
        }
        Ok(flow)
    }

    /// Works out an expression in brackets, and goes on behind them.
    pub(super) fn in_brackets(&mut self) -> Result<Value<'a>, Stop> {
        self.expect("(")?;
        let mut value = self.expression()?;
        while self.take_sign(",") {
            value = self.expression()?;
        }
        self.expect(")")?;
        Ok(value)
    }

    /// Works out the statement, or the statements in braces, that stand behind a condition.
    pub(super) fn branch(&mut self) -> Result<Flow<'a>, Stop> {
        if self.is_sign("{") {
            let end = self.closing(self.at).ok_or(Stop)?;
            self.at += 1;
            let flow = self.block(end)?;
            self.at = end + 1;
            return Ok(flow);
        }
        if self.depth > MAX_NESTING {
            return Err(Stop);
        }
        let was_strict = std::mem::replace(&mut self.is_strict, true);
        self.depth += 1;
        let flow = self.statement();
        self.depth -= 1;
        self.is_strict = was_strict;
        self.take_sign(";");
        flow
    }

    /// Passes over the statement, or the statements in braces, that stand behind a condition.
    pub(super) fn skip_branch(&mut self) -> Result<(), Stop> {
        let mut conditions = 0_usize;
        let mut is_repeat = false;
        loop {
            self.fuel.spend(0)?;
            match self.peek() {
                Some(Token::Sign("{")) => self.at = self.closing(self.at).ok_or(Stop)? + 1,
                Some(Token::Word(word @ ("if" | "for" | "while" | "with" | "switch" | "catch"))) => {
                    conditions += usize::from(*word == "if");
                    self.at += 1;
                    if self.is_sign("(") {
                        self.at = self.closing(self.at).ok_or(Stop)? + 1;
                    }
                    continue;
                }
                Some(Token::Word(word @ ("try" | "do" | "else" | "finally"))) => {
                    is_repeat |= *word == "do";
                    self.at += 1;
                    continue;
                }
                _ => self.skip_simple()?,
            }
            match self.word() {
                Some("else") if conditions > 0 => conditions -= 1,
                Some("while") if is_repeat => {
                    self.at += 1;
                    self.at = self.closing(self.at).ok_or(Stop)? + 1;
                    self.take_sign(";");
                    return Ok(());
                }
                Some("catch" | "finally") => {}
                _ => return Ok(()),
            }
        }
    }

    /// Passes over a statement up to its semicolon, the end of its line or of what is around it.
    fn skip_simple(&mut self) -> Result<(), Stop> {
        let start = self.at;
        while let Some(placed) = self.tokens.get(self.at) {
            self.fuel.spend(0)?;
            let ends_line = self.at > start
                && placed.begins_line
                && !continues(&self.tokens[self.at - 1].token, &placed.token);
            match placed.token {
                _ if ends_line => return Ok(()),
                Token::Sign("(" | "[" | "{") => self.at = self.closing(self.at).ok_or(Stop)? + 1,
                Token::Sign(")" | "]" | "}") => return Ok(()),
                Token::Sign(";") => {
                    self.at += 1;
                    return Ok(());
                }
                _ => self.at += 1,
            }
        }
        Ok(())
    }

    /// Passes over what runs only under a condition or again and again. What it assigns is unknown from then on; where it
    /// may lead out of what is around it, everything is.
    fn pass_over_block(&mut self, is_condition: bool) -> Result<(), Stop> {
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
        let end = self.at.min(self.tokens.len());
        self.forget(start, end);
        let leads_out = |token: &Token<'_>| match token {
            Token::Word("return" | "throw") => true,
            Token::Word("break" | "continue") => is_condition,
            _ => false,
        };
        if self.is_strict && self.tokens[start..end].iter().any(|placed| leads_out(&placed.token)) {
            return Err(Stop);
        }
        Ok(())
    }

    /// Makes unknown what the words of a stretch assign.
    pub(super) fn forget(&mut self, start: usize, end: usize) {
        for at in start..end {
            self.forget_at(at);
        }
    }

    /// The same for a statement, of which functions without a name are done by themselves.
    fn forget_outside_callbacks(&mut self, start: usize, end: usize) {
        let back = self.at;
        let mut at = start;
        while at < end.min(self.tokens.len()) {
            self.at = at;
            if self.is_sign("{") && self.begins_callback() {
                at = self.closing(at).unwrap_or(end);
            } else {
                self.forget_at(at);
                at += 1;
            }
        }
        self.at = back;
    }

    /// Makes a variable unknown that is assigned, counted or changed at a place.
    fn forget_at(&mut self, at: usize) {
        let token = |at: Option<usize>| at.and_then(|at| self.tokens.get(at)).map(|placed| &placed.token);
        let sign = |at: Option<usize>| match token(at) {
            Some(Token::Sign(sign)) => *sign,
            _ => "",
        };
        let Some(Token::Word(name)) = token(Some(at)) else { return };
        let name = *name;
        let behind = sign(Some(at + 1));
        let is_changed = is_assignment(behind)
            || matches!(behind, "++" | "--")
            || matches!(sign(at.checked_sub(1)), "++" | "--")
            || (behind == "." && matches!(token(Some(at + 2)), Some(Token::Word(method)) if CHANGING.contains(method)))
            // Whether an element is read or assigned is not looked for.
            || match self.scripts.variables.get(name) {
                Some(Value::Array(_)) => behind == "[",
                Some(Value::Object(_)) => matches!(behind, "[" | "."),
                _ => false,
            };
        if is_changed && let Some(value) = self.scripts.variables.get_mut(name) {
            *value = Value::Unknown;
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
        let first = self.word();
        let target = self.expression()?;
        let changes = match self.peek() {
            Some(Token::Sign(sign)) => is_assignment(sign),
            _ => false,
        };
        if changes && !(self.is_sign("=") && matches!(target, Value::Element(_) | Value::Path(_))) {
            // A part of something is changed, which is not followed.
            if let Some(name) = first {
                self.forget_shared(name)?;
            }
            return Err(Stop);
        }
        if self.take_sign("=") {
            let value = self.expression()?;
            match (&target, value.text()) {
                // `document.getElementById("x").innerHTML = …`
                (Value::Element(selector), Some(text)) => self.effects.fill(selector, &text)?,
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
