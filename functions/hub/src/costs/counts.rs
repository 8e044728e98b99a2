//! What tests have counted: documents read and written, uses of keys, calls to the bank, bytes of log lines. The file is
//! written by `tests/it/it/costs.rs`, which also fails when it no longer holds.

use std::{collections::BTreeMap, ops::Sub};

use serde::Deserialize;

/// The file.
const COUNTED: &str = include_str!("../../costs/counts.json");

/// What something asks for, of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Documents read.
    pub reads: f64,
    /// Documents written.
    pub writes: f64,
    /// Data keys wrapped or unwrapped.
    pub keys: f64,
    /// Calls to the bank.
    pub bank: f64,
    /// Bytes of the hub's own log lines.
    pub log_bytes: f64,
}

/// What the model needs, taken from the rows of the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counts {
    /// A customer connects: start, link, callback, activation, the first two lists of accounts.
    pub connecting: Cost,
    /// The first call of a visit: the token is renewed, two data keys are unwrapped.
    pub first_of_visit: Cost,
    /// Any later call of it.
    pub warm_call: Cost,
    /// A background refresh, without its accounts.
    pub refresh: Cost,
    /// The same where the access token must be renewed for it.
    pub refresh_with_token: Cost,
    /// One account of a background refresh.
    pub refreshed_account: Cost,
    /// A run of a refreshing job that finds nothing.
    pub empty_run: Cost,
    /// What a run takes besides in each shard in which it finds something.
    pub lease: Cost,
    /// Another job's run that finds nothing.
    pub idle_job: Cost,
}

/// A row is missing or is no row.
#[derive(Debug, thiserror::Error)]
pub enum WrongCounts {
    /// The file is damaged.
    #[error(transparent)]
    Malformed(#[from] serde_json::Error),
    /// A row has another name now.
    #[error("there is no row {0:?}")]
    NoRow(&'static str),
}

#[derive(Deserialize)]
struct File {
    calls: BTreeMap<String, Row>,
    operations: BTreeMap<String, Row>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    reads: u32,
    writes: u32,
    #[serde(default)]
    wraps: u32,
    #[serde(default)]
    unwraps: u32,
    #[serde(default)]
    keys: u32,
    #[serde(default)]
    bank: u32,
    #[serde(default)]
    log_bytes: u32,
}

impl Counts {
    /// What was counted when this program was made.
    pub fn counted() -> Result<Self, WrongCounts> {
        let file: File = serde_json::from_str(COUNTED)?;
        let call = |name| file.calls.get(name).map(|row| row.cost()).ok_or(WrongCounts::NoRow(name));
        let operation = |name| file.operations.get(name).map(|row| row.cost()).ok_or(WrongCounts::NoRow(name));

        let warm_call = operation("1,000 warm attended calls")?.times(0.001);
        let (listed, listed_again) = (call("GET …/accounts, the first")?, call("GET …/accounts, the second")?);
        let connecting = [
            call("POST /v1/sessions")?,
            call("GET /authorize/{ticket}")?,
            call("GET /callback/{bank}")?,
            call("POST …/activation")?,
            listed,
            listed_again,
        ];
        // A list with the balances of two accounts takes three slots and keeps three answers; balances alone one.
        let (one, three) =
            (call("GET …/balances without the PSU")?, call("GET …/accounts?with=balances without the PSU")?);
        let refreshed_account = Cost { bank: 1.0, log_bytes: 0.0, ..three.less(one).times(0.5) };
        let empty_run = operation("refresh-balances, nothing due")?;
        // Ten sessions and one were counted in one shard each, and so with one lease.
        let one_more = |one: Cost, ten: Cost| ten.less(one).times(1.0 / 9.0);
        let single = operation("refresh-balances, 1 session of 2 accounts")?;
        let without_token = one_more(single, operation("refresh-balances, 10 sessions of 2 accounts")?);
        let with_token = one_more(
            operation("refresh-balances, 1 session of 2 accounts, a new access token each")?,
            operation("refresh-balances, 10 sessions of 2 accounts, a new access token each")?,
        );
        let lease = Cost { keys: 0.0, bank: 0.0, log_bytes: 0.0, ..single.less(empty_run).less(without_token) };
        // Lines are written about calls to the bank, so they belong to the accounts.
        let line = without_token.log_bytes / without_token.bank.max(1.0);
        let refreshed_account = Cost { log_bytes: line, ..refreshed_account };
        let session_part = |both: Cost| both.less(refreshed_account.times(2.0));
        Ok(Self {
            connecting: connecting.into_iter().fold(Cost::default(), Cost::plus),
            first_of_visit: call("GET …/balances with a refresh")?
                .plus(Cost { keys: listed.keys.min(1.0) + listed_again.keys, ..Cost::default() })
                .plus(Cost { bank: 2.0, log_bytes: warm_call.log_bytes * 2.0, ..Cost::default() }),
            warm_call,
            refresh: session_part(without_token),
            refresh_with_token: session_part(with_token),
            refreshed_account,
            empty_run,
            lease,
            idle_job: call("POST /v1/jobs/expiry-watch, nothing due")?,
        })
    }
}

impl Row {
    fn cost(self) -> Cost {
        Cost {
            reads: self.reads.into(),
            writes: self.writes.into(),
            keys: (self.wraps + self.unwraps + self.keys).into(),
            bank: self.bank.into(),
            log_bytes: self.log_bytes.into(),
        }
    }
}

impl Cost {
    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        self.with(other, |mine, theirs| mine + theirs)
    }

    /// What is left without the other; never less than nothing.
    pub fn less(self, other: Self) -> Self {
        self.with(other, |mine, theirs| mine.sub(theirs).max(0.0))
    }

    /// So many times this.
    pub fn times(self, many: f64) -> Self {
        self.with(self, |mine, _| mine * many)
    }

    fn with(self, other: Self, both: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            reads: both(self.reads, other.reads),
            writes: both(self.writes, other.writes),
            keys: both(self.keys, other.keys),
            bank: both(self.bank, other.bank),
            log_bytes: both(self.log_bytes, other.log_bytes),
        }
    }
}
