//! `ChromeDriver`, the program that a test tells what Chromium is to do.

use std::{
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::NamedTempFile;
use tokio::time::{sleep, timeout};

/// Where it may lie: on the path, or where Debian's package puts it although the path does not say so.
const PROGRAMS: [&str; 2] = ["chromedriver", "/usr/bin/chromedriver"];

/// Stands before the port in the line that says that the driver listens.
const LISTENS: &str = "started successfully on port ";

/// How long the driver may take to listen, and how long between looks.
const PATIENCE: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A driver that runs, in a process group of its own that the browsers it starts belong to.
pub struct Driver {
    child: Child,
    printed: NamedTempFile,
}

impl Driver {
    /// Starts the driver on any free port and answers it with its address.
    pub async fn start() -> (Self, String) {
        let printed = NamedTempFile::new().unwrap();
        let child = PROGRAMS.into_iter().find_map(|program| spawn(program, &printed));
        let child = child.unwrap_or_else(|| panic!("chromedriver does not start: `tests/run` installs it"));
        let mut driver = Self { child, printed };
        let port = timeout(PATIENCE, driver.listens()).await;
        let port = port.unwrap_or_else(|_| panic!("chromedriver does not listen"));
        (driver, format!("http://127.0.0.1:{port}"))
    }

    async fn listens(&mut self) -> u16 {
        loop {
            if let Some(port) = port(&std::fs::read_to_string(self.printed.path()).unwrap()) {
                return port;
            }
            assert_eq!(self.child.try_wait().unwrap(), None, "chromedriver ended before it listened");
            sleep(BETWEEN_LOOKS).await;
        }
    }
}

fn spawn(program: &str, printed: &NamedTempFile) -> Option<Child> {
    let mut command = Command::new(program);
    command.arg("--port=0").process_group(0).stdin(Stdio::null()).stdout(printed.reopen().unwrap());
    command.spawn().ok()
}

/// The port, once the line that names it is complete.
fn port(printed: &str) -> Option<u16> {
    let (_, after) = printed.split_once(LISTENS)?;
    let (port, _) = after.split_once(".\n")?;
    port.parse().ok()
}

/// A failed test must leave no driver behind, nor a browser: those do not end with their driver, so the whole group is
/// ended, which is named by the driver's id.
impl Drop for Driver {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}
