//! The program under test.

use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::NamedTempFile;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hub");

/// How often a thing is looked at that will come about, and how long between looks: 60 seconds in all, far more than
/// the slowest machine needs.
const LOOKS: u32 = 1200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A hub that runs.
pub struct Hub {
    child: Child,
    printed: NamedTempFile,
    local: Value,
}

impl Hub {
    /// Starts the program on that folder and any free port, and waits until it says that it can be used.
    pub fn start(data: &Path) -> Self {
        let printed = NamedTempFile::new().unwrap();
        let output = printed.reopen().unwrap().into();
        Self::start_with(data, printed, output)
    }

    /// The same with a standard output whose other end is closed.
    pub fn start_unread(data: &Path) -> Self {
        let (other_end, output) = std::io::pipe().unwrap();
        drop(other_end);
        Self::start_with(data, NamedTempFile::new().unwrap(), output.into())
    }

    fn start_with(data: &Path, printed: NamedTempFile, output: Stdio) -> Self {
        let mut child = command(data).env("PORT", "0").stdout(output).spawn().unwrap();
        let path = data.join("local.json");
        for _ in 0..LOOKS {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the hub ended: {status}");
            }
            if let Some(local) = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
                return Self { child, printed, local };
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        child.kill().unwrap();
        panic!("the hub did not become ready");
    }

    /// One value of `local.json`.
    pub fn at(&self, name: &str) -> &str {
        self.local[name].as_str().unwrap()
    }

    /// What it printed before it became ready.
    pub fn banner(&self) -> String {
        std::fs::read_to_string(self.printed.path()).unwrap()
    }

    /// Asks the program to end, as a terminal or a platform does.
    pub fn stop(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

/// A failed test must leave no hub behind.
impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program to its end.
pub fn run(data: &Path, port: &str, arguments: &[&str]) -> Output {
    command(data).env("PORT", port).args(arguments).output().unwrap()
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env("HUB_DATA", data).env_remove("HUB_LOG").env_remove("RUST_LOG");
    command
}
