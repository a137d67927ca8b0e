//! The regular expressions that are understood. There is no engine for the others: they are unknown.

/// A regular expression that is one set of characters: `/-/g`, `/[^0-9.]/g`, `/\D+/g`. Others are not worked out.
pub(super) struct Pattern {
    characters: Vec<(char, char)>,
    is_negated: bool,
    pub(super) is_global: bool,
    pub(super) repeats: bool,
}

impl Pattern {
    pub(super) fn of(regex: &str) -> Option<Self> {
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

    pub(super) fn matches(&self, c: char) -> bool {
        self.characters.iter().any(|(from, to)| (*from..=*to).contains(&c)) != self.is_negated
    }
}
