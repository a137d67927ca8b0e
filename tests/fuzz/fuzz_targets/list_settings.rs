//! What a person says about a source: a path into JSON or selectors into a page in the first line, the list behind it; and
//! a charset that was declared for it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proxydeck_fuzz::{first, reads_the_same};
use proxydeck_reader::{Format, Options, Selectors};

const CHARSETS: [&str; 6] = ["utf-8", "utf-16", "gbk", "shift_jis", "iso-2022-jp", "windows-1251"];

fuzz_target!(|data: &[u8]| {
    let (choice, rest) = first(data);
    let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    let Ok(setting) = std::str::from_utf8(&rest[..end]) else { return };
    let list = rest.get(end + 1..).unwrap_or_default();
    let mut options = Options { allow_private: true, ..Options::default() };
    match choice % 3 {
        0 => {
            let Ok(path) = setting.parse() else { return };
            options.json_path = Some(path);
            options.format = Some(Format::Json);
        }
        1 => {
            let mut parts = setting.split('|');
            let row = parts.next().unwrap_or_default();
            let Ok(selectors) = Selectors::parse(row, parts.next(), parts.next()) else { return };
            options.selectors = Some(selectors);
            options.format = Some(Format::Html);
        }
        _ => {
            options.charset = Some(CHARSETS[usize::from(choice / 3) % CHARSETS.len()].to_owned());
        }
    }
    reads_the_same(&options, list, choice);
});
