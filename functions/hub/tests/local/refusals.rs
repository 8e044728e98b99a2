//! A mistake in the settings is told in one line that names the setting.

use std::{
    net::TcpListener,
    process::{Command, Output},
};

use super::program::{Hub, run};

fn one_line(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn a_taken_port_gives_one_line() {
    let place = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let line = one_line(&run(place.path(), &port, &[]));
    assert!(line.starts_with(&format!("hub: PORT: port {port} on 127.0.0.1 is taken;")), "{line}");
}

#[test]
fn a_wrong_port_gives_one_line() {
    let place = tempfile::tempdir().unwrap();
    let line = one_line(&run(place.path(), "abc", &[]));
    assert_eq!(line, "hub: PORT: \"abc\" is not a port number (0 to 65535)\n");
}

#[test]
fn a_wrong_log_filter_gives_one_line() {
    let place = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_hub")).env("HUB_DATA", place.path()).env("HUB_LOG", "a=b=c").output();
    let line = one_line(&output.unwrap());
    assert!(line.starts_with("hub: HUB_LOG: the log filter is not well-formed"), "{line}");
}

#[test]
fn a_file_in_place_of_the_data_folder_gives_one_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let line = one_line(&run(file.path(), "0", &[]));
    assert!(line.starts_with("hub: HUB_DATA: the folder "), "{line}");
}

#[test]
fn a_damaged_store_gives_one_line_that_names_it() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("store.redb"), "not a store").unwrap();
    let line = one_line(&run(place.path(), "0", &[]));
    assert!(line.contains("store.redb"), "{line}");
}

#[test]
fn a_folder_in_use_gives_one_line_and_does_not_disturb_who_uses_it() {
    let place = tempfile::tempdir().unwrap();
    let first = Hub::start(place.path());
    let line = one_line(&run(place.path(), "0", &[]));
    assert!(line.contains("HUB_DATA: another hub is using the folder"), "{line}");
    assert!(place.path().join("local.json").exists());
    first.stop();
    assert!(!place.path().join("local.json").exists());
}

#[test]
fn a_token_for_a_hub_that_does_not_run_gives_one_line() {
    let place = tempfile::tempdir().unwrap();
    let line = one_line(&run(place.path(), "0", &["token"]));
    assert!(line.starts_with("hub: HUB_DATA: no hub runs on the folder"), "{line}");
}

#[test]
fn the_help_explains() {
    let help = Command::new(env!("CARGO_BIN_EXE_hub")).arg("--help").output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    for part in ["PORT", "HUB_DATA", "HUB_LOG", "hub token --presence SESSION", "127.0.0.1"] {
        assert!(text.contains(part), "{part}");
    }
}
