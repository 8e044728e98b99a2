//! The lines that the banner prints, pasted into a shell in their order.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::Value;

use super::program::{Hub, run};

/// The lines to paste: those that are indented by five.
fn lines_to_paste(banner: &str) -> String {
    let lines: Vec<_> = banner.lines().filter_map(|line| line.strip_prefix("     ")).collect();
    lines.join("\n") + "\n"
}

/// What a shell prints when these lines are typed into it.
fn paste(lines: &str) -> String {
    let mut shell = Command::new("sh").arg("-u").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = shell.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What the hub answered, among what was printed: its JSON all names a session or an account, or lists accounts.
fn answers(printed: &str) -> Vec<Value> {
    let json = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    json.filter(|answer| ["session", "account_id", "accounts"].iter().any(|name| answer.get(name).is_some())).collect()
}

#[test]
fn the_printed_lines_lead_from_connecting_to_disconnecting() {
    let place = tempfile::tempdir().unwrap();
    let hub = Hub::start(place.path());
    let lines = lines_to_paste(&hub.banner());
    let printed = paste(&lines);
    let answers = answers(&printed);
    let [started, session, accounts, balances, transactions, ended] = answers.as_slice() else {
        panic!("{printed}");
    };
    assert_eq!(started["status"], "awaiting_psu", "{printed}");
    assert_eq!(session["status"], "active");
    assert_eq!(session["consent"]["status"], "valid");
    assert!(!accounts["accounts"].as_array().unwrap().is_empty());
    assert_eq!(balances["account_id"], accounts["accounts"][0]["account_id"]);
    assert!(balances["balances"].as_array().unwrap().iter().any(|balance| balance["type"] == "CLBD"));
    assert!(transactions["transactions"].as_array().unwrap().iter().all(|entry| entry["status"] == "BOOK"));
    assert!(!transactions["transactions"].as_array().unwrap().is_empty());
    assert_eq!(ended["status"], "ended");
    assert_eq!(ended["steps"]["consent_revoked"], "done");
    hub.stop();
}

#[tokio::test]
async fn tokens_of_the_command_do_what_they_say_and_no_more() {
    let place = tempfile::tempdir().unwrap();
    let hub = Hub::start(place.path());
    let token = |arguments: &[&str]| {
        let output = run(place.path(), "0", &[&["token"], arguments].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str, token: &str| {
        http.get(format!("{}{path}", hub.at("hub"))).bearer_auth(token).send().await.unwrap().status().as_u16()
    };
    assert_eq!(get("/v1/banks", &token(&[])).await, 200);
    assert_eq!(get("/v1/banks", hub.at("token")).await, 200);
    assert_eq!(get("/v1/banks", &token(&["--tenant", "other"])).await, 200);
    assert_eq!(get("/v1/banks", hub.at("token_other_tenant")).await, 200);
    assert_eq!(get("/v1/banks", &token(&["--scope", "accounts:read"])).await, 403);
    assert_eq!(get("/v1/banks", &token(&["--presence", "AAAAAAAAAAAAAAAAAAAAAA"])).await, 403);
    hub.stop();
}

#[test]
fn a_closed_terminal_does_not_stop_the_hub() {
    let place = tempfile::tempdir().unwrap();
    let hub = Hub::start_unread(place.path());
    let output = run(place.path(), "0", &["token"]);
    assert!(output.status.success(), "{output:?}");
    hub.stop();
}
