//! Readings with a memory: what a bank answers without the PSU is kept, sealed, and told again when the bank cannot be
//! asked and the caller takes that.
//!
//! - Only answers without the PSU are kept. A reading with the PSU writes nothing: whoever asked has seen the answer.
//! - They are kept before they are told, because nothing runs after an answer. That it fails harms no reading.
//! - They are told only while a consent works and the account is listed under it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    deps::Deps,
    read::{AccountBalances, ReadError, Reader, Reading, Wanted, quota::Slot},
    trail::Trail,
};
use crate::{
    domain::{
        account::{Account, Transaction},
        data_kind::DataKind,
        ids::AccountId,
        presence::Attendance,
        session::Session,
    },
    flows::read::Page,
    ports::store::Loaded,
};

pub mod erase;
mod keeping;
mod obstacle;
mod overview;
mod pages;
mod telling;
mod writing;

pub use self::{obstacle::stands_in_the_way, overview::Overview};

/// Whether the last good answer is taken where the bank cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staleness {
    /// It is not: the caller wants to know what stands in the way.
    Refused,
    /// It is.
    Taken,
}

/// What was read, or read before.
pub struct Answered<T> {
    /// The answer; its `as_of` is always true.
    pub reading: Reading<T>,
    /// What stands in the way of asking the bank now, if this is the last good answer.
    pub obstacle: Option<ReadError>,
}

impl<T> Answered<T> {
    const fn fresh(reading: Reading<T>) -> Self {
        Self { reading, obstacle: None }
    }
}

/// Where one session's accounts are asked for in one request.
pub struct Desk {
    deps: Arc<Deps>,
    trail: Arc<Trail>,
    reader: Reader,
    staleness: Staleness,
    in_account_list: bool,
    /// Whether answers are kept: nobody is there to see them.
    keeps: bool,
}

impl Desk {
    /// A desk for that session.
    pub fn new(
        deps: Arc<Deps>,
        trail: Arc<Trail>,
        session: Loaded<Session>,
        attendance: Attendance,
        staleness: Staleness,
    ) -> Result<Self, ReadError> {
        let in_account_list = deps.bank(&session.record.bank)?.data.balances.in_account_list;
        let keeps = matches!(attendance, Attendance::Background);
        let reader = Reader::new(Arc::clone(&deps), Arc::clone(&trail), session, attendance)?;
        Ok(Self { deps, trail, reader, staleness, in_account_list, keeps })
    }

    /// The desk with slots that were taken for it: its readings use these up instead of taking others.
    #[must_use]
    pub fn with_reserved(self, slots: Vec<Slot>) -> Self {
        Self { reader: self.reader.with_reserved(slots), ..self }
    }

    /// Gives back what was taken for it and surely not used. Answers the session as it then stands.
    pub async fn finish(self) -> Loaded<Session> {
        self.reader.finish().await
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.deps.now()
    }

    /// The accounts under the consent.
    pub async fn accounts(&mut self) -> Result<Answered<Vec<Account>>, ReadError> {
        match self.reader.accounts().await {
            Ok(reading) => {
                self.keep(DataKind::Accounts, None, &reading).await;
                Ok(Answered::fresh(reading))
            }
            Err(error) => {
                let error = self.unless_told(error)?;
                let last = self.last_accounts().await;
                told_or(last, error)
            }
        }
    }

    /// One account.
    pub async fn account(&mut self, account: &AccountId) -> Result<Answered<Account>, ReadError> {
        match self.reader.account(account).await {
            Ok(reading) => {
                self.keep(DataKind::Account, Some(account), &reading).await;
                Ok(Answered::fresh(reading))
            }
            Err(error) => {
                let error = self.unless_told(error)?;
                let last = self.last(DataKind::Account, Some(account)).await;
                told_or(last, error)
            }
        }
    }

    /// The account's balances.
    pub async fn balances(&mut self, account: &AccountId) -> Result<Answered<AccountBalances>, ReadError> {
        match self.reader.balances(account).await {
            Ok(reading) => {
                self.keep_balances(account, &reading).await;
                Ok(Answered::fresh(reading))
            }
            Err(error) => {
                let error = self.unless_told(error)?;
                let last = self.last_balances(account).await;
                told_or(last, error)
            }
        }
    }

    /// One page of the account's transactions. Of the last good answer the first page is told, and to the very question
    /// that it answered.
    pub async fn transactions(&mut self, account: &AccountId, wanted: Wanted) -> Result<Answered<Page>, ReadError> {
        let question = match &wanted {
            Wanted::List(list) => Some(list.clone()),
            Wanted::Next(_) => None,
        };
        match self.reader.transactions(account, wanted).await {
            Ok(reading) => {
                if let Some(question) = question {
                    self.keep_page(account, question, &reading).await;
                }
                Ok(Answered::fresh(reading))
            }
            Err(error) => {
                let error = self.unless_told(error)?;
                let last = match question {
                    Some(question) => self.last_page(account, &question).await,
                    None => None,
                };
                told_or(last, error)
            }
        }
    }

    /// One transaction by the bank's own id, read anew. It is not kept.
    pub async fn transaction(&mut self, account: &AccountId, bank_id: &str) -> Result<Reading<Transaction>, ReadError> {
        self.reader.transaction(account, bank_id).await
    }

    /// What failed, if the last good answer may be told instead; the failure itself otherwise.
    fn unless_told(&self, error: ReadError) -> Result<ReadError, ReadError> {
        if self.staleness == Staleness::Taken && stands_in_the_way(&error) { Ok(error) } else { Err(error) }
    }
}

/// The last good answer and what stood in the way of a new one; without an answer, that alone.
fn told_or<T>(last: Option<Reading<T>>, obstacle: ReadError) -> Result<Answered<T>, ReadError> {
    match last {
        Some(reading) => Ok(Answered { reading, obstacle: Some(obstacle) }),
        None => Err(obstacle),
    }
}
