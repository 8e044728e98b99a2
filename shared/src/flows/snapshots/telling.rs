//! Tells the last good answer.

use std::error::Error;

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};

use super::Desk;
use crate::{
    domain::{
        account::Account,
        audit::AuditEvent,
        data_kind::DataKind,
        ids::AccountId,
        purpose::Purpose,
        raw_record::RawRecord,
        snapshot::{Question, Snapshot},
    },
    flows::{
        read::{AccountBalances, ReadError, Reading},
        trail::Subject,
        trouble::Trouble,
    },
};

/// What was sealed.
#[derive(Deserialize)]
struct Opened<T> {
    value: T,
    raw: RawRecord,
}

impl Desk {
    /// The last good list of accounts, if each of them is listed under the consent in force.
    pub(super) async fn last_accounts(&mut self) -> Option<Reading<Vec<Account>>> {
        let last: Reading<Vec<Account>> = self.last(DataKind::Accounts, None).await?;
        let listed = self.reader.listed().await.ok().flatten()?;
        last.value.iter().all(|account| listed.contains(&account.account_id)).then_some(last)
    }

    /// The last good balances of the account.
    pub(super) async fn last_balances(&mut self, account: &AccountId) -> Option<Reading<AccountBalances>> {
        let last = self.last(DataKind::Balances, Some(account)).await?;
        Some(Reading { value: self.reader.balances_of(last.value), raw: last.raw, as_of: last.as_of })
    }

    /// The last good answer to that question, if there is one that may be told. One that cannot be had is as good as
    /// none: the caller is told what stands in the way of a new one, the operator why.
    pub(super) async fn last<T: DeserializeOwned>(
        &mut self,
        kind: DataKind,
        account: Option<&AccountId>,
    ) -> Option<Reading<T>> {
        match self.try_telling(kind, account).await {
            Ok(last) => last,
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(alert = "snapshot_not_told", error, kind = kind.name(), "a kept answer cannot be told");
                None
            }
        }
    }

    async fn try_telling<T: DeserializeOwned>(
        &mut self,
        kind: DataKind,
        account: Option<&AccountId>,
    ) -> Result<Option<Reading<T>>, ReadError> {
        let now = self.deps.now();
        let session = self.reader.session_now().await?;
        if session.working_access(now).is_none() {
            return Ok(None);
        }
        let (question, subject) = (Question::of(session, kind, account), Subject::from(session));
        let listed = self.reader.listed().await?.unwrap_or_default();
        if account.is_some_and(|account| !listed.contains(account)) {
            return Ok(None);
        }
        let found = self.deps.store.load::<Snapshot>(question.id().as_str()).await.map_err(Trouble::from)?;
        let Some(found) = found.map(|found| found.record).filter(|found| found.is_current(now)) else {
            return Ok(None);
        };
        let place = question.place(found.as_of_at);
        let opened = self.deps.vault.open_json(Purpose::Payloads, &place, &found.sealed).await;
        let Opened { value, raw } = opened.map_err(Trouble::from)?;
        self.on_the_record(subject, kind, found.as_of_at)?;
        Ok(Some(Reading { value, raw: raw.into(), as_of: found.as_of_at }))
    }

    /// Nothing is told that the audit stream does not know of.
    fn on_the_record(&self, subject: Subject, kind: DataKind, as_of_at: Timestamp) -> Result<(), Trouble> {
        let event = AuditEvent::SnapshotTold { data: kind.name().to_owned(), as_of_at };
        Ok(self.deps.calls.note(&self.trail.record(subject, event, self.deps.now()))?)
    }
}
