//! The bank as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::Client;
use serde_json::{Value, json};

/// A bank's process; it is killed when the test is done with it.
struct Process {
    child: Child,
    urls: Value,
}

impl Process {
    /// Starts the bank and reads the line that tells where it listens.
    fn start(data_dir: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sandbox-bank"))
            .arg("--data-dir")
            .arg(data_dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, urls: serde_json::from_str(&line).unwrap() }
    }

    async fn control(&self, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}{path}", self.urls["control"].as_str().unwrap());
        let client = Client::builder().no_proxy().build().unwrap();
        let request = match body {
            Some(body) => client.post(url).json(&body),
            None => client.get(url),
        };
        request.send().await.unwrap().json().await.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A process that has ended already cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn tells_where_it_listens_and_stops_when_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::start(directory.path());
    assert!(process.urls["api"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    assert!(process.urls["web"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    let customers = process.control("/customers", None).await;
    assert_eq!(customers["customers"].as_array().unwrap().len(), 3);
    let pid = process.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(process.child.wait().unwrap().success());
}

#[tokio::test]
async fn remembers_what_it_answered_even_if_it_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path());
    process.control("/policy", Some(json!({ "several_consents": true }))).await;
    let qwac = std::fs::read(directory.path().join("pki/qwac.pem")).unwrap();
    drop(process);
    let process = Process::start(directory.path());
    assert_eq!(process.control("/policy", None).await["several_consents"], true);
    assert_eq!(std::fs::read(directory.path().join("pki/qwac.pem")).unwrap(), qwac);
}

#[test]
fn says_why_it_cannot_start() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("state.json"), "no state").unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_sandbox-bank")).arg("--data-dir").arg(directory.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the saved state cannot be understood"), "{said}");
}
