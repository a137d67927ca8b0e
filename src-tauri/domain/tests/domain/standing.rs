//! Where a proxy stands after its checks.

use proptest::prelude::*;
use proxydeck_domain::{FAILED_AFTER, Standing, Status};

/// Where a new proxy stands after checks that succeeded (`+`) and failed (`-`).
fn after(checks: &str) -> Standing {
    checks.chars().fold(Standing::default(), |standing, check| standing.after(check == '+', FAILED_AFTER))
}

#[test]
fn a_proxy_goes_the_way_of_its_checks() {
    for (checks, status, failures) in [
        ("", Status::New, 0),
        ("+", Status::Active, 0),
        ("-", Status::Inactive, 1),
        ("--", Status::Inactive, 2),
        ("---", Status::Failed, 3),
        ("------", Status::Failed, 6),
        ("--+", Status::Active, 0),
        ("---+", Status::Active, 0),
        ("+--", Status::Inactive, 2),
        ("--+--", Status::Inactive, 2),
        ("--+---", Status::Failed, 3),
    ] {
        assert_eq!(after(checks), Standing { status, failures }, "after {checks:?}");
    }
}

#[test]
fn a_retired_proxy_comes_back_only_by_succeeding() {
    let retired = Standing { status: Status::Retired, failures: 40 };
    assert_eq!(
        retired.after(false, FAILED_AFTER),
        Standing { failures: 41, ..retired },
        "it stays out of the way"
    );
    assert_eq!(
        retired.after(true, FAILED_AFTER),
        Standing { status: Status::Active, failures: 0 },
        "it is back"
    );
}

#[test]
fn how_many_failures_make_it_failed_is_the_users_to_say() {
    let once = Standing::default().after(false, 1);
    assert_eq!(once.status, Status::Failed, "one is enough when the user says so");
    let nine = (0..9).fold(Standing::default(), |standing, _| standing.after(false, 10));
    assert_eq!(nine.status, Status::Inactive, "nine are not ten");
}

#[test]
fn counting_failures_ends_at_the_largest_number() {
    let standing = Standing { status: Status::Failed, failures: u32::MAX };
    assert_eq!(standing.after(false, FAILED_AFTER), standing, "it does not begin anew");
}

proptest! {
    #[test]
    fn only_the_failures_since_the_last_success_count(before in "[+-]{0,12}", failures in 0_usize..6) {
        let checks = format!("{before}+{}", "-".repeat(failures));
        prop_assert_eq!(after(&checks), after(&format!("+{}", "-".repeat(failures))));
    }
}
