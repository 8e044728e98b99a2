//! Accounts that a bank lists although the consent is not for them are nobody's business: they are left out.

use bytes::Bytes;

use super::{Reader, Reading, array_of};
use crate::domain::account::{BankAccount, Scheme};

impl Reader {
    /// The payment accounts without those that the consent is not for, as far as the bank has told which it is for. An
    /// account without an IBAN cannot be judged, and stays. What is left out raises an alarm.
    pub(super) fn only_covered(&self, reading: Reading<Vec<BankAccount>>) -> Reading<Vec<BankAccount>> {
        let (kept, strangers): (Vec<_>, Vec<_>) = reading.value.into_iter().partition(|found| self.is_covered(found));
        if strangers.is_empty() {
            return Reading { value: kept, ..reading };
        }
        let (bank, count) = (&self.bank.id, strangers.len());
        tracing::error!(alert = "accounts_not_in_consent", bank.id = %bank, count, "the bank lists accounts outside of the consent");
        let records: Vec<_> = kept.iter().map(|found| Bytes::copy_from_slice(found.raw.as_bytes())).collect();
        let list = array_of(&records.iter().collect::<Vec<_>>());
        let raw = Bytes::from([&b"{\"accounts\":"[..], &list, b"}"].concat());
        Reading { value: kept, raw, as_of: reading.as_of }
    }

    fn is_covered(&self, found: &BankAccount) -> bool {
        let session = &self.session.record;
        let Some(covered) = session.access.as_ref().and_then(|access| access.covered.as_ref()) else { return true };
        let mut ibans = found.details.identification.iter().filter(|name| name.scheme == Scheme::Iban).peekable();
        let hash = |iban: &str| self.deps.pseudonyms.covered_account(&session.id, iban);
        ibans.peek().is_none() || ibans.any(|name| covered.contains(&hash(&name.value)))
    }
}
