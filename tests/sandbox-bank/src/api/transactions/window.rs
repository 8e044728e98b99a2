//! What part of a list is asked for.

use axum::extract::Query;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::super::data::Entitled;
use super::Wished;
use crate::bank::Moment;
use crate::policy::{BookingStatus, Pages, Policy};
use crate::quota::Presence;
use crate::refusal::Refusal;

/// Small enough that a year takes several pages.
pub(super) const PAGE: usize = 100;

/// The most entries that a page may be asked to have.
const LARGEST_PAGE: usize = 500;

/// The query as it comes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wish {
    booking_status: String,
    date_from: Option<Date>,
    date_to: Option<Date>,
    page: Option<usize>,
    page_index: Option<usize>,
    items_per_page: Option<usize>,
    entry_reference_from: Option<String>,
    delta_list: Option<bool>,
    #[serde(default)]
    pub(super) with_balance: bool,
}

/// A page of a list, as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(super) status: BookingStatus,
    pub(super) from: Date,
    pub(super) to: Date,
    /// Counted from one.
    pub(crate) page: usize,
    /// Entries on a page.
    pub(super) size: usize,
    pub(super) since: Since,
}

/// From where on a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// From a date.
    Date,
    /// After this entry.
    Entry(String),
    /// After what was told last time.
    LastTime,
}

/// The query, if it can be read.
pub(crate) fn understood(wish: Wished) -> Result<Wish, Refusal> {
    wish.map(|Query(wish)| wish).map_err(|error| Refusal::Format(error.body_text()))
}

impl Window {
    pub(crate) fn of(wish: &Wish, entitled: &Entitled) -> Result<Self, Refusal> {
        Self::judged(wish, &entitled.policy, entitled.presence, entitled.moment)
    }

    fn judged(wish: &Wish, policy: &Policy, presence: Presence, moment: Moment) -> Result<Self, Refusal> {
        let today = moment.today;
        let since = Since::of(wish, policy)?;
        let status = status(&wish.booking_status, policy)?;
        let undated = since != Since::Date || status == BookingStatus::Information;
        let from = match wish.date_from {
            Some(date) => date,
            None if undated => Date::MIN,
            None => return Err(Refusal::Format("dateFrom is missing".to_owned())),
        };
        let to = wish.date_to.unwrap_or(today);
        let (page, size) = place(wish, policy)?;
        if from > to || from > today {
            return Err(Refusal::Period);
        }
        let oldest = policy.background_days.map(|days| today.saturating_sub(i64::from(days).days()));
        if presence == Presence::Background && !undated && oldest.is_some_and(|oldest| from < oldest) {
            return Err(Refusal::Period);
        }
        Ok(Self { status, from, to, page, size, since })
    }

    /// The same list on one page.
    pub(super) fn whole(self) -> Self {
        Self { page: 1, size: usize::MAX, ..self }
    }

    pub(super) fn holds(&self, date: Date) -> bool {
        (self.from..=self.to).contains(&date)
    }

    /// The query of another page.
    pub(super) fn at(&self, page: usize) -> String {
        let status = wire(self.status);
        let since = match &self.since {
            Since::Date => format!("dateFrom={}", self.from),
            Since::Entry(reference) => format!("entryReferenceFrom={reference}"),
            Since::LastTime => "deltaList=true".to_owned(),
        };
        format!("bookingStatus={status}&{since}&dateTo={}&page={page}", self.to)
    }
}

impl Since {
    fn of(wish: &Wish, policy: &Policy) -> Result<Self, Refusal> {
        let since = match (&wish.entry_reference_from, wish.delta_list) {
            (Some(_), Some(_)) => {
                return Err(Refusal::Format("entryReferenceFrom and deltaList exclude each other".to_owned()));
            }
            (Some(reference), None) => Self::Entry(reference.clone()),
            (None, Some(true)) => Self::LastTime,
            (None, Some(false) | None) => return Ok(Self::Date),
        };
        policy.delta.then_some(since).ok_or(Refusal::Unsupported("delta access"))
    }
}

/// Page and size, by links or by numbers as the policy has it.
fn place(wish: &Wish, policy: &Policy) -> Result<(usize, usize), Refusal> {
    match policy.pages {
        Pages::None => Ok((1, usize::MAX)),
        Pages::Link => match wish.page.unwrap_or(1) {
            0 => Err(Refusal::Format("pages are counted from 1".to_owned())),
            page => Ok((page, PAGE)),
        },
        Pages::Index => match wish.items_per_page.unwrap_or(PAGE) {
            size @ 1..=LARGEST_PAGE => Ok((wish.page_index.unwrap_or(0).saturating_add(1), size)),
            _ => Err(Refusal::Format(format!("itemsPerPage is between 1 and {LARGEST_PAGE}"))),
        },
    }
}

fn status(text: &str, policy: &Policy) -> Result<BookingStatus, Refusal> {
    let known = [
        BookingStatus::Booked,
        BookingStatus::Pending,
        BookingStatus::Both,
        BookingStatus::Information,
        BookingStatus::All,
    ];
    let asked = known.into_iter().find(|status| wire(*status) == text);
    let asked = asked.ok_or_else(|| Refusal::Format("bookingStatus is not one of the standard's".to_owned()))?;
    policy.booking_statuses.contains(&asked).then_some(asked).ok_or(Refusal::Unsupported("this bookingStatus"))
}

const fn wire(status: BookingStatus) -> &'static str {
    match status {
        BookingStatus::Booked => "booked",
        BookingStatus::Pending => "pending",
        BookingStatus::Both => "both",
        BookingStatus::Information => "information",
        BookingStatus::All => "all",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;

    use super::*;

    const MOMENT: Moment = Moment { now: Timestamp::UNIX_EPOCH, today: date(2026, 11, 20) };

    fn window_by(policy: &Policy, query: &str) -> Result<Window, Refusal> {
        let uri = format!("https://bank.example/?{query}").parse().unwrap();
        Window::judged(&understood(Query::<Wish>::try_from_uri(&uri))?, policy, Presence::Background, MOMENT)
    }

    fn window(query: &str) -> Result<Window, Refusal> {
        window_by(&Policy::default(), query)
    }

    #[test]
    fn reads_a_window_up_to_today_from_page_one() {
        let window = window("bookingStatus=both&dateFrom=2026-01-01").unwrap();
        assert_eq!((window.to, window.page), (MOMENT.today, 1));
        assert_eq!(window.at(2), "bookingStatus=both&dateFrom=2026-01-01&dateTo=2026-11-20&page=2");
    }

    #[test]
    fn refuses_windows_that_make_no_sense() {
        for query in [
            "dateFrom=2026-01-01",
            "bookingStatus=booked",
            "bookingStatus=some&dateFrom=2026-01-01",
            "bookingStatus=information&dateFrom=2026-01-01",
            "bookingStatus=booked&dateFrom=yesterday",
            "bookingStatus=booked&dateFrom=2026-02-01&dateTo=2026-01-01",
            "bookingStatus=booked&dateFrom=2027-01-01&dateTo=2027-02-01",
            "bookingStatus=booked&dateFrom=2026-01-01&page=0",
            "bookingStatus=booked&dateFrom=2026-01-01&deltaList=true",
            "bookingStatus=booked&entryReferenceFrom=1",
        ] {
            assert!(window(query).is_err(), "{query}");
        }
    }

    #[test]
    fn allows_what_the_policy_allows() {
        let policy = Policy {
            booking_statuses: [BookingStatus::Booked, BookingStatus::Information].into(),
            delta: true,
            background_days: Some(90),
            pages: Pages::Index,
            ..Policy::default()
        };
        let by = |query: &str| window_by(&policy, query);
        assert_eq!(by("bookingStatus=information").unwrap().status, BookingStatus::Information);
        assert_eq!(by("bookingStatus=booked&deltaList=true").unwrap().since, Since::LastTime);
        assert_eq!(by("bookingStatus=booked&entryReferenceFrom=1").unwrap().since, Since::Entry("1".to_owned()));
        let page = by("bookingStatus=booked&dateFrom=2026-11-01&pageIndex=2&itemsPerPage=7").unwrap();
        assert_eq!((page.page, page.size), (3, 7));
        for wrong in [
            "bookingStatus=both&dateFrom=2026-11-01",
            "bookingStatus=booked&dateFrom=2026-08-21",
            "bookingStatus=booked&dateFrom=2026-11-01&itemsPerPage=501",
            "bookingStatus=booked&dateFrom=2026-11-01&deltaList=true&entryReferenceFrom=1",
        ] {
            assert!(by(wrong).is_err(), "{wrong}");
        }
        assert!(by("bookingStatus=booked&dateFrom=2026-08-22").is_ok());
    }
}
