//! Answers of judges of the shape `httpbin`: any bytes, and the right answer in which any bytes were changed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proxydeck_fuzz::judged;
use proxydeck_wire::Shape;
use proxydeck_wire::judge::fuzzing::Bench;

static BENCH: LazyLock<Bench> =
    LazyLock::new(|| Bench::new(Shape::Httpbin).expect("the judge's own answer is understood"));

fuzz_target!(|data: &[u8]| {
    let bench = &*BENCH;
    let answer = proxydeck_fuzz::answer(bench, data);
    let _ = judged(bench, Shape::Httpbin, &answer);
});
