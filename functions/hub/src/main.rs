//! The binary `hub`: the local mode that `cargo run` starts, and commands for the hand that tries it out.

mod bank;
mod cli;
mod costs;
mod demo;
mod doctor;
mod failure;
mod local;
mod restored;
mod terminal;

use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::Runtime;

use crate::{cli::Cli, failure::Failure};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&Failure::Runtime(error)),
    };
    let outcome = runtime.block_on(cli::run(cli));
    // A name that the system is still looking up, say, is not waited for.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => refuse(&failure),
    }
}

/// One line on standard error: whoever mistyped a setting should not have to read a trace.
fn refuse(failure: &Failure) -> ExitCode {
    eprintln!("hub: {}", failure::one_line(failure));
    failure.exit_code()
}
