//! The directory of a consent: which of the hub's account ids is which of the bank's resources. Sealed, kept with the
//! consent, made anew under a new one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ReadError, Reader};
use crate::{
    domain::{
        account::{AccountKind, BankAccount, Identification, Scheme},
        audit::AuditEvent,
        ids::AccountId,
        purpose::Purpose,
        session::{Session, StoredDirectory},
    },
    flows::{
        change::{self, Decision},
        trouble::Trouble,
    },
    protocol::berlin_group::references::KnownAccount,
};

/// One account: the hub's name and the bank's, and what it is called everywhere.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub account_id: AccountId,
    resource_id: String,
    identification: Vec<Identification>,
    #[serde(default)]
    kind: AccountKind,
    #[serde(default)]
    debit_accounting: Option<bool>,
}

impl Entry {
    /// The account, as the dialect wants to know it.
    pub fn as_known(&self) -> KnownAccount<'_> {
        KnownAccount {
            resource_id: &self.resource_id,
            identification: &self.identification,
            kind: self.kind,
            debit_accounting: self.debit_accounting,
        }
    }

    /// Whether the bank calls both by the same handle.
    pub fn is_same_resource(&self, other: &Self) -> bool {
        self.resource_id == other.resource_id && self.kind == other.kind
    }
}

impl Reader {
    /// The bank's account of that id, from the directory; the accounts are listed first if that was not done under
    /// this consent. Tells whether they were listed just now.
    pub(super) async fn entry(&mut self, account: &AccountId) -> Result<(Entry, bool), ReadError> {
        let listed_now = self.directory().await?.is_none();
        if listed_now {
            Box::pin(self.list()).await?;
        }
        let entry = self.known(account).await?.ok_or(ReadError::AccountUnknown)?;
        Ok((entry, listed_now))
    }

    /// The bank's account of that id, if the directory has it.
    pub(super) async fn known(&self, account: &AccountId) -> Result<Option<Entry>, ReadError> {
        let entries = self.directory().await?.unwrap_or_default();
        Ok(entries.into_iter().find(|entry| entry.account_id == *account))
    }

    /// The accounts that were listed under this consent; `None` if none were listed yet.
    pub(in crate::flows) async fn known_accounts(&self) -> Result<Option<Vec<AccountId>>, ReadError> {
        let entries = self.directory().await?;
        Ok(entries.map(|entries| entries.into_iter().map(|entry| entry.account_id).collect()))
    }

    /// The directory of the consent in force; nothing if no accounts were listed under it.
    pub(super) async fn directory(&self) -> Result<Option<Vec<Entry>>, ReadError> {
        let session = &self.session.record;
        let now = self.deps.now();
        let access = session.working_access(now);
        let access = access.ok_or_else(|| ReadError::NotWorking(Box::new(session.clone()), now))?;
        let Some(directory) = &access.directory else { return Ok(None) };
        let place = session.directory_place(directory.generation);
        let entries = self.deps.vault.open_json(Purpose::Tokens, &place, &directory.sealed).await;
        Ok(Some(entries.map_err(Trouble::from)?))
    }

    /// The accounts under the hub's names: keyed hashes of the session and of what an account is called everywhere, so
    /// that a renewal under which the bank calls it something else changes nothing for the CRM. Accounts that are
    /// called the same are numbered, in the order of what they are.
    pub(super) fn name(&self, found: &[BankAccount]) -> Vec<Entry> {
        let mut ranked: Vec<_> = found.iter().enumerate().collect();
        ranked.sort_by_key(|(_, account)| rank(account));
        let mut met: BTreeMap<AccountId, u32> = BTreeMap::new();
        let mut entries: Vec<_> =
            ranked.into_iter().map(|(place, account)| (place, self.entry_of(account, &mut met))).collect();
        entries.sort_by_key(|(place, _)| *place);
        entries.into_iter().map(|(_, entry)| entry).collect()
    }

    fn entry_of(&self, found: &BankAccount, met: &mut BTreeMap<AccountId, u32>) -> Entry {
        let names = &found.details.identification;
        let iban = names.iter().find(|name| name.scheme == Scheme::Iban).or_else(|| names.first());
        let name = iban.map_or(found.resource_id.as_str(), |name| name.value.as_str());
        let card = (found.details.kind == AccountKind::Card).then_some("card");
        let parts: Vec<_> = [name, &found.details.currency].into_iter().chain(card).collect();
        let id_of = |parts: &[&str]| self.deps.pseudonyms.account_id(&self.session.record.id, parts);
        let first = id_of(&parts);
        let count = met.entry(first.clone()).or_insert(0);
        *count = count.saturating_add(1);
        let account_id = if *count == 1 { first } else { id_of(&[&parts[..], &[&count.to_string()]].concat()) };
        Entry {
            account_id,
            resource_id: found.resource_id.clone(),
            identification: names.clone(),
            kind: found.details.kind,
            debit_accounting: found.details.debit_accounting,
        }
    }

    /// Keeps the directory with the consent it belongs to, unless it is there already.
    pub(super) async fn keep_directory(&mut self, entries: Vec<Entry>) -> Result<(), ReadError> {
        if self.directory().await?.is_some_and(|known| known == entries) {
            return Ok(());
        }
        // A generation of its own, taken from the clock: the directory is replaced as a whole and only by a later one.
        let generation = u64::try_from(self.deps.now().as_microsecond()).unwrap_or(0);
        let place = self.session.record.directory_place(generation);
        let sealed = self.deps.vault.seal_json(Purpose::Tokens, &place, &entries).await.map_err(Trouble::from)?;
        let granted_at = self.session.record.access.as_ref().map(|access| access.granted_at);
        let decide = |session: &Session, _| {
            let mut session = Box::new(session.clone());
            match &mut session.access {
                Some(access) if Some(access.granted_at) == granted_at => {
                    access.directory = Some(StoredDirectory { sealed: sealed.clone(), generation });
                }
                _ => return Ok::<_, Trouble>(Decision::Leave),
            }
            Ok(Decision::Write(session, AuditEvent::DirectoryStored))
        };
        self.session = change::change(&self.deps, &self.trail, self.session.clone(), decide).await?;
        Ok(())
    }
}

/// What tells accounts of one name apart, in the order of how long it lasts.
fn rank(account: &BankAccount) -> (Option<&str>, Option<&str>, Option<&str>, &str) {
    let details = &account.details;
    (
        details.cash_account_type.as_deref(),
        details.product.as_deref(),
        details.name.as_deref(),
        account.resource_id.as_str(),
    )
}
