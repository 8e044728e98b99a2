//! Commands about banks' documents: what a document says, whether it holds, and what the hub would send.

mod certificates;
mod check;
mod printing;
pub mod probe;
mod requests;
mod samples;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use shared::config::{bank_document, environment::Environment};

use crate::{failure::Failure, terminal::tell};

/// What to do with banks' documents.
#[derive(Debug, Subcommand)]
pub enum BankCommand {
    /// Checks documents, loads their certificates, and prints for every operation the request that would be sent.
    Check(CheckArguments),
    /// Tries TLS and the authorisation server's metadata. No customer's quota is touched.
    Probe(ProbeArguments),
    /// Prints the JSON Schema of documents.
    Schema,
}

/// Which documents to check.
#[derive(Debug, clap::Args)]
pub struct CheckArguments {
    /// The documents.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The bank's environment that is meant.
    #[arg(long, value_enum, default_value_t = EnvironmentName::Live)]
    environment: EnvironmentName,
    /// Leaves the requests out.
    #[arg(long)]
    brief: bool,
}

/// Which bank to probe.
#[derive(Debug, clap::Args)]
pub struct ProbeArguments {
    /// The document.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The bank's environment that is meant.
    #[arg(long, value_enum, default_value_t = EnvironmentName::Live)]
    environment: EnvironmentName,
}

/// One of a bank's environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EnvironmentName {
    /// The real interfaces.
    Live,
    /// What the bank offers to developers.
    Sandbox,
}

impl From<EnvironmentName> for Environment {
    fn from(name: EnvironmentName) -> Self {
        match name {
            EnvironmentName::Live => Self::Live,
            EnvironmentName::Sandbox => Self::Sandbox,
        }
    }
}

/// A command about banks ends in failure, after everything was told.
#[derive(Debug, thiserror::Error)]
pub enum BankError {
    /// Documents or certificates are wrong.
    #[error("{0} of the documents cannot be used")]
    Unusable(usize),
    /// The bank cannot be met with this document.
    #[error("the bank cannot be met")]
    Unmet,
    /// The schema has no text.
    #[error("the schema cannot be printed")]
    Schema(#[from] serde_json::Error),
}

/// Does what the command line asks for.
pub async fn run(command: BankCommand) -> Result<(), Failure> {
    match command {
        BankCommand::Check(wanted) => check::run(&wanted).await?,
        BankCommand::Probe(wanted) => probe::run(&wanted).await?,
        BankCommand::Schema => {
            tell(serde_json::to_string_pretty(bank_document::schema()).map_err(BankError::from)?);
        }
    }
    Ok(())
}
