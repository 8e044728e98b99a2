//! The stand-in as a process of its own.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::client::{decrypt, encrypt};

/// Killed when the test is done with it.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(keys: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kms-stand-in"));
        let mut child = command.arg("--keys").arg(keys).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let announced: Value = serde_json::from_str(&line).unwrap();
        Self { child, url: announced["url"].as_str().unwrap().to_owned() }
    }

    fn stop(&mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
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
async fn keeps_its_keys_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let mut first = Process::start(&file);
    let (_, sealed) = encrypt(&first.url, "tokens").await;
    first.stop();
    let second = Process::start(&file);
    assert!(decrypt(&second.url, "tokens", &sealed["ciphertext"]).await.0.is_success());
}

#[test]
fn refuses_a_file_that_is_no_key_ring() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    std::fs::write(&file, "{}").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kms-stand-in"));
    let output = command.arg("--keys").arg(&file).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{}", "it is left alone");
}
