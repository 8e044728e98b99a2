//! Secrets in files: what banks know us by, seals, and the key of keyed hashes. Told is who they are of and when they end.

use std::path::Path;

use jiff::Timestamp;
use shared::{
    adapters::{
        identity_files::{KeyPlace, read},
        pseudonym_key_file,
    },
    domain::{
        bank::Bank,
        certificate::{CertificateFacts, Usage},
    },
    ports::seals::{SealError, Seals},
};

use crate::{
    doctor::{
        finding::{Finding, What},
        kind::Kind,
    },
    failure::one_line,
};

/// Days from which on a new certificate is due, is urgent, and is late.
const DUE: u64 = 30;
const URGENT: u64 = 14;
const LATE: u64 = 7;

const ROLL_OVER: &str = "roll over to a new certificate; docs/certificates.md";

/// Whether the key of keyed hashes can be read.
pub fn pseudonym_key(file: &Path) -> Finding {
    let what = What::all(Kind::PseudonymKey);
    match pseudonym_key_file::read(file) {
        Ok(_) => Finding::ok(&what, "the file holds a key"),
        Err(error) => Finding::fail(
            &what,
            one_line(&error),
            "add a version to the secret hub-pseudonym, and see that it is mounted",
        ),
    }
}

/// Whether the file that a bank's document names is what the bank can know us by.
pub fn identity(bank: &Bank, now: Timestamp) -> Finding {
    let what = What::one(Kind::Identity, &bank.id);
    let file = &bank.tls.identity_file;
    match read(file, bank.tls.demand(Usage::Transport), KeyPlace::Beside) {
        Ok(identity) => judge(&what, &identity.facts, now),
        Err(fault) => {
            let advice =
                "see that the secret has a version and is mounted there; docs/certificates.md says what it holds";
            Finding::fail(&what, format!("{}: {fault}", file.display()), advice)
        }
    }
}

/// Whether requests to a bank can be sealed. Nothing is signed: a seal is as good as a company's stamp.
pub async fn seal(seals: &dyn Seals, bank: &Bank, now: Timestamp) -> Finding {
    let what = What::one(Kind::Seal, &bank.id);
    match seals.seal(bank).await {
        Ok(seal) => judge(&what, seal.facts(), now),
        Err(SealError::NotValid(misfit)) => Finding::fail(&what, misfit, ROLL_OVER),
        Err(error) => {
            Finding::fail(&what, one_line(&error), "docs/certificates.md says what a seal's file and key must be")
        }
    }
}

fn judge(what: &What, facts: &CertificateFacts, now: Timestamp) -> Finding {
    if let Err(misfit) = facts.check_time(now) {
        return Finding::fail(what, misfit, ROLL_OVER);
    }
    let days = facts.days_left(now);
    let types: Vec<_> = facts.types.iter().map(|kind| kind.name()).collect();
    let roles: Vec<_> = facts.roles.iter().map(|role| role.name()).collect();
    let kind = if types.is_empty() { "no type".to_owned() } else { types.join(", ") };
    let roles = if roles.is_empty() { "no roles".to_owned() } else { roles.join(", ") };
    let found = format!("{kind}, {roles}, {days} days left");
    if days <= LATE {
        Finding::fail(what, found, format!("at once: {ROLL_OVER}"))
    } else if days <= URGENT {
        Finding::warn(what, found, format!("this week: {ROLL_OVER}"))
    } else if days <= DUE {
        Finding::warn(what, found, ROLL_OVER)
    } else {
        Finding::ok(what, found)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use jiff::SignedDuration;
    use shared::domain::certificate::{PspRole, QualifiedType};

    use super::*;
    use crate::doctor::finding::Standing;

    fn facts(ends: Timestamp) -> CertificateFacts {
        CertificateFacts {
            types: BTreeSet::from([QualifiedType::Web]),
            qualified: true,
            roles: BTreeSet::from([PspRole::AccountInformation]),
            authority: None,
            organisation_identifier: None,
            serial: "1".to_owned(),
            issuer: "CN=issuer".to_owned(),
            subject: "CN=tpp".to_owned(),
            not_before: Timestamp::UNIX_EPOCH,
            not_after: ends,
            sha256: [0; 32],
        }
    }

    #[test]
    fn the_end_is_told_in_good_time() {
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        let judged = |days: i64| {
            let ends = now.checked_add(SignedDuration::from_hours(days * 24 + 1)).unwrap();
            judge(&What::all(Kind::Identity), &facts(ends), now)
        };
        for (days, expected) in [(31, Standing::Ok), (30, Standing::Warn), (8, Standing::Warn), (7, Standing::Fail)] {
            let found = judged(days);
            assert_eq!(found.status, expected, "{found}");
            assert_eq!(found.found, format!("QWAC, PSP_AI, {days} days left"));
        }
        assert!(judged(14).advice.unwrap().starts_with("this week"));
        let over = judged(-2);
        assert_eq!(over.status, Standing::Fail);
        assert!(over.found.starts_with("the certificate expired at "), "{over}");
    }

    #[test]
    fn a_pseudonym_key_is_read_and_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        assert_eq!(pseudonym_key(&file).status, Standing::Fail);
        fs::write(&file, "c2VjcmV0IHRoYXQgaXMgbm8ga2V5").unwrap();
        let found = pseudonym_key(&file);
        assert_eq!(found.status, Standing::Fail);
        assert!(!found.to_string().contains("c2Vj"), "{found}");
        fs::write(&file, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").unwrap();
        assert_eq!(pseudonym_key(&file).status, Standing::Ok);
    }
}
