//! What the fuzz targets do: one function per parser of outside bytes, and the promise that any bytes are held to.
//!
//! The targets of `fuzz/` and the replay `tests/fuzz_corpus.rs` run these same functions, so that an ordinary test run
//! exercises every target. A function panics when a promise is broken, and tells whether the bytes were taken.
//!
//! Not here, because they cannot be reached without a network: key sets and answers before they are a `BankResponse`.

pub mod callers;
pub mod certificates;
pub mod dialect;
pub mod documents;
pub mod issuer;
pub mod oauth;
pub mod sealed;

mod answer;

use std::{error::Error, iter, sync::LazyLock};

use jiff::Timestamp;

use crate::{
    domain::bank::{Bank, OAuthProfile, Rotation},
    testing::samples,
};

/// What became of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are what the parser is for.
    Taken,
    /// They are not.
    Refused,
}

impl Verdict {
    const fn taken_if(taken: bool) -> Self {
        if taken { Self::Taken } else { Self::Refused }
    }

    /// Takes what was parsed; of an error, looks whether it quotes what it must not.
    fn of<T, E: Error>(outcome: &Result<T, E>) -> Self {
        if let Err(error) = outcome {
            tells_nothing(error);
        }
        Self::taken_if(outcome.is_ok())
    }
}

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of its function, its program and the folder of its seeds.
    pub name: &'static str,
    /// Its function.
    pub run: fn(&[u8]) -> Verdict,
}

macro_rules! targets {
    ($($module:ident: $($name:ident),+;)+) => {
        &[$($(Target { name: stringify!($name), run: $module::$name }),+),+]
    };
}

/// Every target.
pub const TARGETS: &[Target] = targets! {
    oauth: callback_query, token_answer, metadata_answer, revocation_answer;
    dialect: consent_created, consent_terms, consent_status, consent_ended, accounts_answer, balances_answer,
        transactions_answer, bank_link, card_accounts_answer, card_transactions_answer, transaction_answer;
    sealed: envelope, sealed_location, ticket, cursor;
    documents: bank_document, tenant_document, signing_certificate, audit_stream;
    certificates: certificate, identity_file;
    callers: access_token, access_claims, presence_claims, cookies, accept, trace_context, client_certificate;
};

/// A word that seeds carry where secrets and customers' data stand. No error may quote it.
const CANARY: &str = "canary";

/// What it is for every target.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// The bank that every target knows.
static BANK: LazyLock<Bank> = LazyLock::new(|| Bank { oauth: Some(profile()), ..samples::bank() });

fn profile() -> OAuthProfile {
    OAuthProfile { rotation: Rotation::Family, ..samples::oauth("https://api.bank.example/oauth") }
}

/// Neither the error nor what caused it quotes the canary.
fn tells_nothing(error: &dyn Error) {
    for cause in iter::successors(Some(error), |error| (*error).source()) {
        let told = format!("{cause} {cause:?}");
        assert!(!told.contains(CANARY), "an error quotes what was parsed: {told}");
    }
}
