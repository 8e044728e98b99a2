//! ChromeDriver, the program that a test tells what Chromium is to do.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    process::{Child, ChildStdout, Command, Stdio},
};

/// Where it may lie: on the path, or where Debian's package puts it although the path does not say so.
const PROGRAMS: [&str; 2] = ["chromedriver", "/usr/bin/chromedriver"];

/// Stands before the port in the line that says that the driver listens.
const LISTENS: &str = "started successfully on port ";

/// A driver that runs, in a process group of its own that the browsers it starts belong to.
pub struct Driver {
    child: Child,
    /// Kept open: a driver that cannot print ends.
    output: BufReader<ChildStdout>,
}

impl Driver {
    /// Starts the driver on any free port and answers it with its address.
    pub fn start() -> (Self, String) {
        let child = PROGRAMS.into_iter().find_map(|program| command(program).spawn().ok());
        let mut child = child.unwrap_or_else(|| panic!("chromedriver does not start: `tests/run` installs it"));
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut driver = Self { child, output };
        let port = driver.port();
        (driver, format!("http://127.0.0.1:{port}"))
    }

    fn port(&mut self) -> u16 {
        let mut lines = self.output.by_ref().lines().map_while(Result::ok);
        let port = lines.find_map(|line| line.split_once(LISTENS)?.1.trim_end_matches('.').parse().ok());
        port.unwrap_or_else(|| panic!("chromedriver ended before it listened"))
    }
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["--port=0", "--log-level=OFF"]).process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
    command
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
