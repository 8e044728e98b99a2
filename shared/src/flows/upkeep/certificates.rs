//! Our certificates whose time runs out: 30, 14, 7 and 1 days before, each told once over all instances.

use std::fmt::Write;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{bank::Bank, certificate::CertificateFacts, event::reached, ids::BankId},
    flows::deps::Deps,
    ports::{
        documents::{Collection, CommitError},
        store::{Change, Record},
    },
};

/// How many bytes of a certificate's fingerprint its warning is named by.
const PREFIX: usize = 8;

/// A certificate of ours that ends within 30 days, or has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EndingCertificate {
    /// The bank that it is for.
    #[schema(value_type = String)]
    pub bank: BankId,
    /// What it is used as.
    #[serde(rename = "use")]
    pub usage: CertificateUse,
    /// The number of days that is reached: 30, 14, 7 or 1.
    pub days: u16,
    /// When it ends.
    pub ends_at: Timestamp,
}

/// What a certificate of ours is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateUse {
    /// Who we are in TLS.
    Qwac,
    /// What we sign requests with.
    Qseal,
}

impl CertificateUse {
    const fn name(self) -> &'static str {
        match self {
            Self::Qwac => "qwac",
            Self::Qseal => "qseal",
        }
    }
}

/// That a certificate's end was told of. Its being there is all that counts.
#[derive(Debug, Serialize, Deserialize)]
struct Warning {
    id: String,
    told_at: Timestamp,
}

impl Record for Warning {
    const COLLECTION: Collection = Collection::Jobs;

    fn document_id(&self) -> String {
        self.id.clone()
    }
}

/// Looks at every bank's certificates. Answers those that end soon, and tells the operator of each that has reached a
/// further number of days.
pub(super) async fn watch(deps: &Deps) -> Vec<EndingCertificate> {
    let mut ending = Vec::new();
    let is_first_of_day = is_first_of_day(deps).await;
    for bank in deps.banks.values() {
        for (usage, facts) in certificates(deps, bank).await {
            if is_first_of_day {
                tell_days_left(deps, bank, usage, &facts);
            }
            let Some(days) = reached(facts.not_after, deps.now()) else { continue };
            let certificate = EndingCertificate { bank: bank.id.clone(), usage, days, ends_at: facts.not_after };
            if is_news(deps, &certificate, &facts).await {
                tracing::error!(
                    bank.id = %certificate.bank,
                    certificate.usage = certificate.usage.name(),
                    certificate.serial = facts.serial,
                    certificate.ends_at = %certificate.ends_at,
                    certificate.days = certificate.days,
                    alert = "certificate_ending",
                    "a certificate of ours ends soon"
                );
            }
            ending.push(certificate);
        }
    }
    ending
}

/// Tells the log how long a certificate is good for, so that an alert can be set on it and on its silence.
fn tell_days_left(deps: &Deps, bank: &Bank, usage: CertificateUse, facts: &CertificateFacts) {
    let left = facts.not_after.duration_since(deps.now()).as_hours().div_euclid(24);
    tracing::info!(
        bank.id = %bank.id,
        certificate.usage = usage.name(),
        certificate.days_left = left,
        "a certificate of ours is good for so long"
    );
}

/// The day (UTC) on which the certificates' days were told last.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    day: Date,
}

impl Record for Told {
    const COLLECTION: Collection = Collection::Jobs;

    fn document_id(&self) -> String {
        TOLD.to_owned()
    }
}

/// The one document that says so.
const TOLD: &str = "certificates.told";

/// Whether this is the day's first run, over all instances: whoever notes it tells. While the store does not answer,
/// nobody does.
async fn is_first_of_day(deps: &Deps) -> bool {
    let today = Told { day: deps.now().to_zoned(TimeZone::UTC).date() };
    let change = match deps.store.load::<Told>(TOLD).await {
        Ok(Some(told)) if told.record.day >= today.day => return false,
        Ok(Some(told)) => Change::new().replace(&told, &today),
        Ok(None) => Change::new().create(&today),
        Err(_) => return false,
    };
    deps.store.commit(change).await.is_ok()
}

/// The certificates that are used for a bank, as far as they can be had: one that cannot is told of by who needs it.
async fn certificates(deps: &Deps, bank: &Bank) -> Vec<(CertificateUse, CertificateFacts)> {
    let qwac = deps.identities.transport(&bank.tls).await.ok().map(|identity| identity.facts.clone());
    let qseal = if bank.seal.is_some() { deps.calls.seal_facts(bank).await } else { None };
    let qwac = qwac.map(|facts| (CertificateUse::Qwac, facts));
    qwac.into_iter().chain(qseal.map(|facts| (CertificateUse::Qseal, facts))).collect()
}

/// Whether nobody has told of it yet: then it is noted that we do. While the store does not answer, the next run tells;
/// if it is not known whether it was noted, it is rather told twice.
async fn is_news(deps: &Deps, certificate: &EndingCertificate, facts: &CertificateFacts) -> bool {
    let id = warning_id(certificate, facts);
    match deps.store.load::<Warning>(&id).await {
        Ok(Some(_)) | Err(_) => return false,
        Ok(None) => {}
    }
    let warning = Warning { id, told_at: deps.now() };
    match deps.store.commit(Change::new().create(&warning)).await {
        Ok(()) | Err(CommitError::Failed(_)) => true,
        Err(CommitError::Refused) => false,
    }
}

/// One for each certificate, its use at a bank, and number of days.
fn warning_id(certificate: &EndingCertificate, facts: &CertificateFacts) -> String {
    let mut fingerprint = String::with_capacity(2 * PREFIX);
    for byte in &facts.sha256[..PREFIX] {
        // Writing to a string does not fail.
        let _ = write!(fingerprint, "{byte:02x}");
    }
    let EndingCertificate { bank, usage, days, .. } = certificate;
    format!("certificate.{bank}.{}.{fingerprint}.{days}", usage.name())
}
