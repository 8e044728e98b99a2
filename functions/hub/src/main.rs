//! The binary `hub`: the local mode that `cargo run` starts, and commands for the hand that tries it out.

mod bank;
mod cli;
mod costs;
mod demo;
mod failure;
mod local;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::{cli::Cli, failure::Failure};

#[tokio::main]
async fn main() -> ExitCode {
    match cli::run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => refuse(&failure),
    }
}

/// One line on standard error: whoever mistyped a setting should not have to read a trace.
fn refuse(failure: &Failure) -> ExitCode {
    eprintln!("hub: {}", failure::one_line(failure));
    failure.exit_code()
}
