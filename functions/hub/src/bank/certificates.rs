//! The certificates that a document names.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use shared::{
    adapters::identity_files::{KeyPlace, read},
    domain::{
        bank::{Bank, SealKey},
        certificate::{CertificateFacts, Demand, Usage},
    },
    ports::identities::Identity,
    protocol::http_signature::SigningCertificate,
};

/// A certificate of ours, read from its file.
pub struct Certificate {
    /// What it is for.
    usage: Usage,
    file: PathBuf,
    identity: Identity,
}

/// What is wrong with one, in words for the operator.
pub struct Wrong(pub String);

/// The QWAC, and the QSEAL if there is one; or what is wrong with each.
pub fn load(bank: &Bank, now: Timestamp) -> (Vec<Certificate>, Vec<Wrong>) {
    let transport = (Usage::Transport, bank.tls.identity_file.as_path(), KeyPlace::Beside);
    let seal = bank.seal.as_ref().map(|seal| match &seal.key {
        SealKey::File(file) => (Usage::Seal, file.as_path(), KeyPlace::Beside),
        SealKey::CloudKms { certificate, .. } => (Usage::Seal, certificate.as_path(), KeyPlace::Elsewhere),
    });
    let mut good = Vec::new();
    let mut wrong = Vec::new();
    for (usage, file, key) in [Some(transport), seal].into_iter().flatten() {
        match load_one(usage, file, key, bank, now) {
            Ok(certificate) => good.push(certificate),
            Err(what) => wrong.push(Wrong(format!("{}: {what}", file.display()))),
        }
    }
    (good, wrong)
}

fn load_one(usage: Usage, file: &Path, key: KeyPlace, bank: &Bank, now: Timestamp) -> Result<Certificate, String> {
    let demand = Demand { usage, accepts_unqualified: bank.tls.accepts_unqualified };
    let identity = read(file, demand, key).map_err(|fault| fault.to_string())?;
    identity.facts.check_time(now).map_err(|misfit| misfit.to_string())?;
    Ok(Certificate { usage, file: file.to_owned(), identity })
}

impl Certificate {
    /// As signatures tell it, if this is the seal.
    pub fn for_signing(&self) -> Option<SigningCertificate> {
        let leaf = self.identity.chain.first().filter(|_| self.usage == Usage::Seal)?;
        SigningCertificate::from_der(leaf).ok()
    }

    /// What it says, line by line.
    pub fn describe(&self, now: Timestamp) -> String {
        let CertificateFacts { subject, issuer, serial, organisation_identifier, roles, .. } = &self.identity.facts;
        let types: Vec<_> = self.identity.facts.types.iter().map(|kind| kind.name()).collect();
        let roles: Vec<_> = roles.iter().map(|role| role.name()).collect();
        let facts = &self.identity.facts;
        let lines = [
            ("file", self.file.display().to_string()),
            ("subject", subject.clone()),
            ("issuer", issuer.clone()),
            ("serial", serial.clone()),
            ("organisation", organisation_identifier.clone().unwrap_or_else(|| "none".to_owned())),
            ("type", said(&types)),
            ("roles", said(&roles)),
            ("chain", format!("{} certificates", self.identity.chain.len())),
            ("ends", format!("{}, {} days left", facts.not_after, facts.days_left(now))),
        ];
        let name = self.usage.qualified_type().name();
        lines.iter().fold(format!("{name}\n"), |text, (what, value)| format!("{text}  {what:<13}{value}\n"))
    }
}

fn said(words: &[&str]) -> String {
    if words.is_empty() { "not said".to_owned() } else { words.join(", ") }
}
