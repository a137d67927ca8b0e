//! What simple scripts of pages come to: sums, exclusive ors and texts put together by which ports and addresses are
//! hidden. No script is run: assignments in a row and calls of a closed set of functions are worked out, with fuel that
//! is used up by every step and every byte made. There are no loops, no conditions, no objects of a browser. Whatever is
//! not known makes everything that depends on it unknown, and what is unknown shows nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use percent_encoding::percent_decode_str;

use crate::encoded;
use crate::literal;
use crate::packed;

/// The longest script that is worked out. Those that hide ports have a few kilobytes; libraries in a page have more.
const MAX_SCRIPT: usize = 512 * 1024;

/// The longest text that a script may make: a hidden list at most.
const MAX_TEXT: usize = 256 * 1024;

/// How many elements an array may have.
const MAX_ARRAY: usize = 16 * 1024;

/// How deep expressions, calls and callbacks may be nested.
const MAX_NESTING: usize = 24;

/// How many variables are kept.
const MAX_VARIABLES: usize = 16 * 1024;

/// Fuel for a script beside what its length gives.
const BASE_FUEL: u64 = 200_000;

/// Fuel for each byte of a script. Real ones take less than ten.
const FUEL_PER_BYTE: u64 = 32;

/// What a call costs beside the words of the function.
const CALL_COST: usize = 16;

/// How much may still be worked out.
pub(crate) struct Fuel(u64);

impl Fuel {
    /// The fuel for this many bytes of scripts.
    pub(crate) const fn for_script(bytes: usize) -> Self {
        Self(BASE_FUEL + FUEL_PER_BYTE * bytes as u64)
    }

    fn spend(&mut self, work: usize) -> Result<(), Stop> {
        let cost = 1 + work as u64;
        if self.0 < cost {
            self.0 = 0;
            return Err(Stop);
        }
        self.0 -= cost;
        Ok(())
    }
}

/// Something that is no expression of the kind that is worked out, or an end of the fuel.
#[derive(Debug)]
pub(crate) struct Stop;

/// What scripts can ask of the page around them: attributes.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The value of the first attribute of a name.
    pub(crate) attributes: HashMap<String, String>,
    /// The attributes of elements with an id.
    pub(crate) by_id: HashMap<String, Vec<(String, String)>>,
}

/// What a script does that can be seen.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// What it writes where it stands.
    pub(crate) written: String,
    /// What it puts into elements: a selector and a text.
    pub(crate) filled: Vec<(String, String)>,
    /// Calls of functions that are not known, with their one text.
    pub(crate) unknown_calls: Vec<(String, String)>,
    /// Texts that it reads as JSON.
    pub(crate) parsed: Vec<String>,
    /// What it returns outside of its functions.
    returned: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'a> {
    Number(f64),
    Text(Rc<str>),
    Regex(&'a str),
    Word(&'a str),
    Sign(&'static str),
}

#[derive(Clone, Debug)]
struct Placed<'a> {
    token: Token<'a>,
    /// Whether a new line begins in front of it.
    begins_line: bool,
}

/// Signs, the longer ones first.
const SIGNS: [&str; 54] = [
    ">>>=", "===", "!==", ">>>", "<<=", ">>=", "**=", "...", "=>", "==", "!=", "<=", ">=", "&&", "||", "??",
    "?.", "+=", "-=", "*=", "/=", "%=", "^=", "|=", "&=", "++", "--", "<<", ">>", "**", "(", ")", "[", "]",
    "{", "}", ";", ",", ".", "+", "-", "*", "/", "%", "^", "|", "&", "~", "!", "=", "<", ">", "?", ":",
];

/// Divides a script into its words and signs. What is no script ends where it stops to be one.
fn tokens(script: &str) -> Vec<Placed<'_>> {
    let mut found: Vec<Placed<'_>> = Vec::new();
    let bytes = script.as_bytes();
    let (mut at, mut begins_line) = (0, true);
    while let Some(&byte) = bytes.get(at) {
        let rest = &script[at..];
        if byte.is_ascii_whitespace() {
            begins_line |= byte == b'\n';
            at += 1;
            continue;
        }
        // A comment of HTML hides a script from browsers of the last century.
        if rest.starts_with("//") || rest.starts_with("<!--") || rest.starts_with("-->") {
            at += memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            continue;
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            at += comment.find("*/").map_or(rest.len(), |end| end + 4);
            continue;
        }
        let (token, length) = match byte {
            b'"' | b'\'' | b'`' => {
                let (text, used, closed) = literal::unescape(&rest[1..], byte);
                if !closed || (byte == b'`' && text.contains("${")) {
                    return found;
                }
                (Token::Text(text.into()), used + 1)
            }
            b'0'..=b'9' => number(rest),
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => number(rest),
            b'/' if !ends_value(found.last()) => match regex(rest) {
                Some(length) => (Token::Regex(&rest[..length]), length),
                None => (Token::Sign("/"), 1),
            },
            b if is_word_byte(b) => {
                let length = rest.bytes().take_while(|b| is_word_byte(*b) || b.is_ascii_digit()).count();
                (Token::Word(&rest[..length]), length)
            }
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (Token::Sign(sign), sign.len()),
                None => {
                    at += rest.chars().next().map_or(1, char::len_utf8);
                    continue;
                }
            },
        };
        found.push(Placed { token, begins_line });
        begins_line = false;
        at += length;
    }
    found
}

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

/// Whether a value ends here, so that a slash divides.
fn ends_value(before: Option<&Placed<'_>>) -> bool {
    match before.map(|placed| &placed.token) {
        Some(Token::Number(_) | Token::Text(_) | Token::Regex(_)) => true,
        Some(Token::Word(word)) => !matches!(*word, "return" | "typeof" | "case"),
        Some(Token::Sign(sign)) => matches!(*sign, ")" | "]" | "}"),
        None => false,
    }
}

/// The length of a regular expression with its flags.
fn regex(rest: &str) -> Option<usize> {
    let (mut escaped, mut in_class) = (false, false);
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            b'\n' => return None,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class => {
                let flags = rest[at + 1..].bytes().take_while(u8::is_ascii_alphabetic).count();
                return Some(at + 1 + flags);
            }
            _ => {}
        }
    }
    None
}

fn number<'a>(rest: &'a str) -> (Token<'a>, usize) {
    let radix = match rest.get(..2) {
        Some("0x" | "0X") => 16,
        Some("0o" | "0O") => 8,
        Some("0b" | "0B") => 2,
        _ => 10,
    };
    if radix != 10 {
        let length = rest[2..].bytes().take_while(u8::is_ascii_alphanumeric).count();
        let value = u64::from_str_radix(&rest[2..2 + length], radix);
        #[allow(clippy::cast_precision_loss, reason = "numbers of scripts are of this kind")]
        let value = value.map_or(f64::NAN, |value| value as f64);
        return (Token::Number(value), 2 + length);
    }
    let mut length = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    if rest.as_bytes().get(length).is_some_and(|b| matches!(b, b'e' | b'E')) {
        let sign = usize::from(rest.as_bytes().get(length + 1).is_some_and(|b| matches!(b, b'+' | b'-')));
        let digits = rest[length + 1 + sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            length += 1 + sign + digits;
        }
    }
    let digits = &rest[..length];
    // A leading zero makes it octal to some.
    let is_octal = digits.len() > 1 && digits.starts_with('0') && !digits.contains('.');
    (Token::Number(if is_octal { f64::NAN } else { digits.parse().unwrap_or(f64::NAN) }), length)
}

/// A value of a script.
#[derive(Clone, Debug)]
enum Value<'a> {
    Unknown,
    Number(f64),
    Text(Rc<str>),
    Array(Vec<Self>),
    Regex(&'a str),
    /// Something that a script did not define: `document.write`.
    Path(Rc<str>),
    Function(Rc<Function<'a>>),
    /// What a selector finds.
    Element(Rc<str>),
}

#[derive(Debug)]
struct Function<'a> {
    parameters: Vec<&'a str>,
    body: Rc<[Placed<'a>]>,
    /// Whether the body is an expression.
    is_expression: bool,
}

impl Value<'_> {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) if number.is_finite() => Cow::Owned(number_text(*number)),
            Self::Array(items) => {
                let texts: Option<Vec<_>> = items.iter().map(Self::text).collect();
                Cow::Owned(texts?.join(","))
            }
            _ => return None,
        })
    }

    fn number(&self) -> Option<f64> {
        let number = match self {
            Self::Number(number) => *number,
            Self::Text(_) | Self::Array(_) => {
                let text = self.text()?;
                let text = text.trim();
                match text.strip_prefix("0x") {
                    Some(hex) => f64::from(u32::from_str_radix(hex, 16).ok()?),
                    None if text.is_empty() => 0.0,
                    None => text.parse().ok()?,
                }
            }
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    fn index(&self) -> Option<i64> {
        let number = self.number()?;
        #[allow(clippy::cast_possible_truncation, reason = "it was seen to fit")]
        (number.abs() < 1e9).then_some(number as i64)
    }
}

/// A number as a script writes it.
fn number_text(number: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "it was seen to fit")]
    if number.fract() == 0.0 && number.abs() < 1e15 {
        (number as i64).to_string()
    } else {
        number.to_string()
    }
}

fn text_value<'a>(text: impl Into<Rc<str>>) -> Value<'a> {
    Value::Text(text.into())
}

/// The 32 bits by which scripts shift and combine.
fn bits(number: f64) -> i32 {
    let wrapped = number.trunc().rem_euclid(4_294_967_296.0);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was brought into the range"
    )]
    let whole = wrapped as u32;
    whole.cast_signed()
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
        let mut machine = Machine { scripts: self, tokens, at: 0, fuel, effects, depth };
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

struct Machine<'m, 'a, 'p> {
    scripts: &'m mut Scripts<'a, 'p>,
    tokens: &'m [Placed<'a>],
    at: usize,
    fuel: &'m mut Fuel,
    effects: &'m mut Effects,
    depth: usize,
}

impl<'a> Machine<'_, 'a, '_> {
    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.at).map(|placed| &placed.token)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let is_it = self.is_sign(sign);
        self.at += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, sign: &str) -> Result<(), Stop> {
        if self.take_sign(sign) { Ok(()) } else { Err(Stop) }
    }

    fn word(&self) -> Option<&'a str> {
        if let Some(Token::Word(word)) = self.peek() { Some(word) } else { None }
    }

    /// Where the bracket that opens here is closed.
    fn closing(&mut self, open: usize) -> Option<usize> {
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

    /// Works out statements up to the end.
    fn statements(&mut self) {
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

    fn statement(&mut self) -> Result<(), Stop> {
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

    /// Works out a script that another one made.
    fn run_more(&mut self, script: &str) -> Result<(), Stop> {
        self.fuel.spend(script.len())?;
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
        inner.run_tokens(&tokens, self.fuel, self.effects, self.depth + CALLBACK_DEPTH);
        let made: Vec<_> = inner
            .variables
            .iter()
            .filter_map(|(name, value)| Some((Rc::clone(name), value.to_owned_value()?)))
            .collect();
        for (name, value) in made {
            self.scripts.variables.insert(name, value);
        }
        Ok(())
    }

    /// Unpacks `eval(function(p,a,c,k,e,d){…}('…',62,86,'…'.split('|'),0,{}))`.
    fn packed(&mut self) -> Option<String> {
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

    fn declaration(&mut self) -> Result<(), Stop> {
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

    fn set(&mut self, name: &str, value: Value<'a>) {
        if let Some(slot) = self.scripts.variables.get_mut(name) {
            *slot = value;
        } else if self.scripts.variables.len() < MAX_VARIABLES {
            self.scripts.variables.insert(name.into(), value);
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

    /// Reads the parameters and the body of a function.
    fn function_rest(&mut self) -> Result<Value<'a>, Stop> {
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
        let function = Function { parameters, body: body.into(), is_expression: false };
        self.at = body_end + 1;
        Ok(Value::Function(Rc::new(function)))
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

    fn expression(&mut self) -> Result<Value<'a>, Stop> {
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

    fn combine(&mut self, operator: &str, left: &Value<'a>, right: &Value<'a>) -> Result<Value<'a>, Stop> {
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
    fn arguments(&mut self) -> Result<Vec<Value<'a>>, Stop> {
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

    /// Reads `x => …` and `(x, y) => …`, if one stands here.
    fn arrow(&mut self) -> Result<Option<Value<'a>>, Stop> {
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
        Ok(Some(Value::Function(Rc::new(Function { parameters, body: tokens.into(), is_expression: true }))))
    }

    fn property(&mut self, value: &Value<'a>, name: &str) -> Value<'a> {
        #[allow(clippy::cast_precision_loss, reason = "lengths are small")]
        match value {
            Value::Text(text) if name == "length" => Value::Number(text.chars().count() as f64),
            Value::Array(items) if name == "length" => Value::Number(items.len() as f64),
            Value::Path(path) => {
                if let Some(known) = path.strip_prefix("window").filter(|rest| rest.is_empty())
                    && let Some(value) = self.scripts.variables.get(name)
                {
                    let _ = known;
                    return value.clone();
                }
                if path.len() + name.len() > MAX_PATH {
                    return Value::Unknown;
                }
                Value::Path(format!("{path}.{name}").into())
            }
            Value::Element(selector) => match name {
                "innerHTML" | "innerText" | "textContent" => Value::Element(Rc::clone(selector)),
                "dataset" => Value::Element(format!("{selector}{DATASET}").into()),
                "value" => self.attribute(selector, "value"),
                _ => match selector.strip_suffix(DATASET) {
                    Some(selector) => {
                        let mut attribute = "data-".to_owned();
                        for c in name.chars() {
                            if c.is_ascii_uppercase() {
                                attribute.push('-');
                            }
                            attribute.push(c.to_ascii_lowercase());
                        }
                        self.attribute(selector, &attribute)
                    }
                    None => Value::Unknown,
                },
            },
            _ => Value::Unknown,
        }
    }

    /// The attribute of the element that a selector finds.
    fn attribute(&self, selector: &str, name: &str) -> Value<'a> {
        let page = self.scripts.page;
        let found = if let Some(id) = selector.strip_prefix('#') {
            page.by_id
                .get(id)
                .and_then(|attributes| attributes.iter().find(|(n, _)| n == name))
                .map(|(_, value)| value)
        } else {
            let inner =
                selector.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']')).unwrap_or_default();
            page.attributes.get(name).filter(|_| inner == name)
        };
        found.map_or(Value::Unknown, |value| text_value(value.as_str()))
    }

    fn call(&mut self, callee: &Value<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>, Stop> {
        self.fuel.spend(0)?;
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
    fn apply(&mut self, function: &Function<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>, Stop> {
        if self.depth > MAX_NESTING {
            return Err(Stop);
        }
        self.fuel.spend(CALL_COST + function.body.len())?;
        // Variables of a function end with it.
        let mut shadowed: Vec<(Rc<str>, Option<Value<'a>>)> = Vec::new();
        let mut local = |name: &str, value: Value<'a>, variables: &mut HashMap<Rc<str>, Value<'a>>| {
            let name: Rc<str> = name.into();
            shadowed.push((Rc::clone(&name), variables.insert(name, value)));
        };
        for (index, parameter) in function.parameters.iter().enumerate() {
            let value = arguments.get(index).cloned().unwrap_or(Value::Unknown);
            local(parameter, value, &mut self.scripts.variables);
        }
        local("arguments", Value::Array(arguments.to_vec()), &mut self.scripts.variables);
        let mut inner = Machine {
            scripts: self.scripts,
            tokens: &function.body,
            at: 0,
            fuel: self.fuel,
            effects: self.effects,
            depth: self.depth + CALLBACK_DEPTH,
        };
        let result = if function.is_expression { inner.expression() } else { inner.body() };
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
    fn call_back(&mut self, arguments: &[Value<'a>]) {
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

    /// Works out the body of a function up to what it returns: statements in a row and nothing else.
    fn body(&mut self) -> Result<Value<'a>, Stop> {
        while let Some(token) = self.peek() {
            match token {
                Token::Word("return") => {
                    self.at += 1;
                    return self.expression();
                }
                Token::Word("if" | "for" | "while" | "switch" | "try" | "do") => return Err(Stop),
                _ => {
                    let before = self.at;
                    self.statement()?;
                    if self.at == before {
                        return Err(Stop);
                    }
                }
            }
        }
        Ok(Value::Unknown)
    }

    /// The functions that every script knows, and those by which pages decode.
    fn known(&mut self, path: &str, arguments: &[Value<'a>]) -> Result<Value<'a>, Stop> {
        let path = path.strip_prefix("window.").or_else(|| path.strip_prefix("self.")).unwrap_or(path);
        let last = path.rsplit('.').next().unwrap_or(path);
        let first = arguments.first().cloned().unwrap_or(Value::Unknown);
        let text = first.text().map(Cow::into_owned);
        let length = text.as_ref().map_or(0, String::len);
        self.fuel.spend(length)?;
        let of_text = |made: Option<String>| made.map_or(Value::Unknown, text_value);
        if path.starts_with("Math.") {
            return Ok(math(last, arguments));
        }
        Ok(match last {
            "write" | "writeln" if path.starts_with("document.") => {
                let texts: Option<Vec<_>> = arguments.iter().map(Value::text).collect();
                if let Some(texts) = texts {
                    for text in texts {
                        if self.effects.written.len() + text.len() > MAX_TEXT {
                            return Err(Stop);
                        }
                        self.effects.written.push_str(&text);
                    }
                }
                Value::Unknown
            }
            "atob" | "b64decode" | "base64_decode" | "base64Decode" | "decode64" | "b64_decode"
            | "decodeBase64" => of_text(text.and_then(|text| from_base64(&text))),
            "decode" if path.to_ascii_lowercase().contains("base64") => {
                of_text(text.and_then(|text| from_base64(&text)))
            }
            "unescape" | "decodeURIComponent" | "decodeURI" => of_text(text.map(|text| unescaped(&text))),
            "escape" | "encodeURIComponent" => match text {
                Some(text)
                    if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) =>
                {
                    text_value(text)
                }
                _ => Value::Unknown,
            },
            "str_rot13" | "rot13" | "Rot13" | "ROT13" => of_text(text.map(|text| rot13(&text))),
            "strrev" | "str_reverse" | "reverseString" => {
                of_text(text.map(|text| text.chars().rev().collect()))
            }
            "parseInt" => {
                parse_int(&text.unwrap_or_default(), arguments.get(1).and_then(Value::index).unwrap_or(0))
            }
            "parseFloat" | "Number" => first.number().map_or(Value::Unknown, Value::Number),
            // A family of pages writes its ports so.
            "hexdec" | "hex2dec" => parse_int(&text.unwrap_or_default(), 16),
            "dep" if path == "gp.dep" => parse_int(&text.unwrap_or_default(), 16),
            "String" => of_text(text),
            "Array" => Value::Array(arguments.to_vec()),
            "fromCharCode" | "fromCodePoint" => {
                let characters: Option<String> = arguments
                    .iter()
                    .map(|a| a.index().and_then(|code| u32::try_from(code).ok()).and_then(char::from_u32))
                    .collect();
                of_text(characters)
            }
            "querySelector" | "$" | "jQuery" => match text {
                Some(selector) if selector.len() <= MAX_PATH => Value::Element(selector.into()),
                _ => {
                    self.call_back(arguments);
                    first
                }
            },
            "getElementById" => match text {
                Some(id) if id.len() <= MAX_PATH => Value::Element(format!("#{id}").into()),
                _ => Value::Unknown,
            },
            "eval" => {
                if let Some(script) = text {
                    self.run_more(&script)?;
                }
                Value::Unknown
            }
            "parse" if path == "JSON.parse" => {
                self.effects.parsed.extend(text);
                Value::Unknown
            }
            _ => {
                if let ([Value::Text(only)], true) = (arguments, path.len() <= MAX_PATH) {
                    self.effects.unknown_calls.push((path.to_owned(), only.to_string()));
                }
                self.call_back(arguments);
                Value::Unknown
            }
        })
    }

    #[allow(clippy::cast_precision_loss, reason = "lengths are small")]
    fn method(&mut self, value: &Value<'a>, name: &str, arguments: &[Value<'a>]) -> Result<Value<'a>, Stop> {
        let first = arguments.first();
        match value {
            Value::Path(path) => {
                if path.len() + name.len() > MAX_PATH {
                    return Ok(Value::Unknown);
                }
                if &**path == "window"
                    && let Some(Value::Function(function)) = self.scripts.variables.get(name).cloned()
                {
                    return self.apply(&function, arguments);
                }
                let path = format!("{path}.{name}");
                self.known(&path, arguments)
            }
            Value::Element(selector) => {
                let argument = first.and_then(Value::text);
                Ok(match (name, argument) {
                    ("html" | "text" | "append" | "val", Some(text)) => {
                        self.fuel.spend(text.len())?;
                        self.effects.filled.push((selector.to_string(), text.into_owned()));
                        Value::Element(Rc::clone(selector))
                    }
                    ("getAttribute" | "attr" | "prop", Some(attribute)) => {
                        self.attribute(selector, &attribute)
                    }
                    ("data", Some(attribute)) => self.attribute(selector, &format!("data-{attribute}")),
                    ("val", None) => self.attribute(selector, "value"),
                    _ => {
                        self.call_back(arguments);
                        Value::Unknown
                    }
                })
            }
            Value::Array(items) => self.array_method(items, name, arguments),
            Value::Text(_) | Value::Number(_) => {
                if name == "toString"
                    && let (Value::Number(number), Some(radix)) = (value, first.and_then(Value::index))
                {
                    return Ok(to_radix(*number, radix));
                }
                let Some(text) = value.text().map(Cow::into_owned) else { return Ok(Value::Unknown) };
                self.fuel.spend(text.len())?;
                self.text_method(&text, name, arguments)
            }
            Value::Unknown => {
                self.call_back(arguments);
                Ok(Value::Unknown)
            }
            Value::Function(function) if matches!(name, "call" | "apply") => {
                let function = Rc::clone(function);
                self.apply(&function, arguments.get(1..).unwrap_or_default())
            }
            _ => Ok(Value::Unknown),
        }
    }

    fn array_method(
        &mut self,
        items: &[Value<'a>],
        name: &str,
        arguments: &[Value<'a>],
    ) -> Result<Value<'a>, Stop> {
        self.fuel.spend(items.len())?;
        Ok(match (name, arguments.first()) {
            ("reverse" | "toReversed", _) => Value::Array(items.iter().rev().cloned().collect()),
            ("join", separator) => {
                let separator = match separator {
                    None => Cow::Borrowed(","),
                    Some(separator) => separator.text().ok_or(Stop)?,
                };
                let texts: Option<Vec<_>> = items.iter().map(Value::text).collect();
                let Some(texts) = texts else { return Ok(Value::Unknown) };
                let length: usize = texts.iter().map(|text| text.len() + separator.len()).sum();
                self.fuel.spend(length)?;
                if length > MAX_TEXT {
                    return Err(Stop);
                }
                text_value(texts.join(&separator))
            }
            ("map", Some(Value::Function(function))) => {
                let function = Rc::clone(function);
                let mapped: Result<Vec<_>, Stop> =
                    items.iter().map(|item| self.apply(&function, std::slice::from_ref(item))).collect();
                Value::Array(mapped?)
            }
            ("map", Some(Value::Path(path))) => {
                let path = Rc::clone(path);
                let mapped: Result<Vec<_>, Stop> =
                    items.iter().map(|item| self.known(&path, std::slice::from_ref(item))).collect();
                Value::Array(mapped?)
            }
            ("slice", from) => {
                let (start, end) = range(from, arguments.get(1), items.len());
                Value::Array(items[start..end].to_vec())
            }
            ("concat", _) => {
                let mut all = items.to_vec();
                for argument in arguments {
                    match argument {
                        Value::Array(more) => all.extend_from_slice(more),
                        other => all.push(other.clone()),
                    }
                }
                self.fuel.spend(all.len())?;
                if all.len() > MAX_ARRAY {
                    return Err(Stop);
                }
                Value::Array(all)
            }
            ("toString", None) => {
                Value::Array(items.to_vec()).text().map_or(Value::Unknown, |t| text_value(t.as_ref()))
            }
            ("at", Some(index)) => index.index().map_or(Value::Unknown, |index| {
                let length = i64::try_from(items.len()).unwrap_or(0);
                element(&Value::Array(items.to_vec()), if index < 0 { length + index } else { index })
            }),
            _ => Value::Unknown,
        })
    }

    #[allow(clippy::cast_precision_loss, reason = "lengths are small")]
    fn text_method(&mut self, text: &str, name: &str, arguments: &[Value<'a>]) -> Result<Value<'a>, Stop> {
        let first = arguments.first();
        let characters = || text.chars().collect::<Vec<char>>();
        let part = |start: usize, end: usize| {
            text_value(characters()[start.min(end)..end].iter().collect::<String>())
        };
        let length = text.chars().count();
        let limited =
            |index: Option<i64>| usize::try_from(index.unwrap_or(0).max(0)).unwrap_or(0).min(length);
        Ok(match (name, first) {
            ("split", Some(separator)) => {
                let pieces: Vec<Value<'a>> = match separator {
                    Value::Text(separator) if separator.is_empty() => {
                        text.chars().map(|c| text_value(c.to_string())).collect()
                    }
                    Value::Text(separator) => text.split(&**separator).map(text_value).collect(),
                    Value::Regex(regex) => match Pattern::of(regex) {
                        Some(pattern) => text.split(|c| pattern.matches(c)).map(text_value).collect(),
                        None => return Ok(Value::Unknown),
                    },
                    _ => return Ok(Value::Unknown),
                };
                if pieces.len() > MAX_ARRAY {
                    return Err(Stop);
                }
                Value::Array(pieces)
            }
            ("concat", _) => {
                let mut all = text.to_owned();
                for argument in arguments {
                    let Some(more) = argument.text() else { return Ok(Value::Unknown) };
                    self.fuel.spend(more.len())?;
                    if all.len() + more.len() > MAX_TEXT {
                        return Err(Stop);
                    }
                    all.push_str(&more);
                }
                text_value(all)
            }
            ("charAt" | "at", index) => element(&text_value(text), index.and_then(Value::index).unwrap_or(0)),
            ("charCodeAt" | "codePointAt", index) => {
                let index = limited(index.and_then(Value::index));
                text.chars().nth(index).map_or(Value::Unknown, |c| Value::Number(f64::from(u32::from(c))))
            }
            ("substr", Some(start)) => {
                let start = start.index().ok_or(Stop)?;
                let from = if start < 0 {
                    length.saturating_sub(limited(Some(-start)))
                } else {
                    limited(Some(start))
                };
                let count = arguments.get(1).and_then(Value::index);
                part(from, count.map_or(length, |count| (from + limited(Some(count))).min(length)))
            }
            ("substring", Some(start)) => {
                let (a, b) =
                    (limited(start.index()), arguments.get(1).map_or(length, |end| limited(end.index())));
                part(a.min(b), a.max(b))
            }
            ("slice", from) => {
                let (start, end) = range(from, arguments.get(1), length);
                part(start, end)
            }
            ("replace" | "replaceAll", Some(pattern)) => {
                self.replace(text, name, pattern, arguments.get(1))?
            }
            ("trim" | "trimStart" | "trimEnd", None) => text_value(text.trim()),
            ("toString" | "valueOf", None) => text_value(text),
            ("toLowerCase", None) => text_value(text.to_lowercase()),
            ("toUpperCase", None) => text_value(text.to_uppercase()),
            ("repeat", Some(count)) => {
                let count = usize::try_from(count.index().ok_or(Stop)?).map_err(|_| Stop)?;
                if text.len().saturating_mul(count) > MAX_TEXT {
                    return Err(Stop);
                }
                self.fuel.spend(text.len() * count)?;
                text_value(text.repeat(count))
            }
            ("indexOf", Some(Value::Text(wanted))) => {
                Value::Number(text.find(&**wanted).map_or(-1.0, |at| text[..at].chars().count() as f64))
            }
            _ => Value::Unknown,
        })
    }

    fn replace(
        &mut self,
        text: &str,
        name: &str,
        pattern: &Value<'a>,
        by: Option<&Value<'a>>,
    ) -> Result<Value<'a>, Stop> {
        match (pattern, by) {
            (Value::Text(wanted), Some(Value::Text(by))) if !wanted.is_empty() && !by.contains('$') => {
                let made = if name == "replaceAll" {
                    text.replace(&**wanted, by)
                } else {
                    text.replacen(&**wanted, by, 1)
                };
                self.fuel.spend(made.len())?;
                if made.len() > MAX_TEXT {
                    return Err(Stop);
                }
                Ok(text_value(made))
            }
            (Value::Regex(regex), Some(Value::Text(by))) if !by.contains('$') => {
                let Some(pattern) = Pattern::of(regex) else { return Ok(Value::Unknown) };
                let mut made = String::new();
                let (mut replaced, mut in_run) = (false, false);
                for c in text.chars() {
                    let is_hit =
                        pattern.matches(c) && (pattern.is_global || !replaced || (in_run && pattern.repeats));
                    if is_hit && !(in_run && pattern.repeats) {
                        made.push_str(by);
                        self.fuel.spend(by.len())?;
                    } else if !is_hit {
                        made.push(c);
                    }
                    replaced |= is_hit;
                    in_run = is_hit;
                    if made.len() > MAX_TEXT {
                        return Err(Stop);
                    }
                }
                Ok(text_value(made))
            }
            // `s.replace(/\\x([0-9A-Fa-f]{2})/g, function () { … })`: the escapes of a text that was escaped twice.
            (Value::Regex(regex), Some(Value::Function(_))) if regex.starts_with(r"/\\x(") => {
                let (made, _, _) = literal::unescape(text, 0);
                Ok(text_value(made))
            }
            // The usual line that turns letters by thirteen.
            (
                Value::Regex("/[a-zA-Z]/g" | "/[A-Za-z]/g" | "/[a-z]/gi" | "/[A-Z]/gi"),
                Some(Value::Function(function)),
            ) => {
                let has = |number: f64| function.body.iter().any(|p| p.token == Token::Number(number));
                Ok(if has(13.0) && (has(26.0) || has(90.0) || has(122.0)) {
                    text_value(rot13(text))
                } else {
                    Value::Unknown
                })
            }
            _ => Ok(Value::Unknown),
        }
    }
}

/// How many scripts may come out of one another.
const MAX_UNPACKING: usize = 3;

/// How deep callbacks are looked into, and how much each adds to what is nested.
const MAX_CALLBACKS: usize = 4;
const CALLBACK_DEPTH: usize = 4;

/// The longest path or selector that a script may name.
const MAX_PATH: usize = 256;

/// What is put behind the selector of an element when its data are asked for.
const DATASET: &str = "\u{0}dataset";

impl Value<'_> {
    /// The value without what it borrows from its script; none for functions.
    fn to_owned_value<'b>(&self) -> Option<Value<'b>> {
        Some(match self {
            Self::Unknown => Value::Unknown,
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(Rc::clone(text)),
            Self::Array(items) => {
                Value::Array(items.iter().map(Self::to_owned_value).collect::<Option<_>>()?)
            }
            Self::Regex(_) | Self::Path(_) | Self::Function(_) | Self::Element(_) => return None,
        })
    }
}

fn is_assignment(sign: &str) -> bool {
    matches!(sign, "=" | "+=" | "-=" | "*=" | "/=" | "%=" | "^=" | "|=" | "&=" | "<<=" | ">>=" | ">>>=")
}

/// Whether a statement goes on between two words, the second of which begins a line.
fn continues(before: &Token<'_>, after: &Token<'_>) -> bool {
    let opens = matches!(before, Token::Sign(sign) if !matches!(*sign, ")" | "]" | "}" | "++" | "--"));
    let goes_on =
        matches!(after, Token::Sign(sign) if !matches!(*sign, "(" | "[" | "{" | "++" | "--" | "!" | "~"));
    opens || goes_on
}

fn element<'a>(value: &Value<'a>, index: i64) -> Value<'a> {
    let Ok(index) = usize::try_from(index) else { return Value::Unknown };
    match value {
        Value::Array(items) => items.get(index).cloned().unwrap_or(Value::Unknown),
        Value::Text(text) => text.chars().nth(index).map_or(Value::Unknown, |c| text_value(c.to_string())),
        _ => Value::Unknown,
    }
}

/// The range that `slice` takes, whose ends may be counted from behind.
fn range(start: Option<&Value<'_>>, end: Option<&Value<'_>>, length: usize) -> (usize, usize) {
    let place = |value: Option<&Value<'_>>, default: usize| {
        let Some(index) = value.and_then(Value::index) else { return default };
        let size = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
        if index < 0 { length.saturating_sub(size) } else { size.min(length) }
    };
    let (start, end) = (place(start, 0), place(end, length));
    (start, end.max(start))
}

fn math<'a>(name: &str, arguments: &[Value<'_>]) -> Value<'a> {
    let numbers: Option<Vec<f64>> = arguments.iter().map(Value::number).collect();
    let made = match (name, numbers.as_deref()) {
        ("floor", Some([a])) => a.floor(),
        ("ceil", Some([a])) => a.ceil(),
        ("round", Some([a])) => (a + 0.5).floor(),
        ("trunc", Some([a])) => a.trunc(),
        ("abs", Some([a])) => a.abs(),
        ("sqrt", Some([a])) => a.sqrt(),
        ("pow", Some([a, b])) => a.powf(*b),
        ("max", Some([a, rest @ ..])) => rest.iter().fold(*a, |x, y| x.max(*y)),
        ("min", Some([a, rest @ ..])) => rest.iter().fold(*a, |x, y| x.min(*y)),
        _ => return Value::Unknown,
    };
    Value::Number(made)
}

fn parse_int<'a>(text: &str, radix: i64) -> Value<'a> {
    let text = text.trim();
    let (text, radix) = match (text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")), radix) {
        (Some(hex), 0 | 16) => (hex, 16),
        (_, 0) => (text, 10),
        (_, radix) => (text, radix),
    };
    let Some(radix) = u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix)) else {
        return Value::Unknown;
    };
    let digits = text.chars().take_while(|c| c.is_digit(radix)).count();
    #[allow(clippy::cast_precision_loss, reason = "what does not fit is no port")]
    i64::from_str_radix(&text[..digits], radix).map_or(Value::Unknown, |number| Value::Number(number as f64))
}

fn to_radix<'a>(number: f64, radix: i64) -> Value<'a> {
    let (Some(radix), true) = (
        u32::try_from(radix).ok().filter(|r| (2..=36).contains(r)),
        number.fract() == 0.0 && (0.0..1e15).contains(&number),
    ) else {
        return Value::Unknown;
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was seen to fit")]
    let mut rest = number as u64;
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(rest % u64::from(radix)).unwrap_or(0);
        digits.push(char::from_digit(digit, radix).unwrap_or('0'));
        rest /= u64::from(radix);
        if rest == 0 {
            return text_value(digits.iter().rev().collect::<String>());
        }
    }
}

/// Decodes base64 as scripts do: each byte is a character.
fn from_base64(text: &str) -> Option<String> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let bytes = encoded::decode(&digits)?;
    if bytes.len() > MAX_TEXT {
        return None;
    }
    Some(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => error.as_bytes().iter().map(|b| char::from(*b)).collect(),
    })
}

/// Decodes percent signs, and the form `%u0041` of scripts.
pub(crate) fn unescaped(text: &str) -> String {
    if text.contains("%u") {
        let escaped = text.replace("%u", "\\u");
        let (made, _, _) = literal::unescape(&escaped, 0);
        return percent_decode_str(&made).decode_utf8_lossy().into_owned();
    }
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Turns letters by thirteen.
pub(crate) fn rot13(text: &str) -> String {
    let turn = |c: char, first: u8| char::from((u8::try_from(c).unwrap_or(first) - first + 13) % 26 + first);
    text.chars()
        .map(|c| match c {
            'a'..='z' => turn(c, b'a'),
            'A'..='Z' => turn(c, b'A'),
            _ => c,
        })
        .collect()
}

/// A regular expression that is one set of characters: `/-/g`, `/[^0-9.]/g`, `/\D+/g`. Others are not worked out.
struct Pattern {
    characters: Vec<(char, char)>,
    is_negated: bool,
    is_global: bool,
    repeats: bool,
}

impl Pattern {
    fn of(regex: &str) -> Option<Self> {
        let (body, flags) = regex.strip_prefix('/')?.rsplit_once('/')?;
        let (body, repeats) =
            body.strip_suffix('+').map_or((body, false), |body| (body, !body.ends_with('\\')));
        let mut pattern =
            Self { characters: Vec::new(), is_negated: false, is_global: flags.contains('g'), repeats };
        let inner = match body.strip_prefix('[') {
            Some(rest) => {
                let rest = rest.strip_suffix(']')?;
                rest.strip_prefix('^').map_or(rest, |rest| {
                    pattern.is_negated = true;
                    rest
                })
            }
            None => body,
        };
        let in_class = body.starts_with('[');
        let mut rest = inner.chars().peekable();
        let mut count = 0;
        while let Some(c) = rest.next() {
            count += 1;
            let single = match c {
                '\\' => match rest.next()? {
                    'd' => {
                        pattern.characters.push(('0', '9'));
                        continue;
                    }
                    's' => {
                        pattern.characters.extend([(' ', ' '), ('\t', '\r'), ('\u{a0}', '\u{a0}')]);
                        continue;
                    }
                    'w' => {
                        pattern.characters.extend([('0', '9'), ('a', 'z'), ('A', 'Z'), ('_', '_')]);
                        continue;
                    }
                    'D' if !in_class => {
                        pattern.is_negated = true;
                        pattern.characters.push(('0', '9'));
                        continue;
                    }
                    other if !other.is_alphanumeric() => other,
                    _ => return None,
                },
                '.' | '*' | '?' | '(' | ')' | '|' | '^' | '$' | '{' | '[' if !in_class => return None,
                c => c,
            };
            if in_class && rest.peek() == Some(&'-') {
                rest.next();
                match rest.next() {
                    Some(end) => pattern.characters.push((single, end)),
                    None => pattern.characters.extend([(single, single), ('-', '-')]),
                }
            } else {
                pattern.characters.push((single, single));
            }
        }
        (in_class || count == 1).then_some(pattern)
    }

    fn matches(&self, c: char) -> bool {
        self.characters.iter().any(|(from, to)| (*from..=*to).contains(&c)) != self.is_negated
    }
}
