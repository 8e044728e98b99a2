//! What a certificate must be before it is used.

use jiff::Timestamp;

use super::{CertificateFacts, PspRole, QualifiedType, Validity};

/// What a certificate is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Usage {
    /// Mutual TLS with a bank: it must be a QWAC.
    Transport,
    /// Signing requests to a bank: it must be a QSEAL.
    Seal,
}

impl Usage {
    /// The type that a qualified certificate must have for this.
    pub const fn qualified_type(self) -> QualifiedType {
        match self {
            Self::Transport => QualifiedType::Web,
            Self::Seal => QualifiedType::Seal,
        }
    }
}

/// What a bank's document asks of a certificate of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Demand {
    /// What it is to be used for.
    pub usage: Usage,
    /// Whether one without the statements of PSD2 is taken, such as banks issue for their sandboxes. One that says that
    /// it is of another type is refused all the same.
    pub accepts_unqualified: bool,
}

impl Demand {
    /// What the law asks of a certificate for this use.
    pub const fn qualified(usage: Usage) -> Self {
        Self { usage, accepts_unqualified: false }
    }

    /// Whether the certificate is one for this use. Says nothing of its time.
    pub fn check(self, facts: &CertificateFacts) -> Result<(), Misfit> {
        let wanted = self.usage.qualified_type();
        if let Some(found) = facts.types.first().filter(|_| !facts.types.contains(&wanted)) {
            return Err(Misfit::OtherType { wanted: wanted.name(), found: found.name() });
        }
        if facts.types.is_empty() && !self.accepts_unqualified {
            return Err(Misfit::NoType { wanted: wanted.name() });
        }
        let is_silent = facts.roles.is_empty() && self.accepts_unqualified;
        if facts.roles.contains(&PspRole::AccountInformation) || is_silent {
            Ok(())
        } else {
            Err(Misfit::NoRole { missing: PspRole::AccountInformation.name() })
        }
    }

    /// Whether it holds at that time as well.
    pub fn check_at(self, facts: &CertificateFacts, now: Timestamp) -> Result<(), Misfit> {
        self.check(facts)?;
        facts.check_time(now)
    }
}

impl CertificateFacts {
    /// Whether it holds at that time.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Misfit> {
        match self.validity(now) {
            Validity::Current => Ok(()),
            Validity::NotYet => Err(Misfit::NotYetValid { from: self.not_before }),
            Validity::Over => Err(Misfit::Expired { since: self.not_after }),
        }
    }
}

/// Why a certificate is not the one to use. The text is for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It says that it is for something else.
    #[error("the certificate is a {found}, but a {wanted} is needed")]
    OtherType {
        /// What is needed.
        wanted: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// It does not say what it is for.
    #[error("the certificate has no type in its QcStatements, but a {wanted} is needed")]
    NoType {
        /// What is needed.
        wanted: &'static str,
    },
    /// Its owner may not do what the hub does.
    #[error("the certificate lacks the role {missing}")]
    NoRole {
        /// The role's name.
        missing: &'static str,
    },
    /// Its time has not come.
    #[error("the certificate is not valid before {from}")]
    NotYetValid {
        /// When it comes.
        from: Timestamp,
    },
    /// Its time is over.
    #[error("the certificate expired at {since}")]
    Expired {
        /// When it ended.
        since: Timestamp,
    },
}

impl Misfit {
    /// Whether only the time is wrong.
    pub const fn is_of_time(&self) -> bool {
        matches!(self, Self::NotYetValid { .. } | Self::Expired { .. })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{super::tests::qwac, *};

    const TRANSPORT: Demand = Demand::qualified(Usage::Transport);
    const SEAL: Demand = Demand::qualified(Usage::Seal);

    fn lenient(demand: Demand) -> Demand {
        Demand { accepts_unqualified: true, ..demand }
    }

    #[test]
    fn a_certificate_is_for_what_it_says() {
        assert_eq!(TRANSPORT.check(&qwac()), Ok(()));
        let other = |demand: Demand, facts: &CertificateFacts| {
            assert_eq!(lenient(demand).check(facts), demand.check(facts), "leniency is for those that say nothing");
            demand.check(facts).unwrap_err().to_string()
        };
        assert_eq!(other(SEAL, &qwac()), "the certificate is a QWAC, but a QSEAL is needed");
        let qseal = CertificateFacts { types: BTreeSet::from([QualifiedType::Seal]), ..qwac() };
        assert_eq!(SEAL.check(&qseal), Ok(()));
        assert_eq!(other(TRANSPORT, &qseal), "the certificate is a QSEAL, but a QWAC is needed");
        let both = CertificateFacts { types: BTreeSet::from([QualifiedType::Seal, QualifiedType::Web]), ..qwac() };
        assert_eq!((TRANSPORT.check(&both), SEAL.check(&both)), (Ok(()), Ok(())));
    }

    #[test]
    fn one_that_says_nothing_is_taken_only_where_the_document_says_so() {
        let silent = CertificateFacts { types: BTreeSet::new(), roles: BTreeSet::new(), ..qwac() };
        assert_eq!(TRANSPORT.check(&silent), Err(Misfit::NoType { wanted: "QWAC" }));
        assert_eq!(lenient(TRANSPORT).check(&silent), Ok(()));
    }

    #[test]
    fn its_owner_must_be_allowed_to_read_accounts() {
        let roles = BTreeSet::from([PspRole::PaymentInitiation]);
        let payments = CertificateFacts { roles, ..qwac() };
        assert_eq!(TRANSPORT.check(&payments), Err(Misfit::NoRole { missing: "PSP_AI" }));
        assert_eq!(lenient(TRANSPORT).check(&payments), Err(Misfit::NoRole { missing: "PSP_AI" }));
        let nobody = CertificateFacts { roles: BTreeSet::new(), ..qwac() };
        assert_eq!(TRANSPORT.check(&nobody), Err(Misfit::NoRole { missing: "PSP_AI" }));
    }

    #[test]
    fn its_time_must_have_come_and_not_be_over() {
        let at = |time: &str| TRANSPORT.check_at(&qwac(), time.parse().unwrap());
        assert_eq!(at("2026-11-21T00:00:00Z"), Ok(()));
        let early = at("2025-11-21T00:00:00Z").unwrap_err();
        assert_eq!(early.to_string(), "the certificate is not valid before 2026-01-01T00:00:00Z");
        let late = at("2027-11-21T00:00:00Z").unwrap_err();
        assert_eq!(late.to_string(), "the certificate expired at 2026-12-31T23:59:59Z");
        assert!(early.is_of_time() && late.is_of_time());
        assert!(!Misfit::NoRole { missing: "PSP_AI" }.is_of_time());
    }
}
