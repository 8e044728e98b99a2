//! What can be asked of accounts, balances and transactions.

use jiff::civil::Date;
use serde::Deserialize;
use shared::{
    domain::data_profile::BookingStatus,
    flows::read::{Partial, Wanted, WantedList},
    http::problem::{Code, Problem},
};
use utoipa::{IntoParams, ToSchema};

/// How records are wanted.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RecordParams {
    /// `true` to have with every record the bank's own JSON of it, in the member `raw`.
    #[serde(default)]
    pub raw: bool,
}

/// What is wanted of the accounts.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AccountsParams {
    /// `true` to have with every record the bank's own JSON of it, in the member `raw`.
    #[serde(default)]
    pub raw: bool,
    /// `balances` to have the balances of every account, with as few calls to the bank as it allows.
    #[param(inline)]
    with: Option<With>,
    /// With `with=balances`: `refuse` (if not given) to have all balances or a problem, `allow` to have with each
    /// account its balances or its own problem.
    #[param(inline)]
    partial: Option<PartialWord>,
}

/// What can be had with accounts.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum With {
    /// Their balances.
    Balances,
}

/// What becomes of an answer of which parts are missing.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PartialWord {
    /// Each part has its own status.
    Allow,
    /// There is none.
    Refuse,
}

impl AccountsParams {
    /// Whether balances are wanted, and what if some are missing.
    pub fn balances(self) -> Result<Option<Partial>, Problem> {
        match (self.with, self.partial) {
            (Some(With::Balances), Some(PartialWord::Allow)) => Ok(Some(Partial::Allow)),
            (Some(With::Balances), Some(PartialWord::Refuse) | None) => Ok(Some(Partial::Refuse)),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Code::RequestInvalid.into()),
        }
    }
}

/// Which transactions are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TransactionParams {
    /// From this day on; if not given, as far back as is usual at the bank: 90 days at most banks.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// To this day; today if not given.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<Date>,
    /// `booked` (if not given), `pending`, `both`, `information` (standing orders) or `all`.
    #[param(inline)]
    status: Option<BookingStatus>,
    /// Only what came after the entry of this `entry_reference`, at banks that have it; instead of `from`.
    since: Option<String>,
    /// Where the list goes on; stands alone but for `raw`.
    cursor: Option<String>,
    /// `true` to have with every record the bank's own JSON of it, in the member `raw`.
    #[serde(default)]
    pub raw: bool,
}

/// The longest reference that is asked for.
const LONGEST_REFERENCE: usize = 256;

impl TransactionParams {
    /// The list or page that is wanted.
    pub fn wanted(self) -> Result<Wanted, Problem> {
        match self {
            Self { from: None, to: None, status: None, since: None, cursor: Some(cursor), raw: _ } => {
                Ok(Wanted::Next(cursor))
            }
            Self { from, to, status, since, cursor: None, raw: _ } => {
                let backwards = from.zip(to).is_some_and(|(from, to)| to < from);
                let is_reference = |text: &String| (1..=LONGEST_REFERENCE).contains(&text.len());
                let two_beginnings = from.is_some() && since.is_some();
                if backwards || two_beginnings || !since.iter().all(is_reference) {
                    return Err(Code::RequestInvalid.into());
                }
                Ok(Wanted::List(WantedList { status: status.unwrap_or(BookingStatus::Booked), from, to, since }))
            }
            _ => Err(Code::RequestInvalid.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wanted(query: Value) -> Option<Wanted> {
        serde_json::from_value::<TransactionParams>(query).ok()?.wanted().ok()
    }

    #[test]
    fn asks_for_booked_transactions_unless_told_otherwise() {
        let Some(Wanted::List(list)) = wanted(json!({})) else { panic!() };
        assert_eq!(list, WantedList { status: BookingStatus::Booked, from: None, to: None, since: None });
    }

    #[test]
    fn a_cursor_stands_alone() {
        assert!(matches!(wanted(json!({"cursor": "c"})), Some(Wanted::Next(_))));
        assert!(matches!(wanted(json!({"cursor": "c", "raw": true})), Some(Wanted::Next(_))));
        for other in [json!({"from": "2026-01-01"}), json!({"status": "booked"}), json!({"since": "e"})] {
            let mut query = other;
            query["cursor"] = json!("c");
            assert!(wanted(query).is_none());
        }
    }

    #[test]
    fn a_list_has_one_beginning_and_does_not_run_backwards() {
        assert!(wanted(json!({"from": "2026-02-01", "to": "2026-01-01"})).is_none());
        assert!(wanted(json!({"from": "2026-02-01", "since": "e"})).is_none());
        assert!(wanted(json!({"since": ""})).is_none() && wanted(json!({"since": "e".repeat(257)})).is_none());
        assert!(wanted(json!({"since": "e-1", "to": "2026-01-01"})).is_some());
    }

    #[test]
    fn parts_are_chosen_for_balances_only() {
        let balances = |query: Value| serde_json::from_value::<AccountsParams>(query).unwrap().balances().ok();
        assert_eq!(balances(json!({})), Some(None));
        assert_eq!(balances(json!({"with": "balances"})), Some(Some(Partial::Refuse)));
        assert_eq!(balances(json!({"with": "balances", "partial": "allow"})), Some(Some(Partial::Allow)));
        assert_eq!(balances(json!({"partial": "allow"})), None);
        assert!(serde_json::from_value::<AccountsParams>(json!({"with": "transactions"})).is_err());
    }
}
