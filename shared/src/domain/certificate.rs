//! What a certificate of ours says of itself, and what the hub asks of one before it uses it.

mod demand;
mod trust_service;

use std::{collections::BTreeSet, fmt::Write, time::Duration};

use jiff::Timestamp;

pub use self::{
    demand::{Demand, Misfit, Usage},
    trust_service::{CompetentAuthority, PspRole, QualifiedType},
};

/// What an X.509 certificate says, as far as the hub, banks and operators care. Nothing here is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// What it may be used for (ETSI EN 319 412-5 §4.2.3); none if it does not say, as certificates that banks issue for
    /// their sandboxes.
    pub types: BTreeSet<QualifiedType>,
    /// Whether it says that it is qualified (ETSI EN 319 412-5 §4.2.1).
    pub qualified: bool,
    /// The roles of its owner (ETSI TS 119 495 §5.1).
    pub roles: BTreeSet<PspRole>,
    /// Who authorised its owner (ETSI TS 119 495 §5.2.3).
    pub authority: Option<CompetentAuthority>,
    /// Its owner's number: `organizationIdentifier` of the subject, `PSDDE-BAFIN-123456` or the like.
    pub organisation_identifier: Option<String>,
    /// Its serial number in small hexadecimal letters, without leading zeroes.
    pub serial: String,
    /// Who issued it: a name of RFC 2253, the most specific part first.
    pub issuer: String,
    /// Whom it is of, written like the issuer.
    pub subject: String,
    /// From when on it holds.
    pub not_before: Timestamp,
    /// Until when it holds, this second included (RFC 5280 §4.1.2.5).
    pub not_after: Timestamp,
    /// SHA-256 of its DER.
    pub sha256: [u8; 32],
}

/// Whether a certificate holds at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// It will.
    NotYet,
    /// It does.
    Current,
    /// It did.
    Over,
}

impl CertificateFacts {
    /// Whether it holds at that time.
    pub fn validity(&self, now: Timestamp) -> Validity {
        if now < self.not_before {
            Validity::NotYet
        } else if now > self.not_after {
            Validity::Over
        } else {
            Validity::Current
        }
    }

    /// How long it still holds; nothing once it is over.
    pub fn left(&self, now: Timestamp) -> Duration {
        Duration::try_from(self.not_after.duration_since(now)).unwrap_or_default()
    }

    /// Whole days that it still holds.
    pub fn days_left(&self, now: Timestamp) -> u64 {
        self.left(now).as_secs() / 86_400
    }

    /// Its fingerprint: the SHA-256 of its DER in small hexadecimal letters.
    pub fn fingerprint(&self) -> String {
        self.sha256.iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing into a text does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The facts of a good QWAC of 2026.
    pub(crate) fn qwac() -> CertificateFacts {
        CertificateFacts {
            types: BTreeSet::from([QualifiedType::Web]),
            qualified: true,
            roles: BTreeSet::from([PspRole::AccountInformation]),
            authority: None,
            organisation_identifier: Some("PSDDE-BAFIN-123456".to_owned()),
            serial: "1f".to_owned(),
            issuer: "CN=QTSP,C=DE".to_owned(),
            subject: "CN=tpp.example,C=DE".to_owned(),
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2026-12-31T23:59:59Z".parse().unwrap(),
            sha256: [0x0a; 32],
        }
    }

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn holds_from_its_first_to_its_last_second() {
        let qwac = qwac();
        assert_eq!(qwac.validity(at("2025-12-31T23:59:59Z")), Validity::NotYet);
        assert_eq!(qwac.validity(at("2026-01-01T00:00:00Z")), Validity::Current);
        assert_eq!(qwac.validity(at("2026-12-31T23:59:59Z")), Validity::Current);
        assert_eq!(qwac.validity(at("2027-01-01T00:00:00Z")), Validity::Over);
    }

    #[test]
    fn counts_whole_days_to_its_end() {
        let qwac = qwac();
        assert_eq!(qwac.days_left(at("2026-12-01T23:59:59Z")), 30);
        assert_eq!(qwac.days_left(at("2026-12-31T00:00:00Z")), 0);
        assert_eq!(qwac.days_left(at("2027-02-01T00:00:00Z")), 0);
    }

    #[test]
    fn has_a_fingerprint_of_two_letters_a_byte() {
        assert_eq!(qwac().fingerprint(), "0a".repeat(32));
    }
}
