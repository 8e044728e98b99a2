//! The transactions of an account, page by page, and one of them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil::Date};
use url::Url;

use super::{Of, ReadError, Reader, Reading, period};
use crate::{
    domain::{
        account::{AccountKind, BankTransaction, Transaction, TransactionStatus},
        bank::Bank,
        coverage::{Coverage, CoverageNote},
        data_profile::BookingStatus,
        ids::AccountId,
        operation::Operation,
        presence::Attendance,
        transaction::{Seen, name},
    },
    flows::trouble::{BankFault, Trouble},
    protocol::{
        berlin_group::{
            errors::AnswerError,
            meaning::Meaning,
            references::KnownAccount,
            transactions::{self, TransactionPage, TransactionQuery, takes},
        },
        cursor::{CursorRejected, Position},
    },
};

/// How long a cursor can be used: as long as banks keep a paging session open, roughly.
const CURSOR_LIFETIME: Duration = Duration::from_mins(15);

/// How long after its beginning a later page still belongs to the same read.
const ONE_READ: SignedDuration = SignedDuration::from_hours(1);

/// One page of transactions.
pub struct Page {
    /// The transactions.
    pub transactions: Vec<Transaction>,
    /// Where the list goes on.
    pub next_cursor: Option<String>,
    /// What the whole list covers.
    pub covers: Coverage,
}

/// Which transactions are wanted: a new list, or the next page of one.
pub enum Wanted {
    /// From the beginning.
    List(WantedList),
    /// From where this cursor points.
    Next(String),
}

/// The list that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedList {
    /// Which transactions.
    pub status: BookingStatus,
    /// From this day on; absent for the bank's default.
    pub from: Option<Date>,
    /// To this day; absent for today.
    pub to: Option<Date>,
    /// Only those after the entry of this reference, instead of from a day on.
    pub since: Option<String>,
}

/// One page to ask for, and what is known of the list so far.
struct Step {
    ask: Ask,
    slice_from: Option<Date>,
    coverage: Coverage,
    seen: Seen,
    pages: u32,
    /// When the read began that this page belongs to, if it was counted.
    read_at: Option<Timestamp>,
}

enum Ask {
    First(TransactionQuery),
    Page(Url),
}

/// What came of one step.
struct Stepped {
    page: TransactionPage,
    /// The next slice's address, if this page is a slice's last and the period goes on.
    older: Option<(Url, Date)>,
}

impl Reader {
    /// One page of the account's transactions.
    pub async fn transactions(&mut self, account: &AccountId, wanted: Wanted) -> Result<Reading<Page>, ReadError> {
        let (step, reading) = match wanted {
            Wanted::Next(cursor) => {
                let step = Step::from(self.position(account, &cursor)?);
                let reading = self.step(account, &step).await?;
                (step, reading)
            }
            Wanted::List(list) => self.first_page(account, &list).await?,
        };
        let Stepped { page, older } = reading.value;
        let mut coverage = step.coverage;
        if page.ended_by_a_lie {
            coverage.note(CoverageNote::MayBeIncomplete);
        }
        let entries = self.within(page.transactions, &coverage);
        let (named, seen) = name(account, &self.bank.data.ids, entries, &step.seen);
        let read_at = self.read_at.or(step.read_at);
        let next = page.next.map(|next| (next, step.slice_from, read_at));
        // The bank knows nothing of slices: the next one is another list to it, and another read.
        let next_cursor = match next.or(older.map(|(next, from)| (next, Some(from), None))) {
            Some((next, slice_from, read_at)) => {
                let pages = step.pages.saturating_add(1);
                let ends_at = self.deps.now() + CURSOR_LIFETIME;
                Some(self.cursor(
                    account,
                    &Position { next, slice_from, coverage: coverage.clone(), seen, pages, read_at, ends_at },
                )?)
            }
            None => None,
        };
        let value = Page { transactions: named, next_cursor, covers: coverage };
        Ok(Reading { value, raw: reading.raw, as_of: reading.as_of })
    }

    /// One transaction by the bank's own id, read anew.
    pub async fn transaction(&mut self, account: &AccountId, bank_id: &str) -> Result<Reading<Transaction>, ReadError> {
        let (entry, _) = self.entry(account).await?;
        if entry.as_known().kind == AccountKind::Card {
            return Err(ReadError::NotOffered);
        }
        let reading = self
            .read_of(
                Of::whole(account, Operation::Transaction),
                |bank, known, headers| transactions::read_one(bank, known, bank_id, headers),
                |bank, known, asked, response| {
                    transactions::read_one_answer(bank, known, bank_id, asked.request_id, response)
                },
            )
            .await?;
        let Reading { value, raw, as_of } = reading;
        let (mut named, _) = name(account, &self.bank.data.ids, vec![value], &Seen::default());
        let value = named.pop().ok_or(Trouble::Integrity)?;
        Ok(Reading { value, raw, as_of })
    }

    /// How long ago the PSU authorised the consent.
    fn since_grant(&self) -> SignedDuration {
        let granted_at = self.session.record.access.as_ref().map(|access| access.granted_at);
        granted_at.map_or(SignedDuration::MAX, |granted_at| self.deps.now().duration_since(granted_at))
    }

    /// The first page. What the bank does not take of the question is mended once each, and told.
    async fn first_page(
        &mut self,
        account: &AccountId,
        wanted: &WantedList,
    ) -> Result<(Step, Reading<Stepped>), ReadError> {
        let today = self.bank.data.dates.day_of(self.deps.now());
        let attended = matches!(self.attendance, Attendance::Attended(_));
        let mut coverage =
            period::covering(&self.bank, wanted, period::Visit { attended, since_grant: self.since_grant(), today })?;
        loop {
            let (query, slice_from) = period::first(&self.bank, &coverage, wanted.since.clone(), today);
            let step = Step {
                ask: Ask::First(query),
                slice_from,
                coverage: coverage.clone(),
                seen: Seen::default(),
                pages: 0,
                read_at: None,
            };
            let error = match self.step(account, &step).await {
                Ok(reading) => return Ok((step, reading)),
                Err(error) => error,
            };
            let mended = match refused(&error) {
                Some(Meaning::ParameterUnsupported) => period::fall_back(&self.bank, &mut coverage).is_ok(),
                Some(Meaning::PeriodRejected) => period::clamp(&self.bank, &mut coverage, today).is_some(),
                _ => false,
            };
            if !mended {
                return Err(error);
            }
        }
    }

    async fn step(&mut self, account: &AccountId, step: &Step) -> Result<Reading<Stepped>, ReadError> {
        let now = self.session.store_now(&*self.deps.clock);
        let is_part = !self.bank.background.pages_count && is_one_read(step.read_at, now);
        self.read_of(
            Of { account, operation: Operation::Transactions, is_part },
            |bank, known, headers| match &step.ask {
                Ask::First(query) => transactions::read(bank, known, query, headers),
                Ask::Page(page) => transactions::read_page(bank, known, page, headers),
            },
            |bank, known, asked, response| {
                let page = transactions::read_answer(bank, known, &asked.url, asked.request_id, response)?;
                let older = if page.next.is_none() { older(bank, known, step) } else { None };
                Ok(Stepped { page, older })
            },
        )
        .await
    }

    /// What the list covers, of what a bank gives that takes no such parameter.
    fn within(&self, entries: Vec<BankTransaction>, coverage: &Coverage) -> Vec<BankTransaction> {
        let from = coverage.from.filter(|_| !self.takes("dateFrom"));
        let to = coverage.to.filter(|_| !self.takes("dateTo"));
        let any_status = self.takes("bookingStatus");
        let is_wanted = |entry: &BankTransaction| {
            let day = entry.details.booking_date;
            let late = from.is_none_or(|from| day.is_none_or(|day| day >= from));
            let early = to.is_none_or(|to| day.is_none_or(|day| day <= to));
            late && early && (any_status || is_of(entry.details.status, coverage.status))
        };
        entries.into_iter().filter(is_wanted).collect()
    }

    fn takes(&self, parameter: &str) -> bool {
        [AccountKind::Payment, AccountKind::Card].into_iter().all(|kind| takes(&self.bank, kind, parameter))
    }

    fn position(&self, account: &AccountId, cursor: &str) -> Result<Position, CursorRejected> {
        self.deps.cursors.open(&self.session.record.id, account, cursor, self.deps.now())
    }

    fn cursor(&self, account: &AccountId, position: &Position) -> Result<String, ReadError> {
        if position.pages >= self.bank.limits.pages {
            return Err(ReadError::TooManyPages);
        }
        let nonce = self.deps.random().map_err(Trouble::from)?;
        let cursor = self.deps.cursors.seal(&self.session.record.id, account, position, nonce);
        Ok(cursor.ok_or(Trouble::Integrity)?)
    }
}

impl From<Position> for Step {
    fn from(position: Position) -> Self {
        let Position { next, slice_from, coverage, seen, pages, read_at, .. } = position;
        Self { ask: Ask::Page(next), slice_from, coverage, seen, pages, read_at }
    }
}

/// The address of the slice before this one.
fn older(bank: &Bank, known: KnownAccount<'_>, step: &Step) -> Option<(Url, Date)> {
    let (query, from) = period::before(bank, &step.coverage, step.slice_from?)?;
    Some((transactions::address(bank, known, &query).ok()?, from))
}

/// What a bank's refusal means; none if the bank did not refuse.
fn refused(error: &ReadError) -> Option<Meaning> {
    match error {
        ReadError::Trouble(Trouble::Bank(BankFault::Answer(AnswerError::Refused(refusal)))) => Some(refusal.meaning),
        _ => None,
    }
}

const fn is_of(status: TransactionStatus, wanted: BookingStatus) -> bool {
    match wanted {
        BookingStatus::All => true,
        BookingStatus::Both => !matches!(status, TransactionStatus::Information),
        BookingStatus::Booked => matches!(status, TransactionStatus::Booked),
        BookingStatus::Pending => matches!(status, TransactionStatus::Pending),
        BookingStatus::Information => matches!(status, TransactionStatus::Information),
    }
}

/// Whether a page belongs to the read that was counted at that time: a list is one read, however many pages it has, as
/// long as they are read within an hour.
fn is_one_read(counted_at: Option<Timestamp>, now: Timestamp) -> bool {
    counted_at.is_some_and(|at| now.duration_since(at) < ONE_READ)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_belong_to_a_read_for_an_hour() {
        let counted = Timestamp::UNIX_EPOCH;
        assert!(is_one_read(Some(counted), counted + SignedDuration::from_mins(59)));
        assert!(!is_one_read(Some(counted), counted + SignedDuration::from_mins(60)));
        assert!(!is_one_read(None, counted), "the PSU was there, and nothing was counted");
    }
}
