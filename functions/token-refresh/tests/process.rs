//! The function as a process of its own.

use shared::testing::process;

const PROGRAM: &str = env!("CARGO_BIN_EXE_token-refresh");

#[tokio::test]
async fn starts_alone_answers_and_drains() {
    process::starts_answers_and_drains(PROGRAM).await;
}

#[test]
fn names_what_is_not_set() {
    process::names_missing_settings(PROGRAM);
}

/// The one job that calls nobody, in a process of its own.
#[tokio::test]
async fn rewrap_needs_no_certificates_and_comes_alone() {
    let calls = [
        ("POST", "/v1/jobs/rewrap", 401),
        ("POST", "/v1/jobs/refresh-balances", 404),
        ("POST", "/v1/jobs/expiry-watch", 404),
    ];
    process::serves_this_without_reaching_banks(PROGRAM, &["/v1/jobs/rewrap"], &calls).await;
}
