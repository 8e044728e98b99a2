//! Attempts to have a consent authorised (`/consents/{consent}/authorisations`).

use serde::{Deserialize, Deserializer, Serialize};

use super::GrantedAccount;

/// One attempt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Authorisation {
    pub(crate) id: String,
    pub(crate) status: ScaStatus,
    /// What waits for the third party's confirmation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approval: Option<Approval>,
}

/// `scaStatus` of the Berlin Group, as far as redirects and apps get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ScaStatus {
    Received,
    PsuAuthenticated,
    /// The bank's app is asking.
    Started,
    /// The customer agreed; the third party has to confirm.
    Unconfirmed,
    Finalised,
    Failed,
}

/// A customer's yes that is not confirmed yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Approval {
    pub(crate) customer: String,
    pub(crate) accounts: Vec<Chosen>,
    pub(crate) code_sha256: String,
}

/// An account that the customer agreed to share.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Chosen {
    pub(crate) granted: GrantedAccount,
    pub(crate) currency: String,
}

impl Authorisation {
    /// A new attempt.
    pub(crate) fn received(id: String) -> Self {
        Self { id, status: ScaStatus::Received, approval: None }
    }

    /// The customer has logged in.
    pub(crate) fn authenticated(&mut self) {
        if self.status == ScaStatus::Received {
            self.status = ScaStatus::PsuAuthenticated;
        }
    }

    /// The bank's app is asking.
    pub(crate) fn started(&mut self) {
        self.status = ScaStatus::Started;
    }

    /// Whether the customer has still to decide.
    pub(crate) const fn is_undecided(&self) -> bool {
        matches!(self.status, ScaStatus::Received | ScaStatus::PsuAuthenticated | ScaStatus::Started)
    }
}

/// Reads attempts as they are saved, also by a bank that knew only one.
pub(super) fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Authorisation>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Saved {
        Several(Vec<Authorisation>),
        One(Authorisation),
    }
    Ok(match Saved::deserialize(from)? {
        Saved::Several(all) => all,
        Saved::One(one) => vec![one],
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::consent::tests::{TODAY, consent};
    use crate::consent::{Consent, ConsentStatus, ScaStatus};
    use crate::fingerprint::sha256_hex;

    use super::*;

    fn unconfirmed() -> Consent {
        let mut consent = consent("c1", json!({ "accounts": [] }));
        let approval =
            Approval { customer: "anna-schmidt".to_owned(), accounts: Vec::new(), code_sha256: sha256_hex(b"code") };
        consent.approve_unconfirmed("c1-sca", approval);
        consent
    }

    fn standing(consent: &Consent) -> (ConsentStatus, ScaStatus) {
        (consent.status_on(TODAY), consent.authorisations[0].status)
    }

    #[test]
    fn waits_for_the_right_code() {
        let mut consent = unconfirmed();
        assert_eq!(standing(&consent), (ConsentStatus::Received, ScaStatus::Unconfirmed));
        assert_eq!(consent.confirm("c1-sca", &sha256_hex(b"code"), TODAY), Some(true));
        assert_eq!(standing(&consent), (ConsentStatus::Valid, ScaStatus::Finalised));
        assert_eq!(consent.confirm("c1-sca", &sha256_hex(b"code"), TODAY), None);
    }

    #[test]
    fn ends_the_consent_over_a_wrong_code() {
        let mut consent = unconfirmed();
        assert_eq!(consent.confirm("c1-sca", &sha256_hex(b"guess"), TODAY), Some(false));
        assert_eq!(standing(&consent), (ConsentStatus::Rejected, ScaStatus::Failed));
        assert_eq!(consent.confirm("c1-sca", &sha256_hex(b"code"), TODAY), None);
    }

    #[test]
    fn reads_what_an_earlier_bank_saved() {
        let mut saved = serde_json::to_value(consent("c1", json!({ "accounts": [] }))).unwrap();
        let all = saved.as_object_mut().unwrap();
        all.remove("authorisations");
        all.insert("authorisation".to_owned(), json!({ "id": "a1", "status": "psuAuthenticated" }));
        let read: Consent = serde_json::from_value(saved).unwrap();
        assert_eq!(read.authorisations[0].id, "a1");
    }
}
