//! What `docs/certificates.md` says of files and faults is what the code does.

use std::{fmt::Write, fs, io::ErrorKind};

use shared::{
    domain::certificate::Misfit, ports::identities::IdentityFault, protocol::certificate::UnreadableCertificate,
};

use crate::markdown::{code_words, document, files, hold_to, repository, table_below};

const DOCUMENT: &str = "docs/certificates.md";

/// Every fault there is, each once. A new one does not compile before it has a line here.
fn faults() -> Vec<IdentityFault> {
    let mut faults = Vec::new();
    let mut next = Some(IdentityFault::Unreadable(ErrorKind::NotFound));
    while let Some(fault) = next {
        next = after(&fault);
        faults.push(fault);
    }
    faults
}

fn after(fault: &IdentityFault) -> Option<IdentityFault> {
    Some(match fault {
        IdentityFault::Unreadable(_) => IdentityFault::TooLarge,
        IdentityFault::TooLarge => IdentityFault::Empty,
        IdentityFault::Empty => IdentityFault::NotPem,
        IdentityFault::NotPem => IdentityFault::Damaged,
        IdentityFault::Damaged => IdentityFault::NoCertificate,
        IdentityFault::NoCertificate => IdentityFault::NoKey,
        IdentityFault::NoKey => IdentityFault::EncryptedKey,
        IdentityFault::EncryptedKey => IdentityFault::SeveralKeys,
        IdentityFault::SeveralKeys => IdentityFault::StrayKey,
        IdentityFault::StrayKey => IdentityFault::UnusableKey,
        IdentityFault::UnusableKey => IdentityFault::KeyMismatch,
        IdentityFault::KeyMismatch => IdentityFault::LeafNotFirst(2),
        IdentityFault::LeafNotFirst(_) => IdentityFault::ChainOrder(3),
        IdentityFault::ChainOrder(_) => {
            IdentityFault::Certificate { position: 2, error: UnreadableCertificate::NotX509 }
        }
        IdentityFault::Certificate { position: 2, .. } => {
            IdentityFault::Certificate { position: 1, error: UnreadableCertificate::Statements }
        }
        IdentityFault::Certificate { .. } => IdentityFault::OtherOrganisation,
        IdentityFault::OtherOrganisation => Misfit::OtherType { wanted: "QWAC", found: "QSEAL" }.into(),
        IdentityFault::Misfit(Misfit::OtherType { .. }) => Misfit::NoType { wanted: "QWAC" }.into(),
        IdentityFault::Misfit(Misfit::NoType { .. }) => Misfit::NoRole { missing: "PSP_AI" }.into(),
        IdentityFault::Misfit(Misfit::NoRole { .. }) => Misfit::Expired { since: jiff::Timestamp::UNIX_EPOCH }.into(),
        IdentityFault::Misfit(Misfit::Expired { .. }) => {
            Misfit::NotYetValid { from: jiff::Timestamp::UNIX_EPOCH }.into()
        }
        IdentityFault::Misfit(Misfit::NotYetValid { .. }) => return None,
    })
}

#[test]
fn every_fault_of_a_file_is_listed() {
    let list = faults().iter().fold(String::new(), |mut list, fault| {
        writeln!(list, "- {fault}").unwrap();
        list
    });
    hold_to(DOCUMENT, "faults", &list);
}

#[test]
fn every_fault_of_the_list_is_held_off_by_tests_that_exist() {
    let sources: String = files(&repository(), "rs").iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let faults = table_below(&document(DOCUMENT), "## Faults, and what holds them off");
    assert_eq!(faults.len(), 14);
    for (number, row) in (1..).zip(&faults) {
        assert!(row[0].starts_with(&format!("L{number} ")), "{}", row[0]);
        assert_eq!(row[2].is_empty(), number == 14, "{}: is it tested?", row[0]);
        for test in code_words(&row[2]) {
            assert!(sources.contains(&format!("fn {test}(")), "{}: there is no test {test}", row[0]);
        }
    }
}

#[test]
fn every_alarm_is_listed() {
    let sources: String =
        files(&repository().join("shared/src"), "rs").iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let raised = sources.split("alert = \"").skip(1).filter_map(|rest| rest.split('"').next());
    let listed: Vec<_> =
        table_below(&document(DOCUMENT), "## When it is checked").into_iter().map(|row| row[0].clone()).collect();
    let mut count = 0;
    for alarm in raised.filter(|alarm| alarm.starts_with("certificate_") || alarm.starts_with("seal_")) {
        assert!(listed.contains(&format!("`{alarm}`")), "{alarm} is not listed");
        count += 1;
    }
    assert!(count >= listed.len(), "an alarm is listed that nobody raises");
}
