//! `hub bank check`: a document read, its certificates loaded, its requests shown.

use std::{fmt::Write, path::Path, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};
use shared::{
    adapters::{
        bank_client::{BankClient, PoolSettings},
        identity_files::{IdentityFiles, LOOK_EVERY},
        system::SystemClock,
    },
    config::{bank_document::read_bank, environment::Environment},
    domain::{bank::Bank, operation::Operation},
    ports::clock::Clock,
    protocol::http_signature::SigningCertificate,
};

use super::{
    BankError, CheckArguments,
    certificates::{self, Certificate, Wrong},
    printing,
    requests::{self, Made},
    samples::{MARK, Samples},
};
use crate::terminal::{complain, tell};

/// What a check found.
pub struct Report {
    /// What is good, for people to read.
    pub text: String,
    /// What is wrong, one line each.
    pub wrong: Vec<String>,
}

/// Checks every file and tells all of it; fails if anything is wrong.
pub async fn run(wanted: &CheckArguments) -> Result<(), BankError> {
    let mut unusable = 0;
    for file in &wanted.files {
        let report = check(file, wanted.environment.into(), wanted.brief, SystemClock.now()).await;
        tell(&report.text);
        report.wrong.iter().for_each(complain);
        unusable += usize::from(!report.wrong.is_empty());
    }
    if unusable == 0 { Ok(()) } else { Err(BankError::Unusable(unusable)) }
}

/// Checks one document at that time.
pub async fn check(file: &Path, environment: Environment, brief: bool, now: Timestamp) -> Report {
    let bank = match read_bank(file, environment) {
        Ok(bank) => bank,
        Err(mistakes) => {
            let wrong = mistakes.lines().map(str::to_owned).collect();
            return Report { text: format!("{}: cannot be used", file.display()), wrong };
        }
    };
    let (good, wrong) = certificates::load(&bank, now);
    let mut report =
        Report { text: heading(&bank, environment), wrong: wrong.into_iter().map(|Wrong(what)| what).collect() };
    for certificate in &good {
        let _ = write!(report.text, "\n{}", certificate.describe(now));
    }
    if report.wrong.is_empty() {
        report.wrong.extend(tls_mistake(file, &bank).await);
    }
    if !brief {
        report.add_requests(&bank, good.iter().find_map(Certificate::for_signing).as_ref(), now);
    }
    report
}

fn heading(bank: &Bank, environment: Environment) -> String {
    let (dialect, version) = bank.dialect.name_and_version();
    let assurance = format!("{:?}", bank.facts.assurance).to_lowercase();
    format!("{} | {} | {} | {dialect} {version} | {environment} | {assurance}\n", bank.id, bank.name, bank.country)
}

/// What is wrong with the settings of TLS, if anything.
async fn tls_mistake(file: &Path, bank: &Bank) -> Option<String> {
    let client = client();
    client.prepare(bank).await.err().map(|error| format!("{}: tls: {error}", file.display()))
}

/// A client as the hub has it.
pub fn client() -> BankClient {
    let clock = Arc::new(SystemClock);
    let identities = IdentityFiles::new(Arc::clone(&clock) as _, LOOK_EVERY);
    BankClient::new(PoolSettings::default(), Arc::new(identities), clock)
}

impl Report {
    fn add_requests(&mut self, bank: &Bank, seal: Option<&SigningCertificate>, now: Timestamp) {
        let Some(samples) = Samples::of(bank) else { return };
        let _ = write!(
            self.text,
            "\nWhat begins with {MARK} stands for what a call brings along; so do ids, dates, state and PKCE.\n"
        );
        for operation in Operation::ALL {
            let made = requests::of(operation, bank, &samples, now.to_zoned(TimeZone::UTC).date());
            let _ = write!(self.text, "\n== {}\n", operation.name());
            match made {
                Ok(Made::Nothing(why)) => _ = writeln!(self.text, "not sent: {why}"),
                Ok(Made::Browser(urls)) => urls.iter().for_each(|url| self.text.push_str(&printing::browser(url))),
                Ok(Made::Request(request)) => self.add_request(bank, *request, seal, now),
                Err(error) => self.wrong.push(format!("{}: {error}", operation.name())),
            }
        }
    }

    fn add_request(
        &mut self,
        bank: &Bank,
        mut request: shared::protocol::exchange::BankRequest,
        certificate: Option<&SigningCertificate>,
        now: Timestamp,
    ) {
        let operation = request.operation;
        let signed = match (&bank.seal, certificate) {
            (Some(seal), Some(certificate)) if printing::is_signed(Some(seal), operation) => {
                Some(printing::signature(&mut request, seal, certificate, now))
            }
            _ => None,
        };
        self.text.push_str(&printing::request(bank, &request));
        match signed {
            None => {}
            Some(Ok(base)) => _ = write!(self.text, "\n{base}"),
            Some(Err(error)) => self.wrong.push(format!("{}: {error}", operation.name())),
        }
    }
}
