//! What scripts do with numbers: the functions of `Math`, bits, and digits in any radix.

use super::value::{Value, text_value};

/// A number as a script writes it.
pub(super) fn number_text(number: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "it was seen to fit")]
    if number.fract() == 0.0 && number.abs() < 1e15 {
        (number as i64).to_string()
    } else {
        number.to_string()
    }
}

/// The 32 bits by which scripts shift and combine.
pub(super) fn bits(number: f64) -> i32 {
    let wrapped = number.trunc().rem_euclid(4_294_967_296.0);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was brought into the range"
    )]
    let whole = wrapped as u32;
    whole.cast_signed()
}

pub(super) fn math<'a>(name: &str, arguments: &[Value<'_>]) -> Value<'a> {
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

pub(super) fn parse_int<'a>(text: &str, radix: i64) -> Value<'a> {
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

pub(super) fn to_radix<'a>(number: f64, radix: i64) -> Value<'a> {
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
