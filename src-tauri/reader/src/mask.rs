//! The text of a refusal: short, readable, and without what may be a password.

use crate::{MAX_REFUSAL_TEXT, labels};

/// Makes the text of a refusal from a line.
pub(crate) fn text_of(line: &[u8]) -> String {
    // Masking looks at the whole of what could be shown, so the cut comes before it and again after it.
    let shown = &line[..line.len().min(MAX_REFUSAL_TEXT)];
    let mut text = String::with_capacity(shown.len());
    let lossy = String::from_utf8_lossy(shown);
    // A character that the cut went through is left out rather than shown as broken.
    let lossy = if line.len() > shown.len() { lossy.trim_end_matches('\u{fffd}') } else { &*lossy };
    for (index, word) in lossy.split_inclusive(char::is_whitespace).enumerate() {
        let bare = word.trim_end();
        // `type host port user password` of proxychains.
        let behind_account = index == 4
            && lossy.split_whitespace().next().is_some_and(|w| labels::scheme(w.as_bytes()).is_some());
        if behind_account {
            text.push('…');
        } else {
            mask_word(bare, &mut text);
        }
        text.push_str(&word[bare.len()..]);
    }
    cut_secret_field(&mut text);
    let mut end = text.len().min(MAX_REFUSAL_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// Writes a word, with the account in it hidden.
fn mask_word(word: &str, to: &mut String) {
    let (scheme, rest) = word.split_once("://").map_or(("", word), |(scheme, rest)| (scheme, rest));
    if !scheme.is_empty() {
        to.push_str(scheme);
        to.push_str("://");
    }
    if let Some((left, right)) = rest.rsplit_once('@') {
        if !scheme.is_empty() && labels::scheme(scheme.as_bytes()).is_none() {
            // What other protocols put there is a secret as a whole.
            to.extend(["…@", right]);
        } else if is_endpoint(right) {
            mask_password(left, to);
            to.extend(["@", right]);
        } else {
            // `host:port@user:password`, and whatever else cannot be told apart from it.
            let (left, right) = rest.split_once('@').unwrap_or((left, right));
            if is_endpoint(left) {
                to.push_str(left);
            } else {
                mask_password(left, to);
            }
            to.push('@');
            mask_password(right, to);
        }
        return;
    }
    let mut fields = rest.splitn(4, ':');
    if let (Some(a), Some(b), Some(c), Some(d)) = (fields.next(), fields.next(), fields.next(), fields.next())
    {
        let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_port(b) && !c.is_empty() {
            to.extend([a, ":", b, ":", c, ":…"]);
            return;
        }
        if is_port(d) && !b.is_empty() {
            to.extend([a, ":…:", c, ":", d]);
            return;
        }
    }
    to.push_str(rest);
}

/// Whether a text begins with `host:port`, the host being an address or having a dot.
fn is_endpoint(text: &str) -> bool {
    let host_end = text.find(']').or_else(|| text.find(':'));
    host_end.is_some_and(|end| {
        let (host, rest) = text.split_at(end);
        let rest = rest.trim_start_matches(']');
        host.contains(['.', '[']) && rest.len() > 1 && rest.as_bytes()[1].is_ascii_digit()
    })
}

/// Writes `user:…`, whatever stands behind the first colon.
fn mask_password(account: &str, to: &mut String) {
    match account.split_once(':') {
        Some((user, _)) => to.extend([user, ":…"]),
        None => to.push_str(account),
    }
}

/// The beginnings of names of fields that hold a secret, in small letters, beside `pass`.
const SECRET_NAMES: [&str; 6] = ["pwd", "secret", "senha", "contrase", "kennwort", "parola"];

/// The same beyond ASCII, as they are written.
const SECRET_NAMES_ELSEWHERE: [&str; 8] =
    ["пароль", "Пароль", "密码", "密碼", "口令", "パスワード", "비밀번호", "şifre"];

/// Cuts the text behind the name of a field that holds a secret, as in `"password": "…"`.
fn cut_secret_field(text: &mut String) {
    let lower = text.to_ascii_lowercase();
    // `pass` alone is a part of many words and of many user names.
    let is_name = |at: &usize| {
        matches!(
            lower[at + "pass".len()..].chars().next(),
            Some('w' | 'e' | '"' | '\'' | ':' | '=' | ' ' | '：' | '＝')
        )
    };
    let pass = lower.match_indices("pass").map(|(at, _)| at).find(is_name);
    let others = SECRET_NAMES.iter().filter_map(|name| lower.find(name));
    let elsewhere: &[&str] = if lower.is_ascii() { &[] } else { &SECRET_NAMES_ELSEWHERE };
    let elsewhere = elsewhere.iter().filter_map(|name| lower.find(name));
    let Some(name) = pass.into_iter().chain(others).chain(elsewhere).min() else { return };
    let is_divider = |(_, c): &(usize, char)| matches!(c, ':' | '=' | '：' | '＝');
    if let Some((divider, sign)) = text[name..].char_indices().find(is_divider) {
        text.truncate(name + divider + sign.len_utf8());
        text.push('…');
    }
}
