//! Which readings count against the quota, and the slots that a reader has in hand.

use std::{mem, sync::Arc};

use http::HeaderMap;

use super::{
    ReadError, Reader,
    bank_word::{self, Word},
    exchange::Scope,
    quota::{self, Reserved, Slot},
};
use crate::{
    domain::{
        bank::{Bank, Incomplete, PsuHeader},
        data_kind::DataKind,
        ledger::LedgerKey,
        presence::Attendance,
        session::Session,
    },
    flows::{
        refresh::{self, Need},
        trouble::Trouble,
    },
    ports::{
        bank_http::{BankRequest, BankResponse},
        store::Loaded,
    },
    protocol::{
        adjustment::{NotMade, adjusted},
        berlin_group::errors::AnswerError,
    },
};

impl Reader {
    /// The reader with slots that were taken for it: its readings use these up instead of taking others.
    #[must_use]
    pub fn with_reserved(mut self, slots: Vec<Slot>) -> Self {
        self.slots.extend(slots);
        self
    }

    /// Gives back what was taken for this reader and surely not used. Answers the session as it then stands.
    pub async fn finish(mut self) -> Loaded<Session> {
        self.release().await;
        self.session
    }

    /// Gives the slots in hand back under which surely no call was made.
    pub(in crate::flows) async fn release(&mut self) {
        let unused: Vec<_> = mem::take(&mut self.slots).into_iter().filter(Slot::is_unused).collect();
        if !unused.is_empty() {
            quota::give_back(&self.deps, &mut self.session, &unused).await;
        }
    }

    /// What the bank will count this request as, if it will. The bank, not our caller, decides what is attended: some
    /// want to know so much of the PSU's request that a call that tells less counts as one without the PSU.
    ///
    /// What would not leave at all is told before a slot is taken for it.
    pub(super) fn counted(&self, request: &BankRequest, scope: Scope<'_>) -> Result<Option<LedgerKey>, Trouble> {
        let Some(kind) = DataKind::of(request.operation).filter(|_| !scope.is_part) else { return Ok(None) };
        if !is_background(&self.bank, request)? {
            return Ok(None);
        }
        let now = self.deps.now();
        if let Some(until) = self.bank.maintenance.iter().filter_map(|window| window.covering(now)).max() {
            return Err(Trouble::Maintenance(until));
        }
        Ok(Some(scope.account.map_or(LedgerKey::ACCOUNTS, |account| LedgerKey::of(account, kind))))
    }

    /// A slot for the key: the one in hand, one that was taken for this reader, or else one that is taken now. Too old a
    /// one is changed for a new one.
    pub(super) async fn slot(&mut self, key: LedgerKey, in_hand: Option<Slot>) -> Result<Slot, ReadError> {
        let mut waiting = self.slots.iter();
        let slot = match (in_hand, waiting.position(|slot| *slot.key() == key)) {
            (Some(slot), _) => Some(slot),
            (None, Some(place)) => Some(self.slots.remove(place)),
            (None, None) => None,
        };
        let slot = match slot {
            Some(slot) if slot.is_good() => slot,
            old => {
                let back: Vec<_> = old.iter().collect();
                let reserved = quota::exchange(&self.deps, self.session.clone(), &back, &[key], |_| {}).await?;
                self.session = reserved.session;
                reserved.slots.into_iter().next().ok_or(Trouble::Integrity)?
            }
        };
        self.read_at = Some(slot.taken_at());
        Ok(slot)
    }

    /// Takes slots for all these keys that have none in hand, or for none of them: a reading of which a part is wanted by
    /// nobody must not begin if it cannot be ended.
    pub(super) async fn hold(&mut self, keys: Vec<LedgerKey>) -> Result<(), ReadError> {
        if !matches!(self.attendance, Attendance::Background) {
            return Ok(());
        }
        let missing: Vec<_> = keys.into_iter().filter(|key| self.slots.iter().all(|slot| slot.key() != key)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        // First a token, so that a token that is not to be had costs no slots.
        let usable = refresh::usable(&self.deps, &self.trail, self.session.clone(), Need::Fresh).await?;
        let Reserved { session, slots } = quota::reserve(&self.deps, usable.session, &missing, |_| {}).await?;
        self.session = session;
        self.slots.extend(slots);
        Ok(())
    }

    /// What it means for the slot that no answer came: it is given back if the bank surely never saw the call.
    pub(super) async fn not_answered(&mut self, slot: Option<Slot>, trouble: Trouble) -> Trouble {
        if let Some(slot) = slot.filter(|slot| trouble.is_surely_unsent() && slot.is_unused()) {
            let deps = Arc::clone(&self.deps);
            quota::give_back(&deps, &mut self.session, &[slot]).await;
        }
        trouble
    }

    /// Writes down what the bank's answer says of its limit, if that is less than the hub has counted.
    pub(super) async fn hear(&mut self, key: &LedgerKey, response: &BankResponse, refusal: Option<&AnswerError>) {
        let now = self.session.store_now(&*self.deps.clock);
        let Some(word) = bank_word::word(&self.bank.background.headers, response, refusal, now) else { return };
        let Ok(limit) = quota::limit(&self.deps, &self.session.record) else { return };
        if refusal.is_some_and(bank_word::is_about_limit) {
            let bank = &self.bank.id;
            tracing::warn!(bank.id = %bank, alert = "quota_overrun", "the bank counts more reads than the hub");
        }
        let deps = Arc::clone(&self.deps);
        quota::note(&deps, &mut self.session, |ledger, now| {
            let until = match word {
                Word::Until(until) => until,
                Word::DayIsOver => ledger.day_ends_at(key, now),
            };
            let counted = ledger.view(key, limit, now).exhausted;
            if refusal.is_some() || counted.is_none_or(|counted| counted.until < until) {
                ledger.fill(key, until, now);
            }
        })
        .await;
    }
}

/// Whether the bank will take the request, as it leaves, for one without the PSU.
fn is_background(bank: &Bank, request: &BankRequest) -> Result<bool, NotMade> {
    let tells = |headers: &HeaderMap| headers.contains_key(PsuHeader::IpAddress.header());
    // At nearly every bank nothing takes the PSU's address out again.
    let stays = bank.psu.incomplete == Incomplete::Refuse && !bank.psu.forbidden.contains(&PsuHeader::IpAddress);
    if stays && tells(&request.headers) {
        return Ok(false);
    }
    Ok(!tells(&adjusted(bank, request.clone())?.headers))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::{
        domain::{bank::PsuProfile, operation::Operation},
        testing::samples,
    };

    fn request(headers: &[(&'static str, &'static str)]) -> BankRequest {
        let url = "https://api.bank.example/v1/accounts/1/balances".parse().unwrap();
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        BankRequest { operation: Operation::Balances, method: Method::GET, url, headers, body: None }
    }

    fn bank(psu: PsuProfile) -> Bank {
        Bank { psu, ..samples::bank() }
    }

    const ADDRESS: &[(&str, &str)] = &[("psu-ip-address", "192.0.2.7")];

    #[test]
    fn the_psus_address_makes_a_call_attended() {
        let bank = bank(PsuProfile::default());
        assert_eq!(is_background(&bank, &request(ADDRESS)), Ok(false));
        assert_eq!(is_background(&bank, &request(&[("psu-user-agent", "x")])), Ok(true));
    }

    #[test]
    fn a_call_that_the_bank_will_not_take_for_attended_is_background() {
        let required = [PsuHeader::IpAddress, PsuHeader::UserAgent].into();
        let strict = bank(PsuProfile { required, incomplete: Incomplete::Background, ..PsuProfile::default() });
        assert_eq!(is_background(&strict, &request(ADDRESS)), Ok(true));
        let whole = [ADDRESS, &[("psu-user-agent", "x")]].concat();
        assert_eq!(is_background(&strict, &request(&whole)), Ok(false));
        let shy = bank(PsuProfile { forbidden: [PsuHeader::IpAddress].into(), ..PsuProfile::default() });
        assert_eq!(is_background(&shy, &request(ADDRESS)), Ok(true));
    }

    #[test]
    fn what_would_not_leave_is_told_first() {
        let bank = bank(PsuProfile { background: false, ..PsuProfile::default() });
        assert_eq!(is_background(&bank, &request(&[])), Err(NotMade::NotAttended));
    }
}
