//! What happens on an account again and again: the vocabulary in which the tables are written.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use super::dice::Dice;

/// One habit of an account holder, such as the rent on the first of the month.
#[derive(Debug)]
pub(crate) struct Habit {
    pub(crate) rhythm: Rhythm,
    pub(crate) kind: Kind,
    /// Smallest and largest size in cents; the sign comes from the flow.
    pub(crate) cents: (i64, i64),
    pub(crate) flow: Flow,
    pub(crate) parties: &'static [Party],
    /// What the transaction says.
    pub(crate) text: &'static str,
}

/// When a habit happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rhythm {
    /// On this day of each month.
    Monthly(i8),
    /// On this day of each third month, March being one of them.
    Quarterly(i8),
    /// On this day of each week.
    Weekly(Weekday),
    /// On so many of a thousand days.
    Days(u16),
    /// On so many of a thousand working days.
    WorkingDays(u16),
}

impl Rhythm {
    pub(crate) fn falls_on(self, date: Date, dice: &mut Dice) -> bool {
        match self {
            Self::Monthly(day) => date.day() == day,
            Self::Quarterly(day) => date.month() % 3 == 0 && date.day() == day,
            Self::Weekly(weekday) => date.weekday() == weekday,
            Self::Days(per_mille) => dice.chance(per_mille),
            Self::WorkingDays(per_mille) => is_working_day(date) && dice.chance(per_mille),
        }
    }
}

/// Whether money comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    In,
    Out,
}

impl Flow {
    /// The signed amount, as the Berlin Group writes it: minus for a debit.
    pub(crate) const fn signed(self, cents: i64) -> i64 {
        match self {
            Self::In => cents,
            Self::Out => -cents,
        }
    }
}

/// By which instrument the money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Salary,
    Transfer,
    StandingOrder,
    DirectDebit,
    Card,
    Interest,
    Fee,
}

impl Kind {
    /// The ISO 20022 bank transaction code: domain, family, sub-family.
    pub(crate) const fn transaction_code(self, flow: Flow) -> &'static str {
        match (self, flow) {
            (Self::Salary, Flow::In) => "PMNT-RCDT-SALA",
            (Self::Salary, Flow::Out) => "PMNT-ICDT-SALA",
            (Self::Transfer, Flow::In) => "PMNT-RCDT-ESCT",
            (Self::Transfer, Flow::Out) => "PMNT-ICDT-ESCT",
            (Self::StandingOrder, Flow::In) => "PMNT-RCDT-STDO",
            (Self::StandingOrder, Flow::Out) => "PMNT-ICDT-STDO",
            (Self::DirectDebit, Flow::In) => "PMNT-IDDT-ESDD",
            (Self::DirectDebit, Flow::Out) => "PMNT-RDDT-ESDD",
            (Self::Card, Flow::In) => "PMNT-CCRD-POSC",
            (Self::Card, Flow::Out) => "PMNT-CCRD-POSD",
            (Self::Interest, _) => "ACMT-MCOP-INTR",
            (Self::Fee, _) => "ACMT-MDOP-CHRG",
        }
    }

    /// The day a payment made on `date` is booked. Cards take at least two days and are pending
    /// until then; the rest is booked on the same day, or the next working day.
    pub(crate) fn booking_day(self, date: Date) -> Date {
        let earliest = if self == Self::Card { date.saturating_add(2.days()) } else { date };
        next_working_day(earliest)
    }
}

/// Who is at the other end.
#[derive(Debug)]
pub(crate) enum Party {
    /// Somebody with an account at another (made-up) bank.
    Elsewhere { name: &'static str, account: u64 },
    /// A shop or a machine; no account is told.
    Shop(&'static str),
    /// Another account of the same customer, by its key.
    Own(&'static str),
    /// The bank itself.
    Bank,
}

fn is_working_day(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn next_working_day(date: Date) -> Date {
    match date.weekday() {
        Weekday::Saturday => date.saturating_add(2.days()),
        Weekday::Sunday => date.saturating_add(1.day()),
        _ => date,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn books_nothing_on_a_weekend() {
        let saturday = date(2026, 11, 21);
        assert_eq!(Kind::Transfer.booking_day(saturday), date(2026, 11, 23));
        assert_eq!(Kind::Card.booking_day(date(2026, 11, 19)), date(2026, 11, 23));
        assert_eq!(Kind::Card.booking_day(date(2026, 11, 16)), date(2026, 11, 18));
    }

    #[test]
    fn keeps_quarterly_habits_to_four_months_of_the_year() {
        let mut dice = Dice::new(1, &[]);
        let months: Vec<i8> =
            (1..=12).filter(|month| Rhythm::Quarterly(15).falls_on(date(2026, *month, 15), &mut dice)).collect();
        assert_eq!(months, [3, 6, 9, 12]);
    }
}
