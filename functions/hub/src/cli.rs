//! The command line.

use clap::{Parser, Subcommand, ValueEnum};

use crate::{
    bank::{self, BankCommand},
    costs::{self, CostsArguments},
    doctor::{self, DoctorArguments},
    failure::Failure,
    local::{self, issuer::IssuerName, settings::LocalSettings, token_command},
    restored::{self, RestoredArguments},
};

/// Secure Hub on this machine: hub, sandbox bank and a demo CRM in one process.
///
/// Without a command it starts everything on 127.0.0.1, prints the page to open and one curl line per step, and runs
/// until ctrl-c. No account, certificate or cloud is needed; what it keeps stays in one folder.
#[derive(Debug, Parser)]
#[command(name = "hub", version, after_help = ENVIRONMENT)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

const ENVIRONMENT: &str = "\
Settings (environment variables):
  PORT      port of the hub and of the demo page on 127.0.0.1; 0 takes any free one  [default: 8080]
  HUB_DATA  folder for keys, store, sandbox bank and local.json                      [default: .hub]
  HUB_LOG   which log lines are shown, such as info or debug; unset, RUST_LOG counts [default: warn]
  HUB_OTLP_ENDPOINT  where metrics and traces are delivered by OTLP over HTTP        [default: nowhere]

Metrics for a Prometheus on this machine are at /metrics.

Examples (in the source tree `cargo run --` stands for `hub`):
  hub                                      start, then open the printed page
  PORT=9000 HUB_DATA=/tmp/hub hub          the same elsewhere
  hub token                                a fresh CRM token for curl
  hub token --scope \"accounts:read\"        one that may do less
  hub token --presence SESSION             proves for 5 minutes that the session's customer is there
  hub bank check my-bank.toml              what is wrong with a bank's document, or what would be sent
  hub bank probe my-bank.toml              whether the bank can be met with it
  hub costs --calls 5000000 --sessions 50000
                                           what a deployment costs a month
  hub doctor                               whether a deployment with the functions' settings is in order
  hub doctor --as callback                 the same, and whether this account has callback's rights and no others

Deleting the folder HUB_DATA starts afresh.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints a fresh token for the hub that runs on the data folder.
    Token(TokenArguments),
    /// Checks banks' documents, tries banks, prints the documents' schema.
    #[command(subcommand)]
    Bank(BankCommand),
    /// Tells what a deployment costs a month: operations that tests count, at list prices.
    Costs(CostsArguments),
    /// Checks a deployment from inside or from a laptop: store, keys, secrets, certificates, clock, banks, CRMs.
    Doctor(DoctorArguments),
    /// Makes a store safe to use that was put back to an earlier time, before anybody uses it.
    ///
    /// It reads the settings of a function, calls no bank, and may be run again. docs/operations.md says when and why.
    Restored(RestoredArguments),
}

/// What token is wanted.
#[derive(Debug, clap::Args)]
pub struct TokenArguments {
    /// The CRM that asks; `other` is there to try that tenants do not see each other.
    #[arg(long, value_enum, default_value_t = CrmName::Demo)]
    pub tenant: CrmName,
    /// Rights, separated by spaces; all that a CRM can have if left out.
    #[arg(long, conflicts_with = "presence")]
    pub scope: Option<String>,
    /// Minutes until it expires.
    #[arg(long, default_value_t = 60, conflicts_with = "presence", value_parser = clap::value_parser!(u16).range(1..=1440))]
    pub minutes: u16,
    /// A presence token for this session instead: with it in `Psu-Presence` a call counts as attended.
    #[arg(long, value_name = "SESSION")]
    pub presence: Option<String>,
}

/// The two CRMs of the local mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CrmName {
    /// The one that the demo page belongs to.
    Demo,
    /// Another company's.
    Other,
}

impl From<CrmName> for IssuerName {
    fn from(name: CrmName) -> Self {
        match name {
            CrmName::Demo => Self::Demo,
            CrmName::Other => Self::Other,
        }
    }
}

/// Does what the command line asks for.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    let settings = || LocalSettings::from_env(|name| std::env::var_os(name));
    match cli.command {
        None => local::run(settings()?).await,
        Some(Command::Token(wanted)) => Ok(token_command::print(&settings()?, &wanted)?),
        Some(Command::Bank(command)) => bank::run(command).await,
        Some(Command::Costs(wanted)) => costs::run(&wanted),
        Some(Command::Doctor(wanted)) => Ok(doctor::run(&wanted).await?),
        Some(Command::Restored(wanted)) => Box::pin(restored::run(&wanted)).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_presence_token_takes_no_scope() {
        assert!(Cli::try_parse_from(["hub", "token", "--presence", "s", "--scope", "x"]).is_err());
    }

    #[test]
    fn the_help_names_every_setting() {
        let help = Cli::command().render_long_help().to_string();
        for name in ["PORT", "HUB_DATA", "HUB_LOG", "HUB_OTLP_ENDPOINT"] {
            assert!(help.contains(name), "{name}");
        }
    }
}
