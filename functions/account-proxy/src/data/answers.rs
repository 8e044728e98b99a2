//! What is answered about accounts, balances and transactions.

use jiff::Timestamp;
use serde::Serialize;
use shared::{
    domain::{
        account::{Account, Balance, ChosenBalances, Transaction},
        coverage::Coverage,
        ids::{AccountId, RequestId},
    },
    flows::{
        read::{AccountBalances, Page},
        snapshots::Overview,
    },
    http::{
        prefer::Stale,
        problem::{self, Problem},
    },
};
use utoipa::ToSchema;

/// The accounts of a session.
#[derive(Serialize, ToSchema)]
pub struct AccountList {
    accounts: Vec<AccountEntry>,
    /// When the bank answered; with balances, when it answered last, or when it gave the oldest part of what is stale.
    as_of: Timestamp,
    /// Why this is the last good answer and not a new one, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<Stale>,
}

/// One account in a list.
#[derive(Serialize, ToSchema)]
pub struct AccountEntry {
    #[serde(flatten)]
    account: Account,
    /// Its balances, if they are wanted and could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    balances: Option<Vec<Balance>>,
    #[serde(flatten)]
    chosen: ChosenBalances,
    /// When the bank told its balances, if that was not now.
    #[serde(skip_serializing_if = "Option::is_none")]
    balances_as_of: Option<Timestamp>,
    /// Why its balances could not be read, where parts are wanted all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<problem::Wire>,
}

/// One account.
#[derive(Serialize, ToSchema)]
pub struct OneAccount {
    #[serde(flatten)]
    account: Account,
    /// When the bank answered.
    as_of: Timestamp,
    /// Why this is the last good answer and not a new one, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<Stale>,
}

/// The balances of an account.
#[derive(Serialize, ToSchema)]
pub struct BalanceList {
    #[schema(value_type = String)]
    account_id: AccountId,
    balances: Vec<Balance>,
    #[serde(flatten)]
    chosen: ChosenBalances,
    /// When the bank answered.
    as_of: Timestamp,
    /// Why this is the last good answer and not a new one, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<Stale>,
}

/// A page of an account's transactions.
#[derive(Serialize, ToSchema)]
pub struct TransactionList {
    #[schema(value_type = String)]
    account_id: AccountId,
    transactions: Vec<Transaction>,
    /// Where the list goes on; null on the last page.
    next_cursor: Option<String>,
    /// What the whole list covers, and why that is not what was asked for, if it is not.
    covers: Coverage,
    /// When the bank answered.
    as_of: Timestamp,
    /// Why this is the last good answer and not a new one, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<Stale>,
}

/// One transaction.
#[derive(Serialize, ToSchema)]
pub struct OneTransaction {
    #[schema(value_type = String)]
    account_id: AccountId,
    #[serde(flatten)]
    transaction: Transaction,
    /// When the bank answered.
    as_of: Timestamp,
}

/// Whether records go along as the bank wrote them.
#[derive(Clone, Copy)]
pub struct Records(pub bool);

impl Records {
    fn account(self, account: Account) -> Account {
        Account { raw: account.raw.filter(|_| self.0), ..account }
    }

    fn balances(self, balances: Vec<Balance>) -> Vec<Balance> {
        let as_wanted = |balance: Balance| Balance { raw: balance.raw.filter(|_| self.0), ..balance };
        balances.into_iter().map(as_wanted).collect()
    }

    fn transaction(self, transaction: Transaction) -> Transaction {
        Transaction { raw: transaction.raw.filter(|_| self.0), ..transaction }
    }
}

impl AccountList {
    /// Accounts without balances.
    pub fn of(accounts: Vec<Account>, as_of: Timestamp, stale: Option<Stale>, records: Records) -> Self {
        let bare = |account| AccountEntry {
            account: records.account(account),
            balances: None,
            chosen: ChosenBalances::default(),
            balances_as_of: None,
            problem: None,
        };
        Self { accounts: accounts.into_iter().map(bare).collect(), as_of, stale }
    }

    /// Accounts with their balances, or with why there are none.
    pub fn with_balances(
        overviews: Vec<Overview>,
        as_of: Timestamp,
        stale: Option<Stale>,
        records: Records,
        (request_id, now): (&RequestId, Timestamp),
    ) -> Self {
        let entry = |Overview { account, balances, last_told_at }| {
            let (account, balances_as_of) = (records.account(account), last_told_at);
            match balances {
                Ok(AccountBalances { all, chosen }) => {
                    let balances = Some(records.balances(all));
                    AccountEntry { account, balances, chosen, balances_as_of, problem: None }
                }
                Err(error) => {
                    let problem = Some(Problem::from(error).body(request_id, now));
                    let chosen = ChosenBalances::default();
                    AccountEntry { account, balances: None, chosen, balances_as_of, problem }
                }
            }
        };
        Self { accounts: overviews.into_iter().map(entry).collect(), as_of, stale }
    }
}

impl OneAccount {
    /// The account that was read.
    pub fn of(account: Account, as_of: Timestamp, stale: Option<Stale>, records: Records) -> Self {
        Self { account: records.account(account), as_of, stale }
    }
}

impl BalanceList {
    /// The balances that were read.
    pub fn of(
        account_id: AccountId,
        balances: AccountBalances,
        as_of: Timestamp,
        stale: Option<Stale>,
        records: Records,
    ) -> Self {
        let AccountBalances { all, chosen } = balances;
        Self { account_id, balances: records.balances(all), chosen, as_of, stale }
    }
}

impl TransactionList {
    /// The page that was read.
    pub fn of(account_id: AccountId, page: Page, as_of: Timestamp, stale: Option<Stale>, records: Records) -> Self {
        let transactions = page.transactions.into_iter().map(|one| records.transaction(one)).collect();
        Self { account_id, transactions, next_cursor: page.next_cursor, covers: page.covers, as_of, stale }
    }
}

impl OneTransaction {
    /// The transaction that was read.
    pub fn of(account_id: AccountId, transaction: Transaction, as_of: Timestamp, records: Records) -> Self {
        Self { account_id, transaction: records.transaction(transaction), as_of }
    }
}
