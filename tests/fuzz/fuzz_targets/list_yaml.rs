//! YAML: any bytes that are said to be a list of that format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proxydeck_fuzz::{first, reads_the_same};
use proxydeck_reader::{Format, Options};

fuzz_target!(|data: &[u8]| {
    let (length, bytes) = first(data);
    let options = Options { allow_private: true, format: Some(Format::Yaml), ..Options::default() };
    reads_the_same(&options, bytes, length);
});
