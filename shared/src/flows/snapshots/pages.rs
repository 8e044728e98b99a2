//! The first page of an account's transactions, kept together with what was asked for.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Desk;
use crate::{
    domain::{
        account::Transaction,
        coverage::{Coverage, CoverageNote},
        data_kind::DataKind,
        data_profile::BookingStatus,
        ids::AccountId,
    },
    flows::read::{Page, Reading, WantedList},
};

/// What was asked for, as the caller said it.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Wish {
    status: BookingStatus,
    from: Option<Date>,
    to: Option<Date>,
    since: Option<String>,
}

impl From<WantedList> for Wish {
    fn from(list: WantedList) -> Self {
        let WantedList { status, from, to, since } = list;
        Self { status, from, to, since }
    }
}

/// The first page of an answer.
#[derive(Serialize, Deserialize)]
struct FirstPage {
    wish: Wish,
    transactions: Vec<Transaction>,
    covers: Coverage,
}

impl Desk {
    /// Keeps the first page of the answer to that question. Its cursor would not live long enough to be told.
    pub(super) async fn keep_page(&mut self, account: &AccountId, wanted: WantedList, reading: &Reading<Page>) {
        if !self.keeps {
            return;
        }
        let Page { transactions, next_cursor, covers } = &reading.value;
        let mut covers = covers.clone();
        if next_cursor.is_some() {
            covers.note(CoverageNote::FirstPageOnly);
        }
        let page = FirstPage { wish: wanted.into(), transactions: transactions.clone(), covers };
        self.keep_as(DataKind::Transactions, Some(account), reading, &page).await;
    }

    /// The first page of the last good answer to the same question.
    pub(super) async fn last_page(&mut self, account: &AccountId, wanted: &WantedList) -> Option<Reading<Page>> {
        let last: Reading<FirstPage> = self.last(DataKind::Transactions, Some(account)).await?;
        let FirstPage { wish, transactions, covers } = last.value;
        let value = (wish == wanted.clone().into()).then_some(Page { transactions, next_cursor: None, covers })?;
        Some(Reading { value, raw: last.raw, as_of: last.as_of })
    }
}
