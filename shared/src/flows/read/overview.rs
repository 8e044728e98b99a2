//! The accounts with their balances: all of them or none, or each with what became of it, as the caller chooses.

use super::{AccountBalances, ReadError, Reader, Reading, array_of};
use crate::{domain::account::Account, flows::trouble::Trouble};

/// What becomes of a reading of several accounts if one of them cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Partial {
    /// It fails as a whole: what is there is never mistaken for everything.
    #[default]
    Refuse,
    /// That account tells its problem; the others are told.
    Allow,
}

/// One account and its balances, or why there are none.
pub struct Overview {
    /// The account.
    pub account: Account,
    /// Its balances.
    pub balances: Result<AccountBalances, ReadError>,
}

impl Reader {
    /// The accounts with their balances, with as few calls as the bank allows. Never more than the first failure is
    /// asked for where parts are not wanted.
    pub async fn accounts_with_balances(&mut self, partial: Partial) -> Result<Reading<Vec<Overview>>, ReadError> {
        let listed = self.list_with(self.bank.data.balances.in_account_list).await?;
        let (mut raws, mut as_of) = (vec![listed.raw], listed.as_of);
        let mut overviews = Vec::new();
        for (account, balances) in listed.value {
            let balances = match balances {
                Some(all) => Ok(self.balances_of(all)),
                None => match self.balances(&account.account_id).await {
                    Ok(reading) => {
                        raws.push(reading.raw);
                        as_of = reading.as_of;
                        Ok(reading.value)
                    }
                    Err(error) if partial == Partial::Allow && is_about_one_account(&error) => Err(error),
                    Err(error) => return Err(error),
                },
            };
            overviews.push(Overview { account, balances });
        }
        let raw = match raws.as_slice() {
            [only] => only.clone(),
            several => array_of(&several.iter().collect::<Vec<_>>()),
        };
        Ok(Reading { value: overviews, raw, as_of })
    }
}

/// Whether the other accounts may be readable all the same: the bank failed or refused, but neither the consent nor
/// the hub is at an end.
const fn is_about_one_account(error: &ReadError) -> bool {
    match error {
        ReadError::AccountUnknown
        | ReadError::AccountGone
        | ReadError::Contradiction(_)
        | ReadError::Trouble(Trouble::Bank(_)) => true,
        ReadError::NotWorking(..)
        | ReadError::Busy(_)
        | ReadError::Cursor(_)
        | ReadError::TooManyPages
        | ReadError::NotOffered
        | ReadError::PeriodTooOld
        | ReadError::Trouble(_) => false,
    }
}
