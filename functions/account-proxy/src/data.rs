//! Accounts, balances, transactions.

use axum::{extract::State, response::Response};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        account::{Account, Balance, Transaction},
        ids::AccountId,
    },
    flows::read::{Reader, Wanted, default_from},
    http::{
        app::App,
        body::{Form, Params},
        caller::{AccountInPath, Attended, Audit, OwnSession},
        problem::{Code, Problem},
    },
    protocol::berlin_group::transactions::{BookingStatus, TransactionQuery},
};
use utoipa::{IntoParams, ToSchema};

/// The accounts of a session.
#[derive(Serialize, ToSchema)]
pub struct AccountList {
    accounts: Vec<Account>,
    /// When the bank answered.
    as_of: Timestamp,
}

/// The balances of an account.
#[derive(Serialize, ToSchema)]
pub struct BalanceList {
    #[schema(value_type = String)]
    account_id: AccountId,
    balances: Vec<Balance>,
    /// When the bank answered.
    as_of: Timestamp,
}

/// A page of an account's transactions.
#[derive(Serialize, ToSchema)]
pub struct TransactionList {
    #[schema(value_type = String)]
    account_id: AccountId,
    transactions: Vec<Transaction>,
    /// Where the list goes on; null on the last page.
    next_cursor: Option<String>,
    /// When the bank answered.
    as_of: Timestamp,
}

/// Which transactions are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct TransactionParams {
    /// From this day on; 90 days ago if not given.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// To this day; today if not given.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<Date>,
    /// `booked` (if not given), `pending` or `both`.
    #[param(inline)]
    status: Option<Status>,
    /// Where the list goes on; stands alone.
    cursor: Option<String>,
}

/// Which of the transactions.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Those that will not change.
    Booked,
    /// Those that may.
    Pending,
    /// All.
    Both,
}

pub(crate) async fn accounts(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
    Attended(attendance): Attended,
    form: Form,
) -> Result<Response, Problem> {
    let reading = Reader::new(app.deps, trail, session, attendance)?.accounts().await?;
    Ok(form.answer(|| AccountList { accounts: reading.value, as_of: reading.as_of }, reading.raw))
}

pub(crate) async fn balances(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
    AccountInPath(account_id): AccountInPath,
    Attended(attendance): Attended,
    form: Form,
) -> Result<Response, Problem> {
    let reading = Reader::new(app.deps, trail, session, attendance)?.balances(&account_id).await?;
    Ok(form.answer(|| BalanceList { account_id, balances: reading.value, as_of: reading.as_of }, reading.raw))
}

pub(crate) async fn transactions(
    State(app): State<App>,
    Audit(trail): Audit,
    OwnSession(session): OwnSession,
    AccountInPath(account_id): AccountInPath,
    Attended(attendance): Attended,
    form: Form,
    Params(params): Params<TransactionParams>,
) -> Result<Response, Problem> {
    let wanted = params.wanted(app.deps.now().to_zoned(TimeZone::UTC).date())?;
    let reading = Reader::new(app.deps, trail, session, attendance)?.transactions(&account_id, wanted).await?;
    let (page, as_of) = (reading.value, reading.as_of);
    let model =
        || TransactionList { account_id, transactions: page.transactions, next_cursor: page.next_cursor, as_of };
    Ok(form.answer(model, reading.raw))
}

impl TransactionParams {
    fn wanted(self, today: Date) -> Result<Wanted, Problem> {
        match self {
            Self { from: None, to: None, status: None, cursor: Some(cursor) } => Ok(Wanted::Next(cursor)),
            Self { from, to, status, cursor: None } => {
                let from = from.unwrap_or_else(|| default_from(to.unwrap_or(today)));
                if to.is_some_and(|to| to < from) {
                    return Err(Code::RequestInvalid.into());
                }
                let booking_status = status.unwrap_or(Status::Booked).into();
                Ok(Wanted::List(TransactionQuery { booking_status, from, to }))
            }
            _ => Err(Code::RequestInvalid.into()),
        }
    }
}

impl From<Status> for BookingStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Booked => Self::Booked,
            Status::Pending => Self::Pending,
            Status::Both => Self::Both,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 11, 21);

    fn params(from: Option<&str>, to: Option<&str>, cursor: Option<&str>) -> TransactionParams {
        let date = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        TransactionParams { from: date(from), to: date(to), status: None, cursor: cursor.map(str::to_owned) }
    }

    #[test]
    fn asks_for_ninety_days_unless_told_otherwise() {
        let Wanted::List(query) = params(None, None, None).wanted(TODAY).ok().unwrap() else { panic!() };
        assert_eq!(query.from, jiff::civil::date(2026, 8, 23));
        assert_eq!(query.booking_status, BookingStatus::Booked);
    }

    #[test]
    fn a_cursor_stands_alone() {
        assert!(matches!(params(None, None, Some("c")).wanted(TODAY), Ok(Wanted::Next(_))));
        assert!(params(Some("2026-01-01"), None, Some("c")).wanted(TODAY).is_err());
    }

    #[test]
    fn a_period_must_not_run_backwards() {
        assert!(params(Some("2026-02-01"), Some("2026-01-01"), None).wanted(TODAY).is_err());
    }
}
