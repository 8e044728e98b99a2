//! What the forms of the pages and of the app send.

use url::form_urlencoded;

use crate::accounts::iban::Iban;

/// The form of the consent page. Anything but a clear yes is a no.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) visit: String,
    /// In the app, where there are no visits.
    pub(super) consent: String,
    pub(super) approved: bool,
    pub(super) accounts: Vec<Iban>,
}

impl Choice {
    pub(super) fn read(body: &[u8]) -> Self {
        let mut choice = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match name.as_ref() {
                "visit" => choice.visit = value.into_owned(),
                "consent" => choice.consent = value.into_owned(),
                "decision" => choice.approved = value == "approve",
                "account" => choice.accounts.extend(Iban::parse(&value)),
                _ => {}
            }
        }
        choice
    }
}
