//! `hub doctor`: checks a deployment, from inside or from a laptop, and says what to do about what it finds.

mod checks;
mod expected;
mod finding;
mod identity_token;
mod kind;
mod parts;
mod plan;
mod running;
mod surroundings;

use std::net::IpAddr;

use serde::Serialize;
use url::Url;

use self::{
    checks::revisions::Target,
    expected::FunctionName,
    finding::{Finding, Standing, What},
    kind::Kind,
    surroundings::{Surroundings, read},
};
use crate::terminal::tell;

/// What to check.
#[derive(Debug, clap::Args)]
#[command(after_help = ENVIRONMENT)]
pub struct DoctorArguments {
    /// The function whose rights this account should have, and no others; without it rights are only told.
    #[arg(long = "as", value_enum, value_name = "FUNCTION")]
    meant: Option<FunctionName>,
    /// Prints one JSON document instead of lines.
    #[arg(long)]
    json: bool,
    /// A service that answers with the address it was asked from, as plain text.
    #[arg(long, value_name = "URL")]
    address_url: Option<Url>,
    /// Another address that calls to banks may come from, beside `HUB_EGRESS_ADDRESS`.
    #[arg(long, value_name = "ADDRESS")]
    other_address: Vec<IpAddr>,
}

const ENVIRONMENT: &str = "\
Reads the settings of the functions (HUB_STORE, HUB_KMS, HUB_BANKS, HUB_TENANTS and so on), and besides:
  HUB_DOCTOR_ADDRESS_URL  as --address-url
  HUB_SMOKE_TARGETS       new revisions to try, URL or SERVICE=URL, separated by blanks; without HUB_STORE nothing else
                          is looked at
  GCE_METADATA_HOST       where identity tokens for them are made, if not at metadata.google.internal

Prints `ok`, `warn`, `fail` or `skip`, what was looked at, what was found, what to do. Ends with 0 if nothing failed, 1 if
something did, 2 if settings are wrong.";

/// A deployment is not in order, or could not be looked at; told after everything that was found.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// Checks failed.
    #[error("{0} of the checks failed")]
    Unwell(usize),
    /// Settings are wrong.
    #[error("{0} mistakes; nothing else was looked at, since settings are wrong")]
    Settings(usize),
    /// There is no client for the web.
    #[error("no HTTP client can be made")]
    Client(#[from] reqwest::Error),
    /// What was found has no text.
    #[error("what was found cannot be printed")]
    Print(#[from] serde_json::Error),
}

/// Everything that was found, as one document.
#[derive(Debug, Serialize)]
struct Report<'a> {
    healthy: bool,
    #[serde(rename = "as")]
    meant: Option<&'static str>,
    checks: &'a [Finding],
}

/// Looks at everything and tells it.
pub async fn run(wanted: &DoctorArguments) -> Result<(), DoctorError> {
    let variable = |name: &str| std::env::var_os(name).and_then(|value| value.into_string().ok());
    let surroundings = match read(wanted, &variable) {
        Ok(surroundings) => surroundings,
        Err(mistakes) => {
            let what = What::all(Kind::Settings);
            let findings: Vec<_> = mistakes.lines().map(|line| Finding::fail(&what, line, plan::SETTINGS)).collect();
            print(wanted, &findings)?;
            return Err(DoctorError::Settings(findings.len()));
        }
    };
    let findings = plan::begin(surroundings).await?.findings().await;
    print(wanted, &findings)?;
    match findings.iter().filter(|finding| finding.status == Standing::Fail).count() {
        0 => Ok(()),
        failed => Err(DoctorError::Unwell(failed)),
    }
}

fn print(wanted: &DoctorArguments, findings: &[Finding]) -> Result<(), DoctorError> {
    if wanted.json {
        let healthy = findings.iter().all(|finding| finding.status != Standing::Fail);
        let report = Report { healthy, meant: wanted.meant.map(FunctionName::name), checks: findings };
        tell(serde_json::to_string_pretty(&report)?);
    } else {
        findings.iter().for_each(tell);
    }
    Ok(())
}
