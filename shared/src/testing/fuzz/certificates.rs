//! Certificates and keys, as operators lay them into files.

use super::{CANARY, Verdict};
use crate::{
    adapters::identity_files::{self, KeyPlace},
    domain::{
        certificate::{Demand, Usage},
        secret::ExposeSecret,
    },
    protocol::{
        certificate::{QcStatements, facts},
        http_signature::SigningCertificate,
    },
};

/// A certificate in PEM or DER, or the value of its `qcStatements` alone. What one that is taken says is told in lines of
/// visible text.
pub fn certificate(data: &[u8]) -> Verdict {
    if let Some(statements) = QcStatements::parse(data) {
        let authority = statements.authority.iter().flat_map(|authority| [&authority.name, &authority.id]);
        authority.for_each(|text| assert_plain(text));
        return Verdict::Taken;
    }
    let pem = SigningCertificate::from_pem(data);
    let read = facts(pem.as_ref().map_or(data, SigningCertificate::der));
    if let Ok(facts) = &read {
        let texts = [Some(&facts.issuer), Some(&facts.subject), facts.organisation_identifier.as_ref()];
        texts.into_iter().flatten().for_each(|text| assert_plain(text));
        assert!(facts.serial.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'), "{}", facts.serial);
        assert_eq!(facts.fingerprint().len(), 64);
    }
    Verdict::of(&read)
}

fn assert_plain(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

/// A file with a QWAC. One that is taken has a key and a chain, and is what is demanded; one that is refused is not quoted.
pub fn identity_file(data: &[u8]) -> Verdict {
    let demand = Demand::qualified(Usage::Transport);
    let read = identity_files::parse(data, demand, KeyPlace::Beside);
    if let Ok(identity) = &read {
        assert_eq!(demand.check(&identity.facts), Ok(()));
        assert!(!identity.key.expose_secret().is_empty() && !identity.chain.is_empty());
        assert!(identity.chain.iter().all(|der| facts(der).is_ok()));
        assert!(!format!("{identity:?}").contains(CANARY), "the file is quoted");
    }
    Verdict::of(&read)
}
