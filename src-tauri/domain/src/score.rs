//! The quality score, always with its parts.

use serde::Serialize;

use crate::Anonymity;

/// The latency at which nothing is left of that part of the score, in milliseconds.
pub const LATENCY_CEILING_MS: f64 = 5000.0;
/// The days since the last success after which nothing is left of the stability part.
pub const STABILITY_DAYS: f64 = 7.0;

const SUCCESS_WEIGHT: f64 = 0.4;
const LATENCY_WEIGHT: f64 = 0.3;
const STABILITY_WEIGHT: f64 = 0.2;
const ANONYMITY_WEIGHT: f64 = 0.1;

/// What a score is made from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreInput {
    /// Share of the checks of the last 30 days that succeeded, 0 to 1.
    pub success_rate: f64,
    /// Latency in milliseconds; none when the last check failed.
    pub latency_ms: Option<u32>,
    /// Whole days since the last success; none if it never succeeded.
    pub days_since_success: Option<u32>,
    /// The level that was found.
    pub anonymity: Anonymity,
}

/// A score from 0 to 1 and the parts that add up to it, each already weighted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Score {
    /// The sum, rounded to two places.
    pub total: f64,
    /// Of 0.4.
    pub success: f64,
    /// Of 0.3.
    pub latency: f64,
    /// Of 0.2.
    pub stability: f64,
    /// Of 0.1.
    pub anonymity: f64,
}

impl Score {
    /// Adds the parts up.
    #[must_use]
    pub fn of(input: ScoreInput) -> Self {
        let success = SUCCESS_WEIGHT * input.success_rate.clamp(0.0, 1.0);
        let latency = input
            .latency_ms
            .map_or(0.0, |ms| LATENCY_WEIGHT * (1.0 - f64::from(ms) / LATENCY_CEILING_MS).max(0.0));
        let stability = input
            .days_since_success
            .map_or(0.0, |days| STABILITY_WEIGHT * (1.0 - f64::from(days) / STABILITY_DAYS).max(0.0));
        let anonymity = ANONYMITY_WEIGHT
            * match input.anonymity {
                Anonymity::Elite => 1.0,
                Anonymity::Anonymous => 0.8,
                Anonymity::Transparent => 0.6,
                Anonymity::Unknown => 0.5,
            };
        let total = ((success + latency + stability + anonymity) * 100.0).round() / 100.0;
        Self { total, success, latency, stability, anonymity }
    }
}
