//! The stand-in as a process: prints where it listens as one line of JSON, then runs until SIGTERM or ctrl-c.

use std::{
    error::Error,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use kms_stand_in::{KmsStandIn, Settings};
use tokio::signal::unix::{SignalKind, signal};

/// A stand-in for Cloud KMS on loopback, which protects nothing
#[derive(Debug, Parser)]
struct Arguments {
    /// Port; 0 for any that is free
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Whole name of the key ring
    #[arg(long, default_value_t = Settings::default().key_ring)]
    key_ring: String,
    /// File that keeps the keys over a restart; without it they are in memory
    #[arg(long)]
    keys: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kms-stand-in: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let Arguments { port, key_ring, keys } = arguments;
    let kms = KmsStandIn::start_with(Settings { port, key_ring, keys_file: keys }).await?;
    announce(&kms)?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    kms.stop().await;
    Ok(())
}

/// One line, flushed, so that a parent process can wait for it.
fn announce(kms: &KmsStandIn) -> io::Result<()> {
    let line = serde_json::json!({ "url": kms.url(), "key_ring": kms.key_ring() });
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
