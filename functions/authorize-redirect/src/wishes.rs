//! What a PSU is to grant, and how the PSU is called at the bank, as the CRM tells it.

use std::fmt;

use serde::Deserialize;
use shared::{
    domain::{
        bank::{AccessRejected, Bank, ConsentKind},
        consent::{AccessWanted, Iban, WantedAccount},
        presence::{HeaderText, PsuAtBank},
        secret::{ExposeSecret, SecretString},
    },
    http::problem::{Code, Problem},
};
use utoipa::ToSchema;

/// How many accounts one consent may name.
const MOST_ACCOUNTS: usize = 100;

/// What the PSU is to grant.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentWish {
    /// The kind; the first of the bank's if absent.
    kind: Option<ConsentKind>,
    /// The accounts, for a dedicated consent.
    accounts: Option<Vec<WishedAccount>>,
    /// False for a consent that can be used once.
    recurring: Option<bool>,
}

/// An account that the PSU is to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WishedAccount {
    /// ISO 13616.
    iban: SecretText,
    /// ISO 4217, where the account has several currencies.
    currency: Option<String>,
}

/// How the PSU is called at the bank. Passed on to the bank and kept no longer than the journey takes; never a password.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamesAtBank {
    /// The name that the PSU logs in with (`PSU-ID`).
    id: Option<SecretText>,
    /// Its kind (`PSU-ID-Type`).
    id_type: Option<String>,
    /// The company's name at the bank (`PSU-Corporate-ID`).
    corporate_id: Option<SecretText>,
    /// Its kind (`PSU-Corporate-ID-Type`).
    corporate_id_type: Option<String>,
}

/// A text about a customer, which is not printed.
#[derive(Deserialize, ToSchema)]
#[schema(value_type = String)]
#[serde(transparent)]
pub struct SecretText(SecretString);

impl fmt::Debug for SecretText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretText(..)")
    }
}

/// What the consent is to open, if the bank grants that.
pub(crate) fn access(bank: &Bank, wish: ConsentWish) -> Result<AccessWanted, Problem> {
    let unsupported = || Problem::from(Code::ConsentKindUnsupported);
    let accounts = wish.accounts.unwrap_or_default();
    let accounts = accounts.iter().take(MOST_ACCOUNTS + 1).map(account).collect::<Result<Vec<_>, _>>()?;
    if accounts.len() > MOST_ACCOUNTS {
        return Err(Code::RequestInvalid.into());
    }
    let access = AccessWanted {
        kind: wish.kind.or(bank.consent.kinds.first().copied()).ok_or_else(unsupported)?,
        accounts,
        recurring: wish.recurring.unwrap_or(true),
    };
    bank.consent.admits(&access).map_err(|error| match error {
        AccessRejected::NotGranted => Problem::caused(Code::ConsentKindUnsupported, error),
        AccessRejected::Accounts => Problem::caused(Code::RequestInvalid, error),
    })?;
    Ok(access)
}

fn account(wished: &WishedAccount) -> Result<WantedAccount, Problem> {
    let iban =
        Iban::parse(wished.iban.0.expose_secret()).map_err(|error| Problem::caused(Code::RequestInvalid, error))?;
    let is_currency = |code: &String| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if wished.currency.as_ref().is_some_and(|code| !is_currency(code)) {
        return Err(Code::RequestInvalid.into());
    }
    Ok(WantedAccount { iban, currency: wished.currency.clone() })
}

/// How the PSU is called at the bank, as this bank wants it told.
pub(crate) fn psu_at_bank(bank: &Bank, names: &NamesAtBank) -> Result<PsuAtBank, Problem> {
    let text = |text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => HeaderText::parse(text).map(Some).ok_or(Problem::from(Code::RequestInvalid)),
    };
    let secret = |name: &Option<SecretText>| text(name.as_ref().map(|name| name.0.expose_secret()));
    let told = PsuAtBank {
        id: secret(&names.id)?,
        id_type: text(names.id_type.as_deref())?,
        corporate_id: secret(&names.corporate_id)?,
        corporate_id_type: text(names.corporate_id_type.as_deref())?,
    };
    bank.psu.fit(&told).map_err(|error| Problem::caused(Code::PsuIdRejected, error))
}
