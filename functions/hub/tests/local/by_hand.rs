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

/// The commands that a section of the README shows, each followed by a line's end.
fn commands_of(section: &str) -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let (_, text) = readme.split_once(section).unwrap();
    let (text, _) = text.split_once("\n## ").unwrap();
    let mut commands = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(mut line) = line.strip_prefix("$ ") else { continue };
        while let Some(begun) = line.strip_suffix('\\') {
            commands.push_str(begun);
            line = lines.next().unwrap();
        }
        commands.push_str(line);
        commands.push_str("; echo\n");
    }
    commands
}

#[test]
fn what_the_readme_says_of_a_bank_in_trouble_happens() {
    let place = tempfile::tempdir().unwrap();
    let hub = Hub::start(place.path());
    let journey = lines_to_paste(&hub.banner());
    let (before_the_end, _) = journey.trim_end().rsplit_once('\n').unwrap();
    let printed = paste(&format!("{before_the_end}\n{}", commands_of("### When the bank is in trouble\n")));
    assert!(printed.contains("502 502 502 502 502 503"), "{printed}");
    let json: Vec<Value> = printed.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let with = |member: &str| json.iter().find(|answer| answer.get(member).is_some()).unwrap();
    let quota = with("plan");
    assert_eq!(quota["plan"]["possible"], true, "{quota}");
    let balances = quota["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == "balances").unwrap();
    assert_eq!((&balances["used"], &balances["left"]), (&1.into(), &3.into()));
    assert_eq!(with("health")["health"][0]["operation"], "balances");
    let stale = with("stale");
    assert!(["circuit_open", "bank_unavailable"].iter().any(|code| stale["stale"]["code"] == *code), "{stale}");
    assert!(!stale["balances"].as_array().unwrap().is_empty());
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
