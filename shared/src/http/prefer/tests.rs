use http::StatusCode;
use proptest::prelude::*;

use super::*;
use crate::{
    domain::meaning::Meaning,
    flows::{
        read::ReadError,
        snapshots::stands_in_the_way,
        trouble::{BankFault, Held, Trouble},
        vault::VaultError,
    },
    ports::{bank_http::BankHttpError, documents::StoreError},
    protocol::{
        berlin_group::{errors::AnswerError, refusal::BankRefusal},
        oauth::{metadata::MetadataError, token::TokenRefusal},
    },
};

/// The codes for which the last good answer is told, as `docs/snapshots.md` lists them.
const BRIDGED: [&str; 10] = [
    "quota_exhausted",
    "bank_rate_limited",
    "circuit_open",
    "spike_arrest",
    "bank_busy",
    "bank_maintenance",
    "bank_unreachable",
    "bank_timeout",
    "bank_unavailable",
    "refresh_busy",
];

fn failures() -> Vec<ReadError> {
    let at = Timestamp::UNIX_EPOCH;
    let held = [Held::CircuitOpen(at), Held::SpikeArrest(at), Held::Busy(at), Held::Quota { until: at, by_bank: true }];
    let http = [
        BankHttpError::Unreachable("".into()),
        BankHttpError::Broken("".into()),
        BankHttpError::Timeout,
        BankHttpError::QwacExpired("".into()),
        BankHttpError::TlsRejected("".into()),
        BankHttpError::CertificateRefused("".into()),
        BankHttpError::TooLarge,
        BankHttpError::Malformed("".into()),
    ];
    let refused = Meaning::ALL.iter().map(|meaning| {
        let refusal = BankRefusal { status: StatusCode::BAD_REQUEST, code: None, meaning: *meaning, retry_after: None };
        AnswerError::Refused(refusal).into()
    });
    let faults = http.map(BankFault::from).into_iter().chain([
        BankFault::from(AnswerError::NotJson),
        AnswerError::WrongAnswer.into(),
        MetadataError::Failed.into(),
        TokenRefusal::InvalidGrant.into(),
        TokenRefusal::InvalidClient.into(),
        TokenRefusal::Refused.into(),
        TokenRefusal::Closed.into(),
        TokenRefusal::Failed.into(),
        TokenRefusal::Unusable.into(),
    ]);
    let bank = faults.map(Trouble::Bank).chain(refused);
    let own = [
        Trouble::Maintenance(at),
        Trouble::Integrity,
        Trouble::Contention,
        Trouble::Store(StoreError::TooLarge),
        Trouble::Vault(VaultError::Integrity),
        Trouble::BankUnknown,
    ];
    let troubles = bank.chain(held.map(Trouble::from)).chain(own);
    let alone = [ReadError::Busy(at), ReadError::AccountUnknown, ReadError::AccountGone, ReadError::NotOffered];
    troubles.map(ReadError::from).chain(alone).collect()
}

#[test]
fn what_is_bridged_is_what_the_document_lists() {
    let mut met = std::collections::BTreeSet::new();
    for failure in failures() {
        let (bridged, told) = (stands_in_the_way(&failure), failure.to_string());
        let code = Problem::from(failure).code.name();
        assert_eq!(bridged, BRIDGED.contains(&code), "{code}: {told}");
        met.insert(code);
    }
    assert!(BRIDGED.iter().all(|code| met.contains(code)), "{met:?}");
    let document = include_str!("../../../../docs/snapshots.md");
    let (_, below) = document.split_once("## When").unwrap();
    let table: String =
        below.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|')).collect();
    let listed: Vec<_> = table.split('`').skip(1).step_by(2).collect();
    assert_eq!(listed, BRIDGED);
}

fn takes(lines: &[&str]) -> bool {
    takes_stale(&lines.iter().map(|line| (HeaderName::from_static(HEADER), line.parse().unwrap())).collect())
}

#[test]
fn is_found_among_other_preferences() {
    for lines in [
        &["stale-ok"][..],
        &["respond-async, stale-ok"],
        &["wait=10", "Stale-OK"],
        &["handling=lenient; x=\"a, b\", stale-ok"],
        &["stale-ok=\"\""],
        &["stale-ok ; max-age=3600"],
        &["foo=\"a\\\", stale-ok=no\", stale-ok"],
    ] {
        assert!(takes(lines), "{lines:?}");
    }
}

#[test]
fn is_not_read_into_anything_else() {
    for lines in [
        &[][..],
        &[""],
        &["stale"],
        &["stale-ok=no"],
        &["stale-ok=no, stale-ok"],
        &["x=\"stale-ok\""],
        &["x=\", stale-ok,\""],
        &["x; stale-ok"],
        &["x=\"never closed, stale-ok"],
    ] {
        assert!(!takes(lines), "{lines:?}");
    }
}

proptest! {
    #[test]
    fn parts_are_the_text_again(text in "[a-z,;=\"\\\\ ]{0,40}") {
        prop_assert_eq!(split(&text, ',').join(","), text);
    }

    #[test]
    fn other_preferences_change_nothing(names in prop::collection::vec("[a-r]{1,8}(=[a-z]{1,4})?", 0..5), at in 0..6_usize) {
        prop_assert!(!takes(&[&names.join(", ")]));
        let mut with = names;
        with.insert(at.min(with.len()), STALE_OK.to_owned());
        prop_assert!(takes(&[&with.join(",")]));
    }
}
