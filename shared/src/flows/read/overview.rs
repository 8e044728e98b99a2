//! The accounts with their balances: all of them or none, or each with what became of it, as the caller chooses.

use super::{AccountBalances, ReadError, Reader, Reading, array_of};
use crate::{
    domain::{account::Account, data_kind::DataKind, ids::AccountId, ledger::LedgerKey},
    flows::trouble::{Held, Trouble},
};

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
    /// asked for where parts are not wanted, and nothing if the quota has not enough for all.
    pub async fn accounts_with_balances(&mut self, partial: Partial) -> Result<Reading<Vec<Overview>>, ReadError> {
        let listed_with = self.bank.data.balances.in_account_list;
        if partial == Partial::Refuse && !listed_with {
            let known = self.known_accounts().await?.unwrap_or_default();
            self.hold(known.iter().map(balances_of).chain([LedgerKey::ACCOUNTS]).collect()).await?;
        }
        let outcome = self.overviews(partial, listed_with).await;
        self.release().await;
        outcome
    }

    async fn overviews(&mut self, partial: Partial, listed_with: bool) -> Result<Reading<Vec<Overview>>, ReadError> {
        let listed = self.list_with(listed_with).await?;
        if partial == Partial::Refuse {
            let missing = listed.value.iter().filter(|(_, balances)| balances.is_none());
            self.hold(missing.map(|(account, _)| balances_of(&account.account_id)).collect()).await?;
        }
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

fn balances_of(account: &AccountId) -> LedgerKey {
    LedgerKey::of(account, DataKind::Balances)
}

/// Whether the other accounts may be readable all the same: the bank failed or refused, but neither the consent nor
/// the hub is at an end.
const fn is_about_one_account(error: &ReadError) -> bool {
    match error {
        ReadError::AccountUnknown
        | ReadError::AccountGone
        | ReadError::Contradiction(_)
        | ReadError::Trouble(Trouble::Bank(_) | Trouble::Held(Held::Quota { .. })) => true,
        ReadError::NotWorking(..)
        | ReadError::Busy(_)
        | ReadError::Cursor(_)
        | ReadError::TooManyPages
        | ReadError::NotOffered
        | ReadError::PeriodTooOld
        | ReadError::Trouble(_) => false,
    }
}
