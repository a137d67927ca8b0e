//! Where a proxy stands after its checks.

use serde::{Deserialize, Serialize};

/// How many failures in a row make a proxy *failed*, unless the user says otherwise.
pub const FAILED_AFTER: u32 = 3;

/// Where a proxy stands. *Checking* is no status: it lives beside it while a check is in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Status {
    /// Never checked.
    #[default]
    New = 0,
    /// Its last check succeeded.
    Active = 1,
    /// Its last check failed.
    Inactive = 2,
    /// It failed several times in a row and is checked more and more seldom.
    Failed = 3,
    /// It failed for longer than the retention and is out of the way.
    Retired = 4,
}

impl Status {
    /// Every status, the best first.
    pub const ALL: [Self; 5] = [Self::Active, Self::New, Self::Inactive, Self::Failed, Self::Retired];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Failed => "failed",
            Self::Retired => "retired",
        }
    }

    /// The status that was kept under this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|s| *s as u8 == number)
    }
}

/// A status and what it was reached by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The status.
    pub status: Status,
    /// Failures since the last success.
    pub failures: u32,
}

impl Standing {
    /// Where a proxy stands after one more check. A retired one comes back only by succeeding.
    #[must_use]
    pub const fn after(self, success: bool, failed_after: u32) -> Self {
        if success {
            return Self { status: Status::Active, failures: 0 };
        }
        let failures = self.failures.saturating_add(1);
        let status = if matches!(self.status, Status::Retired) {
            Status::Retired
        } else if failures >= failed_after {
            Status::Failed
        } else {
            Status::Inactive
        };
        Self { status, failures }
    }
}
