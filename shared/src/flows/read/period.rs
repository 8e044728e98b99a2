//! Which days are asked for: what the caller wants, within what the bank gives, slice by slice.

use jiff::{SignedDuration, ToSpan, civil::Date};

use super::{ReadError, WantedList};
use crate::{
    domain::{
        bank::Bank,
        coverage::{Coverage, CoverageNote},
        data_profile::BookingStatus,
    },
    protocol::berlin_group::transactions::TransactionQuery,
};

/// What a bank's window depends on besides what is wanted.
#[derive(Clone, Copy)]
pub(super) struct Visit {
    /// Whether the PSU is there.
    pub attended: bool,
    /// How long ago the PSU authorised the consent.
    pub since_grant: SignedDuration,
    /// The day.
    pub today: Date,
}

impl Visit {
    /// How many days back the bank gives: more in the first minutes after SCA, at banks that say so.
    fn oldest_days(self, bank: &Bank) -> Option<u16> {
        let first = bank.consent.first_minutes;
        let first = first.filter(|first| self.since_grant < SignedDuration::from_mins(first.minutes.into()));
        first.map_or_else(|| bank.data.window.oldest_days(self.attended), |first| Some(first.history_days))
    }
}

/// What will be asked for of what is wanted, and how that differs.
pub(super) fn covering(bank: &Bank, wanted: &WantedList, visit: Visit) -> Result<Coverage, ReadError> {
    let today = visit.today;
    let (rules, window) = (&bank.data.booking, &bank.data.window);
    let mut coverage = Coverage { status: wanted.status, from: None, to: wanted.to, notes: Vec::new() };
    if !rules.offers(wanted.status) {
        fall_back(bank, &mut coverage)?;
    }
    if wanted.since.is_some() {
        return if bank.data.entry_reference_from { Ok(coverage) } else { Err(ReadError::NotOffered) };
    }
    let days_before = |day: Date, days: u16| day.saturating_sub(i64::from(days).days());
    let from = wanted.from.unwrap_or_else(|| days_before(wanted.to.unwrap_or(today), window.default_days));
    coverage.from = Some(from);
    if let Some(days) = visit.oldest_days(bank) {
        begin_at(&mut coverage, days_before(today, days))?;
    }
    Ok(coverage)
}

/// Booked transactions instead of what the bank has not.
pub(super) fn fall_back(bank: &Bank, coverage: &mut Coverage) -> Result<(), ReadError> {
    if !bank.data.booking.fallback || coverage.status == BookingStatus::Booked {
        return Err(ReadError::NotOffered);
    }
    coverage.status = BookingStatus::Booked;
    coverage.note(CoverageNote::BookedOnly);
    Ok(())
}

/// A later beginning after the bank refused the period; none if that would change nothing.
pub(super) fn clamp(bank: &Bank, coverage: &mut Coverage, today: Date) -> Option<()> {
    let oldest = today.saturating_sub(i64::from(bank.data.window.clamp_days).days());
    let clamped = coverage.from.is_some_and(|from| from < oldest);
    (clamped && begin_at(coverage, oldest).is_ok()).then_some(())
}

/// Nothing before that day.
fn begin_at(coverage: &mut Coverage, oldest: Date) -> Result<(), ReadError> {
    if coverage.to.is_some_and(|to| to < oldest) {
        return Err(ReadError::PeriodTooOld);
    }
    if coverage.from.is_some_and(|from| from < oldest) {
        coverage.from = Some(oldest);
        coverage.note(CoverageNote::PeriodShortened);
    }
    Ok(())
}

/// The first question: for the whole period, or for its newest slice. With the slice's first day, if it is one.
pub(super) fn first(
    bank: &Bank,
    coverage: &Coverage,
    since: Option<String>,
    today: Date,
) -> (TransactionQuery, Option<Date>) {
    let whole = TransactionQuery {
        booking_status: coverage.status,
        from: coverage.from.unwrap_or(today),
        to: coverage.to,
        since,
    };
    if whole.since.is_some() || coverage.status == BookingStatus::Information {
        return (whole, None);
    }
    match slice(bank, coverage, coverage.to.unwrap_or(today)) {
        Some(from) => (TransactionQuery { from, ..whole }, Some(from)),
        None => (whole, None),
    }
}

/// The slice before the one that begins on that day, if the period has one.
pub(super) fn before(bank: &Bank, coverage: &Coverage, slice_from: Date) -> Option<(TransactionQuery, Date)> {
    if coverage.from? >= slice_from {
        return None;
    }
    let to = slice_from.yesterday().ok()?;
    let from = slice(bank, coverage, to)?;
    Some((TransactionQuery { booking_status: coverage.status, from, to: Some(to), since: None }, from))
}

/// The first day of the slice that ends on that day; none if the bank takes any period.
fn slice(bank: &Bank, coverage: &Coverage, to: Date) -> Option<Date> {
    let days = bank.data.window.slice_days?.max(1);
    Some(to.saturating_sub((i64::from(days) - 1).days()).max(coverage.from?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{domain::bank::FirstMinutes, testing::samples};

    const TODAY: Date = jiff::civil::date(2026, 11, 21);

    fn bank(data: &str) -> Bank {
        Bank { data: toml::from_str(data).unwrap(), ..samples::bank() }
    }

    fn wanted(from: Option<&str>, to: Option<&str>) -> WantedList {
        let day = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        WantedList { status: BookingStatus::Both, from: day(from), to: day(to), since: None }
    }

    fn visit(attended: bool) -> Visit {
        Visit { attended, since_grant: SignedDuration::from_mins(15), today: TODAY }
    }

    #[test]
    fn a_bank_may_show_more_in_the_first_minutes() {
        let mut bank = bank("window = { oldest_days_attended = 90, oldest_days_background = 90 }");
        bank.consent.first_minutes = Some(FirstMinutes { minutes: 15, history_days: 730 });
        let old = wanted(Some("2025-01-01"), None);
        let from = |minutes| {
            let visit = Visit { since_grant: SignedDuration::from_mins(minutes), ..visit(true) };
            covering(&bank, &old, visit).unwrap().from.unwrap().to_string()
        };
        assert_eq!((from(14).as_str(), from(15).as_str()), ("2025-01-01", "2026-08-23"));
    }

    fn told(data: &str, wanted: &WantedList, attended: bool) -> String {
        match covering(&bank(data), wanted, visit(attended)) {
            Ok(covers) => format!("{:?} {} {:?}", covers.status, covers.from.unwrap(), covers.notes),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn asks_for_ninety_days_or_the_bank_s_default_unless_told_otherwise() {
        assert_eq!(told("", &wanted(None, None), false), "Both 2026-08-23 []");
        assert_eq!(told("", &wanted(None, Some("2026-04-01")), false), "Both 2026-01-01 []");
        assert_eq!(told("window = { default_days = 30 }", &wanted(None, None), false), "Both 2026-10-22 []");
        assert_eq!(told("", &wanted(Some("2020-01-01"), None), false), "Both 2020-01-01 []");
    }

    #[test]
    fn a_bound_of_the_bank_shortens_the_period_and_that_is_told() {
        let data = "window = { oldest_days_attended = 720, oldest_days_background = 90 }";
        let old = wanted(Some("2026-01-01"), None);
        assert_eq!(told(data, &old, false), "Both 2026-08-23 [PeriodShortened]");
        assert_eq!(told(data, &old, true), "Both 2026-01-01 []");
        let over = wanted(Some("2026-01-01"), Some("2026-02-01"));
        assert_eq!(told(data, &over, false), "the period is too old for the bank");
    }

    #[test]
    fn what_the_bank_has_not_is_booked_only_or_refused() {
        let asked = wanted(Some("2026-11-01"), None);
        assert_eq!(told("booking = { offered = [\"booked\"] }", &asked, false), "Booked 2026-11-01 [BookedOnly]");
        let strict = "booking = { offered = [\"booked\"], fallback = false }";
        assert_eq!(told(strict, &asked, false), "the bank does not offer this");
        let delta = WantedList { since: Some("e-1".to_owned()), ..wanted(None, None) };
        assert!(covering(&bank(""), &delta, visit(false)).is_err());
        assert!(covering(&bank("entry_reference_from = true"), &delta, visit(false)).is_ok_and(|it| it.from.is_none()));
    }

    #[test]
    fn a_refused_period_is_clamped_once() {
        let bank = bank("window = { clamp_days = 30 }");
        let mut coverage = covering(&bank, &wanted(Some("2026-01-01"), None), visit(false)).unwrap();
        assert!(clamp(&bank, &mut coverage, TODAY).is_some());
        assert_eq!(
            (coverage.from, &coverage.notes[..]),
            (Some(jiff::civil::date(2026, 10, 22)), &[CoverageNote::PeriodShortened][..])
        );
        assert!(clamp(&bank, &mut coverage, TODAY).is_none());
        let mut past = covering(&bank, &wanted(Some("2026-01-01"), Some("2026-01-02")), visit(false)).unwrap();
        assert!(clamp(&bank, &mut past, TODAY).is_none());
    }

    proptest! {
        #[test]
        fn slices_cover_every_day_once_and_none_is_too_long(days in 1..40_u16, back in 0..400_i64, open in any::<bool>()) {
            let bank = bank(&format!("window = {{ slice_days = {days} }}"));
            let from = TODAY.saturating_sub(back.days());
            let to = (!open).then_some(TODAY);
            let coverage = Coverage { status: BookingStatus::Both, from: Some(from), to, notes: Vec::new() };
            let (query, slice_from) = first(&bank, &coverage, None, TODAY);
            let mut slices = vec![(query.from, query.to.unwrap_or(TODAY))];
            let mut at = slice_from.unwrap();
            while let Some((query, next)) = before(&bank, &coverage, at) {
                slices.push((query.from, query.to.unwrap()));
                at = next;
            }
            prop_assert_eq!(slices.last().unwrap().0, from);
            for (from, to) in &slices {
                prop_assert!(from <= to && (*to - *from).get_days() < i32::from(days));
            }
            for pair in slices.windows(2) {
                prop_assert_eq!(pair[1].1.tomorrow().unwrap(), pair[0].0);
            }
        }
    }
}
