//! The directory of a consent: which of the hub's account ids is which of the bank's resources. Sealed, kept with the
//! consent, made anew under a new one.

use serde::{Deserialize, Serialize};

use super::{ReadError, Reader};
use crate::{
    domain::{
        account::{Account, BankAccount, Identification, Scheme},
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
    account_id: AccountId,
    resource_id: String,
    identification: Vec<Identification>,
}

impl Entry {
    /// The account, as the dialect wants to know it.
    pub fn as_known(&self) -> KnownAccount<'_> {
        KnownAccount { resource_id: &self.resource_id, identification: &self.identification }
    }
}

impl Reader {
    /// The bank's account of that id, from the directory; the accounts are listed first if that was not done under
    /// this consent.
    pub(super) async fn entry(&mut self, account: &AccountId) -> Result<Entry, ReadError> {
        if self.directory().await?.is_none() {
            self.accounts().await?;
        }
        let entries = self.directory().await?.unwrap_or_default();
        entries.into_iter().find(|entry| entry.account_id == *account).ok_or(ReadError::AccountUnknown)
    }

    async fn directory(&self) -> Result<Option<Vec<Entry>>, ReadError> {
        let session = &self.session.record;
        let now = self.deps.now();
        let access = session.working_access(now);
        let access = access.ok_or_else(|| ReadError::NotWorking(Box::new(session.clone()), now))?;
        let Some(directory) = &access.directory else { return Ok(None) };
        let place = session.directory_place(directory.generation);
        let entries = self.deps.vault.open_json(Purpose::Tokens, &place, &directory.sealed).await;
        Ok(Some(entries.map_err(Trouble::from)?))
    }

    /// The account under the hub's name: a keyed hash of the session and of what the account is called everywhere, so
    /// that a renewal under which the bank calls it something else changes nothing for the CRM.
    pub(super) fn name(&self, found: BankAccount) -> (Account, Entry) {
        let names = &found.details.identification;
        let iban = names.iter().find(|name| name.scheme == Scheme::Iban).or_else(|| names.first());
        let name = iban.map_or(found.resource_id.as_str(), |name| name.value.as_str());
        let account_id = self.deps.pseudonyms.account_id(&self.session.record.id, &[name, &found.details.currency]);
        let identification = names.clone();
        let entry = Entry { account_id: account_id.clone(), resource_id: found.resource_id, identification };
        (Account { account_id, details: found.details }, entry)
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
