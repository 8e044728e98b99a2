//! Reads accounts, balances and transactions from a bank for the CRM.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use super::{deps::Deps, refresh::RefreshError, trail::Trail, trouble::Trouble};
use crate::{
    domain::{
        account::{Account, AccountKind, Balance, BankAccount, ChosenBalances},
        bank::Bank,
        ids::AccountId,
        operation::Operation,
        presence::Attendance,
        session::Session,
    },
    ports::{
        bank_http::{BankRequest, BankResponse},
        store::Loaded,
    },
    protocol::{
        berlin_group::{
            accounts, balances,
            errors::{AnswerError, UnsendableRequest},
            headers::CallHeaders,
            references::KnownAccount,
        },
        cursor::CursorRejected,
    },
};

mod allowance;
mod bank_word;
mod counting;
mod covered;
mod directory;
mod exchange;
mod known;
mod overview;
mod period;
pub mod quota;
mod transactions;

pub use self::{
    allowance::{Allowance, Cost},
    overview::{Partial, is_about_one_account},
    transactions::{Page, Wanted, WantedList},
};
use self::{
    exchange::{Asked, Scope},
    quota::Slot,
};

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
    /// The session has such an account, but the bank has it no more.
    #[error("the bank has no such account any more")]
    AccountGone,
    /// The cursor is not taken.
    #[error("the cursor is not taken")]
    Cursor(#[from] CursorRejected),
    /// The list is longer than the bank's limit of pages.
    #[error("the list has too many pages")]
    TooManyPages,
    /// By its document the bank does not have what is asked for.
    #[error("the bank does not offer this")]
    NotOffered,
    /// The whole period is older than what the bank gives.
    #[error("the period is too old for the bank")]
    PeriodTooOld,
    /// The bank refuses for want of a consent or token, and calls the consent valid.
    #[error("the bank refuses under a consent that it calls valid")]
    Contradiction(#[source] Trouble),
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
    /// The bank's own JSON; of several answers an array.
    pub raw: Bytes,
    /// When the bank answered.
    pub as_of: Timestamp,
}

impl<T> Reading<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        Reading { value: change(self.value), raw: self.raw, as_of: self.as_of }
    }
}

/// The balances of an account, and which of them people mean.
pub struct AccountBalances {
    /// All, in the bank's order.
    pub all: Vec<Balance>,
    /// What is booked and what can be spent.
    pub chosen: ChosenBalances,
}

/// A reading in one session for one request.
pub struct Reader {
    deps: Arc<Deps>,
    trail: Arc<Trail>,
    bank: Arc<Bank>,
    attendance: Attendance,
    session: Loaded<Session>,
    /// Slots in hand, for readings to come.
    slots: Vec<Slot>,
    /// When the last read was counted, if one was.
    read_at: Option<Timestamp>,
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
        Ok(Self { deps, trail, bank, attendance, session, slots: Vec::new(), read_at: None })
    }

    /// The accounts under the consent, those of cards included where the bank has them. Their names are kept with the
    /// session for later readings.
    pub async fn accounts(&mut self) -> Result<Reading<Vec<Account>>, ReadError> {
        Ok(self.list().await?.map(|listed| listed.into_iter().map(|(account, _)| account).collect()))
    }

    /// One account, read anew.
    pub async fn account(&mut self, account: &AccountId) -> Result<Reading<Account>, ReadError> {
        let reading = self
            .read_of(
                Of::whole(account, Operation::Account),
                |bank, known, headers| accounts::read_one(bank, known, false, headers),
                |bank, known, asked, response| accounts::read_one_answer(bank, known, asked.request_id, response),
            )
            .await?;
        Ok(reading.map(|found| under(account.clone(), found)))
    }

    /// The account's balances.
    pub async fn balances(&mut self, account: &AccountId) -> Result<Reading<AccountBalances>, ReadError> {
        let reading = self
            .read_of(Of::whole(account, Operation::Balances), balances::read, |bank, known, asked, response| {
                balances::read_answer(bank, known, asked.request_id, response)
            })
            .await?;
        Ok(reading.map(|all| self.balances_of(all)))
    }

    /// Balances, and which of them people mean at this bank.
    pub(super) fn balances_of(&self, all: Vec<Balance>) -> AccountBalances {
        AccountBalances { chosen: ChosenBalances::among(&all, &self.bank.data.balances), all }
    }

    /// The accounts and what came with each of their balances.
    async fn list(&mut self) -> Result<Reading<Vec<(Account, Option<Vec<Balance>>)>>, ReadError> {
        self.list_with(false).await
    }

    /// The accounts and what came with each of their balances, where they are wanted with them.
    pub(super) async fn list_with(
        &mut self,
        with_balances: bool,
    ) -> Result<Reading<Vec<(Account, Option<Vec<Balance>>)>>, ReadError> {
        let mut reading = self.list_of(AccountKind::Payment, with_balances).await?;
        if self.bank.data.accounts.card_accounts {
            let cards = self.list_of(AccountKind::Card, with_balances).await?;
            reading.value.extend(cards.value);
            reading = Reading { raw: array_of(&[&reading.raw, &cards.raw]), as_of: cards.as_of, ..reading };
        }
        let entries = self.name(&reading.value);
        let ids: Vec<_> = entries.iter().map(|entry| entry.account_id.clone()).collect();
        self.keep_directory(entries).await?;
        Ok(reading.map(|found| {
            let named = found.into_iter().zip(ids).map(|(mut found, id)| {
                let balances = found.balances.take();
                (under(id, found), balances)
            });
            named.collect()
        }))
    }

    async fn list_of(
        &mut self,
        kind: AccountKind,
        with_balances: bool,
    ) -> Result<Reading<Vec<BankAccount>>, ReadError> {
        let bank = Arc::clone(&self.bank);
        // The bank counts its two lists apart, and each is read once: one slot is for both.
        let is_cards = kind == AccountKind::Card;
        let operation = if is_cards { Operation::CardAccounts } else { Operation::Accounts };
        let scope = Scope { operation, account: None, is_part: is_cards };
        let reading = self
            .read(
                scope,
                |bank, headers| accounts::read(bank, kind, with_balances, headers),
                |asked, response| accounts::read_answer(&bank, kind, asked.request_id, response),
            )
            .await?;
        Ok(if kind == AccountKind::Payment { self.only_covered(reading) } else { reading })
    }

    /// Reads something of one account. If the bank does not know it by the handle that we have, the accounts are
    /// listed once, and it is asked again only by another handle. A part of a read is not counted again.
    async fn read_of<T>(
        &mut self,
        Of { account, operation, is_part }: Of<'_>,
        request: impl Fn(&Bank, KnownAccount<'_>, &CallHeaders<'_>) -> Result<BankRequest, UnsendableRequest>,
        answer: impl Fn(&Bank, KnownAccount<'_>, &Asked, &BankResponse) -> Result<T, AnswerError>,
    ) -> Result<Reading<T>, ReadError> {
        let bank = Arc::clone(&self.bank);
        let (mut entry, mut listed) = self.entry(account).await?;
        loop {
            let known = entry.as_known();
            let operation = if known.kind == AccountKind::Card { operation.of_cards() } else { operation };
            let result = self
                .read(
                    Scope { operation, account: Some(account), is_part },
                    |bank, headers| request(bank, known, headers),
                    |asked, response| answer(&bank, known, asked, response),
                )
                .await;
            if listed || !matches!(result, Err(ReadError::AccountGone)) {
                return result;
            }
            listed = true;
            Box::pin(self.list()).await?;
            let found = self.known(account).await?.filter(|found| !found.is_same_resource(&entry));
            entry = found.ok_or(ReadError::AccountGone)?;
        }
    }
}

/// One read of an account.
struct Of<'a> {
    account: &'a AccountId,
    /// What is called if it is a payment account.
    operation: Operation,
    /// Whether it is a part of a read that was counted before.
    is_part: bool,
}

impl<'a> Of<'a> {
    /// A read of its own.
    const fn whole(account: &'a AccountId, operation: Operation) -> Self {
        Self { account, operation, is_part: false }
    }
}

/// The account under the hub's name.
fn under(account_id: AccountId, found: BankAccount) -> Account {
    Account { account_id, details: found.details, raw: Some(found.raw) }
}

/// Several JSON texts as one. A byte order mark may stand at a text's beginning only.
pub(super) fn array_of(bodies: &[&Bytes]) -> Bytes {
    let bodies: Vec<&[u8]> = bodies.iter().map(|body| body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).collect();
    Bytes::from([&b"["[..], &bodies.join(&b","[..]), b"]"].concat())
}
