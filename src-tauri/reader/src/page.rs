//! Whether what came instead of a list is the page of an error, of a login, or a riddle. The status that it came with is
//! not asked: many come with 200.

use crate::Page;
use crate::json;
use crate::literal;
use crate::value::Value;

/// The most text of a page that is looked at for words that only riddles have.
const MAX_BODY: usize = 64 * 1024;

/// The longest answer in text that is a message rather than a list.
const MAX_MESSAGE: usize = 1024;

/// Words that only the pages of tests and riddles have: in a heading.
const CHALLENGE_HEADINGS: [&str; 22] = [
    "just a moment",
    "attention required",
    "checking your browser",
    "security check",
    "are you a robot",
    "are you human",
    "verify you are human",
    "human verification",
    "robot check",
    "ddos-guard",
    "ddos protection",
    "captcha",
    "one more step",
    "access to this page has been denied",
    "please wait",
    "pardon our interruption",
    "安全验证",
    "人机验证",
    "验证码",
    "滑动验证",
    "проверка браузера",
    "вы не робот",
];

/// The same in the scripts and attributes of such pages.
const CHALLENGE_MARKS: [&str; 14] = [
    "cf-challenge",
    "challenge-platform",
    "cf_chl_",
    "_cf_chl",
    "g-recaptcha",
    "h-captcha",
    "cf-turnstile",
    "turnstile/v0",
    "hcaptcha.com/1",
    "recaptcha/api",
    "aliyun_waf",
    "tencentcaptcha",
    "incapsula_resource",
    "ddos-guard",
];

/// Headings of errors.
const ERROR_HEADINGS: [&str; 34] = [
    "not found",
    "page not found",
    "forbidden",
    "access denied",
    "unauthorized",
    "bad request",
    "bad gateway",
    "service unavailable",
    "temporarily unavailable",
    "gateway timeout",
    "gateway time-out",
    "internal server error",
    "too many requests",
    "rate limit",
    "error occurred",
    "account suspended",
    "site suspended",
    "under maintenance",
    "maintenance mode",
    "web server is down",
    "connection timed out",
    "origin is unreachable",
    "host error",
    "direct ip access not allowed",
    "domain is for sale",
    "domain for sale",
    "parked",
    "no longer available",
    "页面不存在",
    "找不到",
    "访问被拒绝",
    "страница не найдена",
    "доступ запрещ",
    "página no encontrada",
];

/// Headings of pages to log in.
const LOGIN_HEADINGS: [&str; 16] = [
    "log in",
    "login",
    "sign in",
    "signin",
    "log on",
    "authentication required",
    "captive portal",
    "wi-fi login",
    "wifi login",
    "hotspot",
    "登录",
    "登入",
    "用户登录",
    "вход",
    "авторизация",
    "iniciar sesión",
];

/// What a page says of itself.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    headings: String,
    body: String,
    has_password: bool,
    has_challenge: bool,
}

impl Marks {
    /// Takes a tag.
    pub(crate) fn tag<'t>(&mut self, name: &str, attribute: impl Fn(&str) -> Option<&'t str>) {
        if name == "input" {
            self.has_password |= attribute("type").is_some_and(|kind| kind.eq_ignore_ascii_case("password"));
        }
        for wanted in ["id", "class", "src", "action"] {
            if let Some(value) = attribute(wanted) {
                self.has_challenge |= has_challenge_mark(value);
            }
        }
    }

    /// Takes the text of a title or of a large heading.
    pub(crate) fn heading(&mut self, text: &str) {
        if self.headings.len() < MAX_MESSAGE {
            self.headings.push_str(&text.trim().to_lowercase());
            self.headings.push('\n');
        }
    }

    /// Takes a script.
    pub(crate) fn script(&mut self, text: &str) {
        let mut end = text.len().min(MAX_BODY);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.has_challenge |= has_challenge_mark(&text[..end]);
    }

    /// Takes text.
    pub(crate) fn text(&mut self, text: &str) {
        let text = text.trim();
        if !text.is_empty() && self.body.len() + text.len() < MAX_BODY {
            self.body.push_str(text);
            self.body.push('\n');
        }
    }

    /// What the page is, as far as its marks tell: it may still be a list with such a mark.
    pub(crate) fn page(&self) -> Option<Page> {
        let says = |words: &[&str]| words.iter().any(|word| self.headings.contains(word));
        if says(&CHALLENGE_HEADINGS) || self.has_challenge {
            Some(Page::Challenge)
        } else if says(&ERROR_HEADINGS) || names_status(&self.headings) {
            Some(Page::Error)
        } else if self.has_password || says(&LOGIN_HEADINGS) {
            Some(Page::Login)
        } else {
            None
        }
    }

    /// What a page is that brought nothing and has no mark in its headings.
    pub(crate) fn weak_page(&self) -> Option<Page> {
        if self.body.len() <= MAX_MESSAGE { of_message(&self.body) } else { None }
    }
}

fn has_challenge_mark(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    CHALLENGE_MARKS.iter().any(|mark| lower.contains(mark))
}

/// Whether a heading names the status of an error: `404`, `Error 1003`, `HTTP 503`.
fn names_status(headings: &str) -> bool {
    headings.lines().any(|heading| {
        let mut words = heading.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let first = words.next().unwrap_or_default();
        let is_status = |word: &str| {
            word.len() == 3 && word.starts_with(['4', '5']) && word.bytes().all(|b| b.is_ascii_digit())
        };
        is_status(first)
            || (matches!(first, "error" | "http" | "ошибка" | "错误" | "錯誤")
                && words
                    .next()
                    .is_some_and(|word| word.bytes().all(|b| b.is_ascii_digit()) && word.len() <= 4))
    })
}

/// What a short answer in text is: `404: Not Found`.
pub(crate) fn of_text(bytes: &[u8]) -> Option<Page> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.lines().filter(|line| !line.trim().is_empty()).count() > 8 { None } else { of_message(text) }
}

fn of_message(text: &str) -> Option<Page> {
    const ERRORS: [&str; 24] = [
        "404: not found",
        "404 not found",
        "not found",
        "403 forbidden",
        "forbidden",
        "access denied",
        "too many requests",
        "rate limit",
        "rate-limit",
        "error code:",
        "unauthorized",
        "service unavailable",
        "internal server error",
        "bad gateway",
        "gateway time",
        "no such",
        "does not exist",
        "invalid api key",
        "api key",
        "quota",
        "temporarily unavailable",
        "bad request",
        "请求过于频繁",
        "访问过于频繁",
    ];
    let lower = text.trim().to_lowercase();
    if lower.is_empty() || lower.len() > MAX_MESSAGE {
        return None;
    }
    if CHALLENGE_HEADINGS.iter().any(|word| lower.contains(word)) {
        return Some(Page::Challenge);
    }
    let is_short = lower.lines().count() <= 2;
    (ERRORS.iter().any(|word| lower.contains(word)) || (is_short && names_status(&lower)))
        .then_some(Page::Error)
}

/// What a document of JSON is that brought nothing: `{"error": …}`, `{"message": "API rate limit exceeded"}`.
pub(crate) fn of_json(text: &str) -> Option<Page> {
    let parsed = literal::parse(json::head(text));
    let whole;
    let members = match &parsed.value {
        Value::Object(members) if parsed.end == literal::End::Whole => members,
        _ => {
            whole = serde_json::from_str::<Value<'_>>(text).ok()?;
            match &whole {
                Value::Object(members) => members,
                _ => return None,
            }
        }
    };
    let is_error = members.iter().any(|(name, value)| {
        let text = value.scalar().unwrap_or_default().to_lowercase();
        let says_well =
            ["", "false", "0", "ok", "success", "200", "true", "成功", "null"].contains(&text.as_str());
        match name.to_ascii_lowercase().as_str() {
            "error" | "errors" | "err" | "exception" | "error_message" | "errormessage"
            | "error_description" => match value {
                Value::Array(items) => !items.is_empty(),
                Value::Object(members) => !members.is_empty(),
                Value::Null => false,
                _ => !says_well,
            },
            "message" | "msg" | "detail" | "details" | "reason" => {
                !says_well && (members.len() <= 4 || of_message(&text).is_some())
            }
            "status" | "code" | "statuscode" | "status_code" | "errcode" => match value {
                Value::Whole(code) => (400..600).contains(code),
                _ => matches!(text.as_str(), "error" | "fail" | "failed" | "failure"),
            },
            "success" | "ok" => matches!(value, Value::Bool(false)),
            _ => false,
        }
    });
    is_error.then_some(Page::Error)
}

/// What XML is that brought nothing: `<Error><Code>NoSuchKey</Code>`.
pub(crate) fn of_xml(text: &str) -> Option<Page> {
    let head = json::head(text).to_lowercase();
    (head.contains("<error") || of_message(&head).is_some_and(|page| page == Page::Error))
        .then_some(Page::Error)
}
