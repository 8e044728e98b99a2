//! The sandbox bank as a process: prints where it listens as one line of JSON, then runs until
//! SIGTERM or ctrl-c.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use sandbox_bank::{Rotation, SandboxBank, Settings, TokenPolicy};
use tokio::signal::unix::{SignalKind, signal};

/// A Berlin Group bank for tests and demonstrations, on loopback, with real mutual TLS
#[derive(Debug, Parser)]
struct Arguments {
    /// Directory for certificates, state and journal; without it everything is in memory
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Port of the banking interface (mutual TLS)
    #[arg(long, default_value_t = 0)]
    api_port: u16,
    /// Port of the customer's pages
    #[arg(long, default_value_t = 0)]
    web_port: u16,
    /// Port on which tests control the bank
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// Decides account numbers and transactions
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What becomes of a used refresh token
    #[arg(long, value_enum, default_value_t = Rotations::Grace)]
    rotation: Rotations,
    /// Life of access tokens
    #[arg(long, default_value_t = TokenPolicy::default().access_seconds)]
    access_seconds: u32,
    /// Life of a chain of refresh tokens
    #[arg(long, default_value_t = TokenPolicy::default().refresh_seconds)]
    refresh_seconds: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Rotations {
    None,
    Grace,
    Family,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = error.as_ref() as &dyn Error, "the sandbox bank cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let bank = sandbox_bank::start(arguments.into()).await?;
    announce(&bank)?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    bank.stop().await;
    Ok(())
}

/// One line, flushed, so that a parent process can wait for it.
fn announce(bank: &SandboxBank) -> io::Result<()> {
    let line = serde_json::json!({ "api": bank.api_url(), "web": bank.web_url(), "control": bank.control_url() });
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

impl From<Arguments> for Settings {
    fn from(arguments: Arguments) -> Self {
        Self {
            data_dir: arguments.data_dir,
            api_port: arguments.api_port,
            web_port: arguments.web_port,
            control_port: arguments.control_port,
            seed: arguments.seed,
            tokens: TokenPolicy {
                rotation: arguments.rotation.into(),
                access_seconds: arguments.access_seconds,
                refresh_seconds: arguments.refresh_seconds,
                ..TokenPolicy::default()
            },
            ..Self::default()
        }
    }
}

impl From<Rotations> for Rotation {
    fn from(rotation: Rotations) -> Self {
        match rotation {
            Rotations::None => Self::None,
            Rotations::Grace => Self::Grace,
            Rotations::Family => Self::Family,
        }
    }
}
