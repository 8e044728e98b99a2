//! The receiver that the manual shows, as a process.

use std::{path::Path, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// A running receiver; it ends with this value.
pub struct Example {
    url: String,
    output: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

/// Starts the program for events of that hub and audience, on a free port.
pub async fn example(program: &Path, hub: &str, audience: &str) -> Example {
    let mut process = Command::new("node")
        .arg(program)
        .envs([("HUB", hub), ("AUDIENCE", audience), ("PORT", "0")])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
    let first = output.next_line().await.unwrap().unwrap();
    let port = first.strip_prefix("listening on ").unwrap();
    Example { url: format!("http://127.0.0.1:{port}/"), output, _process: process }
}

impl Example {
    /// What it answers to a token.
    pub async fn takes(&self, token: &str) -> (u16, String) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(&self.url).header("content-type", "application/secevent+jwt");
        let answer = request.body(token.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The next line that it writes.
    pub async fn line(&mut self) -> String {
        self.output.next_line().await.unwrap().unwrap()
    }
}
