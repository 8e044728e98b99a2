//! Readings of several accounts: what becomes of them if one cannot be read.

use super::{ReadError, Reader};
use crate::{
    domain::{data_kind::DataKind, ids::AccountId, ledger::LedgerKey},
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

impl Reader {
    /// Takes what it needs to list the accounts and read the balances of each that is known, or nothing: a reading of
    /// which a part is wanted by nobody must not begin if it cannot be ended.
    pub(in crate::flows) async fn hold_overview(&mut self) -> Result<(), ReadError> {
        let known = self.known_accounts().await?.unwrap_or_default();
        Box::pin(self.hold(known.iter().map(balances_of).chain([LedgerKey::ACCOUNTS]).collect())).await
    }

    /// The same for the balances of these accounts.
    pub(in crate::flows) async fn hold_balances(
        &mut self,
        accounts: impl Iterator<Item = &AccountId>,
    ) -> Result<(), ReadError> {
        Box::pin(self.hold(accounts.map(balances_of).collect())).await
    }
}

fn balances_of(account: &AccountId) -> LedgerKey {
    LedgerKey::of(account, DataKind::Balances)
}

/// Whether the other accounts may be readable all the same: the bank failed or refused, but neither the consent nor
/// the hub is at an end.
pub const fn is_about_one_account(error: &ReadError) -> bool {
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
