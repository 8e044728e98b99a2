//! What one bank gives of accounts, balances and transactions, and what must be mended in it: plain data, part of what
//! a bank is. The default of everything is the plain standard.

mod listing;
mod records;
mod refusals;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    listing::{BookingRules, BookingStatus, DateWindow, Downloads, LinkLie, NullHost, PageStyle, Paging},
    records::{
        AccountRules, AmountRules, BalanceRules, BalanceSource, ContentField, DateField, DateRules, DateTimes,
        IdRecipe, Remittance, RemittanceSource, Rename, SignRule, TrustedId, ValueRename,
    },
    refusals::{ErrorRule, Lapsing},
};

/// How one bank's data calls differ from the plain standard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DataProfile {
    /// Which transactions can be asked for.
    pub booking: BookingRules,
    /// Which days can be asked for.
    pub window: DateWindow,
    /// How long lists go on.
    pub paging: Paging,
    /// Whether transactions since a known entry can be asked for (`entryReferenceFrom`).
    pub entry_reference_from: bool,
    /// What becomes of a list that is offered as a download.
    pub downloads: Downloads,
    /// Accounts.
    pub accounts: AccountRules,
    /// Balances.
    pub balances: BalanceRules,
    /// Signs.
    pub amounts: AmountRules,
    /// Days.
    pub dates: DateRules,
    /// How the hub names transactions.
    pub ids: IdRecipe,
    /// Where a payment's text stands, and what is no part of it.
    pub remittance: Remittance,
    /// Members of records that the bank spells otherwise.
    pub renames: Vec<Rename>,
    /// Values of members that the bank spells otherwise.
    pub values: Vec<ValueRename>,
    /// What refusals mean at this bank. The first rule that holds comes before the standard's table.
    pub errors: Vec<ErrorRule>,
    /// What is believed of a consent that the bank calls expired.
    pub lapsing: Lapsing,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DataProfile, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_table_is_the_plain_standard() {
        let plain = read("").unwrap();
        assert_eq!(plain, DataProfile::default());
        assert!(plain.booking.offers(BookingStatus::Both) && plain.errors.is_empty());
        assert_eq!((plain.window.default_days, plain.window.slice_days), (90, None));
        assert_eq!((plain.paging.style, plain.paging.self_link), (PageStyle::Links, LinkLie::Refuse));
    }

    #[test]
    fn every_knob_can_be_written() {
        let profile = read(
            r#"
            entry_reference_from = true
            downloads = "follow"
            renames = [{ from = "optMaxLength", to = "maxLength" }]
            values = [{ member = "status", from = "ACTIVE", to = "enabled" }]
            errors = [{ status = 403, code = "GONE", text_contains = "consent", meaning = "consent_expired" }]
            lapsing = { not_before_days = 30 }
            booking = { offered = ["booked", "information"], fallback = false }
            window = { oldest_days_attended = 720, oldest_days_background = 90, default_days = 30, slice_days = 30 }
            paging = { style = "index", first = 1, size = 50, self_link = "end", other_resource = "end", null_host = "repair" }
            accounts = { card_accounts = true, closed_absent = true }
            balances = { source = "account-call", in_account_list = true, booked = ["CLBD"], available = ["XPCD"] }
            amounts = { accounts = "by-parties", cards = "inverted" }
            dates = { booking_date = ["value-date"], times = "convert", utc_offset_minutes = 60 }
            ids = { trusted = [], content = ["value-date", "amount"] }
            remittance = { sources = ["structured"], strip_prefixes = ["SEPA "], strip_suffixes = ["//"] }
            "#,
        )
        .unwrap();
        assert_eq!(profile.dates.utc_offset_minutes, 60);
        assert_eq!(profile.errors[0].status, Some(403));
        assert!(!profile.booking.offers(BookingStatus::Both));
        assert!(profile.ids.trusted.is_empty());
    }

    #[test]
    fn a_misspelt_knob_or_value_is_an_error() {
        for bad in [
            "colour = 1",
            "paging = { styl = \"links\" }",
            "downloads = \"always\"",
            "errors = [{ meaning = \"bad_mood\" }]",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_profile_has_a_schema() {
        let schema = serde_json::to_value(schemars::schema_for!(DataProfile)).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        for knob in ["booking", "window", "paging", "errors", "ids"] {
            assert!(schema["properties"][knob].is_object(), "{knob}");
        }
    }
}
