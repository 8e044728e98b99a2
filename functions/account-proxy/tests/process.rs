//! The function as a process of its own.

use shared::testing::process;

const PROGRAM: &str = env!("CARGO_BIN_EXE_account-proxy");

#[tokio::test]
async fn starts_alone_answers_and_drains() {
    process::starts_answers_and_drains(PROGRAM).await;
}

#[test]
fn names_what_is_not_set() {
    process::names_missing_settings(PROGRAM);
}

#[test]
fn is_nothing_without_banks() {
    process::is_nothing_without_banks(PROGRAM);
}
