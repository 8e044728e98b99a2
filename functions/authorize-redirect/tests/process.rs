//! The function as a process of its own.

use shared::testing::process;

const PROGRAM: &str = env!("CARGO_BIN_EXE_authorize-redirect");

#[tokio::test]
async fn starts_alone_answers_and_drains() {
    process::starts_answers_and_drains(PROGRAM).await;
}

#[test]
fn names_what_is_not_set() {
    process::names_missing_settings(PROGRAM);
}

/// Its half for browsers: what starts sessions is not even there.
#[tokio::test]
async fn the_page_needs_no_certificates_and_serves_nothing_else() {
    let unknown = format!("/authorize/{}", "A".repeat(43));
    let calls = [("GET", unknown.as_str(), 404), ("POST", "/v1/sessions", 404), ("GET", "/v1/banks", 404)];
    process::serves_this_without_reaching_banks(PROGRAM, &["/authorize/{ticket}"], &calls).await;
}
