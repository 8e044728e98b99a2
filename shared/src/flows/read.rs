//! Reads accounts, balances and transactions from a bank for the CRM.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::{Timestamp, ToSpan, civil::Date};
use url::Url;

use super::{deps::Deps, refresh::RefreshError, trail::Trail, trouble::Trouble};
use crate::{
    domain::{
        account::{Account, Balance, Transaction},
        bank::Bank,
        ids::AccountId,
        presence::Attendance,
        session::Session,
    },
    ports::store::Loaded,
    protocol::{
        berlin_group::{
            accounts, balances,
            transactions::{self, TransactionQuery},
        },
        cursor::{CursorRejected, Position},
    },
};

mod directory;
mod exchange;

/// How long a cursor can be used: as long as banks keep a paging session open, roughly.
const CURSOR_LIFETIME: Duration = Duration::from_mins(15);

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No consent works; the session says why.
    #[error("no consent works")]
    NotWorking(Box<Session>, Timestamp),
    /// Somebody else's refresh takes too long.
    #[error("a refresh is under way")]
    Busy(Timestamp),
    /// The session has no such account.
    #[error("no such account in the session")]
    AccountUnknown,
    /// The cursor is not taken.
    #[error("the cursor is not taken")]
    Cursor(#[from] CursorRejected),
    /// The list is longer than the bank's limit of pages.
    #[error("the list has too many pages")]
    TooManyPages,
    /// Something below failed.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<RefreshError> for ReadError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::NotWorking(session, at) => Self::NotWorking(session, at),
            RefreshError::Busy(until) => Self::Busy(until),
            RefreshError::Trouble(trouble) => Self::Trouble(trouble),
        }
    }
}

/// What was read, in the hub's model and as the bank wrote it.
pub struct Reading<T> {
    /// In the hub's model.
    pub value: T,
    /// The bank's own JSON.
    pub raw: Bytes,
    /// When the bank answered.
    pub as_of: Timestamp,
}

/// One page of transactions.
pub struct Page {
    /// The transactions.
    pub transactions: Vec<Transaction>,
    /// Where the list goes on.
    pub next_cursor: Option<String>,
}

/// Which transactions are wanted: a new list, or the next page of one.
pub enum Wanted {
    /// From the beginning.
    List(TransactionQuery),
    /// From where this cursor points.
    Next(String),
}

/// Where a list of transactions is entered.
enum Start {
    List(TransactionQuery),
    Page(Position),
}

impl Start {
    /// How many pages were read before.
    const fn pages(&self) -> u32 {
        match self {
            Self::List(_) => 0,
            Self::Page(position) => position.pages,
        }
    }
}

/// A reading in one session for one request.
pub struct Reader {
    deps: Arc<Deps>,
    trail: Arc<Trail>,
    bank: Arc<Bank>,
    attendance: Attendance,
    session: Loaded<Session>,
}

impl Reader {
    /// A reader of that session.
    pub fn new(
        deps: Arc<Deps>,
        trail: Arc<Trail>,
        session: Loaded<Session>,
        attendance: Attendance,
    ) -> Result<Self, ReadError> {
        let bank = Arc::clone(deps.bank(&session.record.bank)?);
        Ok(Self { deps, trail, bank, attendance, session })
    }

    /// The accounts under the consent. Their names are kept with the session for later readings.
    pub async fn accounts(&mut self) -> Result<Reading<Vec<Account>>, ReadError> {
        let reading =
            self.read(accounts::read, |asked, response| accounts::read_answer(asked.request_id, response)).await?;
        let (named, entries): (Vec<_>, Vec<_>) = reading.value.into_iter().map(|found| self.name(found)).unzip();
        self.keep_directory(entries).await?;
        Ok(Reading { value: named, raw: reading.raw, as_of: reading.as_of })
    }

    /// The account's balances.
    pub async fn balances(&mut self, account: &AccountId) -> Result<Reading<Vec<Balance>>, ReadError> {
        let entry = self.entry(account).await?;
        let known = entry.as_known();
        self.read(
            |bank, headers| balances::read(bank, known, headers),
            |asked, response| balances::read_answer(known, asked.request_id, response),
        )
        .await
    }

    /// One page of the account's transactions.
    pub async fn transactions(&mut self, account: &AccountId, wanted: Wanted) -> Result<Reading<Page>, ReadError> {
        let start = match wanted {
            Wanted::List(query) => Start::List(query),
            Wanted::Next(cursor) => Start::Page(self.position(account, &cursor)?),
        };
        let entry = self.entry(account).await?;
        let known = entry.as_known();
        let bank = Arc::clone(&self.bank);
        let reading = self.read(
            |bank, headers| match &start {
                Start::List(query) => transactions::read(bank, known, query, headers),
                Start::Page(position) => transactions::read_page(bank, known, &position.next, headers),
            },
            |asked, response| transactions::read_answer(&bank, known, &asked.url, asked.request_id, response),
        );
        let reading = reading.await?;
        let pages = start.pages().saturating_add(1);
        let next_cursor = match reading.value.next {
            Some(next) => Some(self.cursor(account, next, pages)?),
            None => None,
        };
        let page = Page { transactions: reading.value.transactions, next_cursor };
        Ok(Reading { value: page, raw: reading.raw, as_of: reading.as_of })
    }

    fn position(&self, account: &AccountId, cursor: &str) -> Result<Position, CursorRejected> {
        self.deps.cursors.open(&self.session.record.id, account, cursor, self.deps.now())
    }

    fn cursor(&self, account: &AccountId, next: Url, pages: u32) -> Result<String, ReadError> {
        if pages >= self.bank.limits.pages {
            return Err(ReadError::TooManyPages);
        }
        let position = Position { next, pages, ends_at: self.deps.now() + CURSOR_LIFETIME };
        let nonce = self.deps.random().map_err(Trouble::from)?;
        let cursor = self.deps.cursors.seal(&self.session.record.id, account, &position, nonce);
        Ok(cursor.ok_or(Trouble::Integrity)?)
    }
}

/// The day from which transactions are read if the CRM names none: what banks give without a fresh SCA.
pub fn default_from(today: Date) -> Date {
    today.saturating_sub(90.days())
}
