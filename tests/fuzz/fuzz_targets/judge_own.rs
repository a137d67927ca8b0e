//! Answers of judges of the shape `own`: any bytes, and the right answer in which any bytes were changed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proxydeck_fuzz::judged;
use proxydeck_wire::Shape;
use proxydeck_wire::judge::fuzzing::Bench;

static BENCH: LazyLock<Bench> =
    LazyLock::new(|| Bench::new(Shape::Own).expect("the judge's own answer is understood"));

fuzz_target!(|data: &[u8]| {
    let bench = &*BENCH;
    let answer = proxydeck_fuzz::answer(bench, data);
    let read = judged(bench, Shape::Own, &answer);
    let Some(read) = read else { return };
    // Every byte of it can be foretold, so what was read must give the same bytes again. Those that are no UTF-8 are shown
    // in a way that does not.
    let lossy =
        read.headers.iter().any(|(name, value)| name.contains('\u{fffd}') || value.contains('\u{fffd}'));
    assert!(
        lossy || bench.written(&read).iter().any(|written| written.as_bytes() == answer),
        "taken for right though it is not what the judge writes"
    );
});
