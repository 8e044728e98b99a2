//! How many reads a day are allowed.

use crate::domain::{bank::BackgroundProfile, consent::ConsentTerms};

/// What the law gives without an agreement (Delegated Regulation 2018/389, Art. 36(5)(b)).
pub const BY_LAW: u32 = 4;

/// Reads of one account and kind in any 24 hours: what the bank's document says, unless the consent grants fewer than
/// [`BY_LAW`]. Banks write four into the consent whatever was agreed with them, so that a consent of four takes nothing
/// from a higher number in the document; and a consent that grants more than the document does not raise it. Zero in a
/// consent says nothing.
pub fn daily_limit(background: &BackgroundProfile, consent: &ConsentTerms) -> u32 {
    let agreed = background.reads_per_day;
    match consent.frequency_per_day {
        fewer @ 1..BY_LAW => agreed.min(fewer),
        _ => agreed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::consent::ConsentStatus;

    fn limit(reads_per_day: u32, frequency_per_day: u32) -> u32 {
        let consent =
            ConsentTerms { status: ConsentStatus::Valid, valid_until: None, frequency_per_day, recurring: true };
        daily_limit(&BackgroundProfile { reads_per_day, ..BackgroundProfile::default() }, &consent)
    }

    #[test]
    fn a_consent_may_grant_fewer_and_never_more() {
        assert_eq!((limit(4, 4), limit(4, 2), limit(4, 1), limit(2, 4)), (4, 2, 1, 2));
        assert_eq!((limit(4, 100), limit(4, 0)), (4, 4));
    }

    #[test]
    fn what_was_agreed_holds_although_the_consent_says_four() {
        assert_eq!((limit(24, 4), limit(24, 0), limit(24, 3)), (24, 24, 3));
    }
}
