//! The quality score: its parts, its bounds, and that getting better never costs.

use proptest::prelude::*;
use proxydeck_domain::{Anonymity, Score, ScoreInput};

fn input() -> impl Strategy<Value = ScoreInput> {
    (
        0.0..=1.0,
        prop::option::of(0_u32..12_000),
        prop::option::of(0_u32..20),
        prop::sample::select(Anonymity::ALL.to_vec()),
    )
        .prop_map(|(success_rate, latency_ms, days_since_success, anonymity)| ScoreInput {
            success_rate,
            latency_ms,
            days_since_success,
            anonymity,
        })
}

/// None is the worst of both: the last check failed, or none ever succeeded.
fn lower(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[test]
fn the_score_is_what_the_formula_says() {
    let best = ScoreInput {
        success_rate: 1.0,
        latency_ms: Some(0),
        days_since_success: Some(0),
        anonymity: Anonymity::Elite,
    };
    for (input, total, why) in [
        (best, 1.0, "all of every part"),
        (ScoreInput { success_rate: 0.5, ..best }, 0.8, "half of 0.4"),
        (ScoreInput { latency_ms: Some(2500), ..best }, 0.85, "half of 0.3"),
        (ScoreInput { latency_ms: Some(5000), ..best }, 0.7, "5000 ms leave nothing of 0.3"),
        (ScoreInput { latency_ms: Some(u32::MAX), ..best }, 0.7, "and more takes nothing away"),
        (ScoreInput { latency_ms: None, ..best }, 0.7, "the last check failed"),
        (ScoreInput { days_since_success: Some(7), ..best }, 0.8, "seven days leave nothing of 0.2"),
        (ScoreInput { days_since_success: Some(1), ..best }, 0.97, "six sevenths of 0.2, rounded"),
        (ScoreInput { days_since_success: None, ..best }, 0.8, "it never succeeded"),
        (ScoreInput { anonymity: Anonymity::Anonymous, ..best }, 0.98, "0.8 of 0.1"),
        (ScoreInput { anonymity: Anonymity::Transparent, ..best }, 0.96, "0.6 of 0.1"),
        (ScoreInput { anonymity: Anonymity::Unknown, ..best }, 0.95, "0.5 of 0.1"),
    ] {
        let score = Score::of(input);
        assert!((score.total - total).abs() < 1e-9, "{why}: {} is not {total}", score.total);
    }
}

proptest! {
    #[test]
    fn the_score_lies_between_nothing_and_one_and_has_two_places(input in input()) {
        let total = Score::of(input).total;
        prop_assert!((0.0..=1.0).contains(&total), "{total}");
        prop_assert!(((total * 100.0).round() / 100.0 - total).abs() < 1e-9, "{total} has more than two places");
    }

    #[test]
    fn the_parts_add_up_to_the_total_within_its_rounding(input in input()) {
        let score = Score::of(input);
        let sum = score.success + score.latency + score.stability + score.anonymity;
        prop_assert!((sum - score.total).abs() <= 0.005 + 1e-9, "{sum} against {}", score.total);
        for (part, most) in
            [(score.success, 0.4), (score.latency, 0.3), (score.stability, 0.2), (score.anonymity, 0.1)]
        {
            prop_assert!((0.0..=most + 1e-9).contains(&part), "{part} of {most}");
        }
    }

    #[test]
    fn the_score_never_falls_when_one_input_gets_better(worse in input(), other in input()) {
        let before = Score::of(worse).total;
        let rank = |anonymity| match anonymity {
            Anonymity::Unknown => 0,
            Anonymity::Transparent => 1,
            Anonymity::Anonymous => 2,
            Anonymity::Elite => 3,
        };
        for better in [
            ScoreInput { success_rate: worse.success_rate.max(other.success_rate), ..worse },
            ScoreInput { latency_ms: lower(worse.latency_ms, other.latency_ms), ..worse },
            ScoreInput {
                days_since_success: lower(worse.days_since_success, other.days_since_success),
                ..worse
            },
            ScoreInput {
                anonymity: [worse.anonymity, other.anonymity].into_iter().max_by_key(|a| rank(*a)).unwrap(),
                ..worse
            },
        ] {
            prop_assert!(Score::of(better).total >= before, "{better:?} scores less than {worse:?}");
        }
    }
}
