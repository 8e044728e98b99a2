//! Keeps what a bank answered.

use std::error::Error;

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use super::{Desk, writing};
use crate::{
    domain::{
        data_kind::DataKind,
        ids::AccountId,
        purpose::Purpose,
        raw_record::RawRecord,
        session::{Access, Session},
        snapshot::{Question, Snapshot, whole_milliseconds},
    },
    flows::{
        deps::Deps,
        read::{AccountBalances, ReadError, Reading},
        trouble::Trouble,
    },
    ports::documents::StoreError,
};

/// What is sealed: the answer in the hub's model and as the bank wrote it.
#[derive(Serialize)]
struct Kept<'a, T> {
    value: &'a T,
    raw: &'a RawRecord,
}

impl Desk {
    /// Keeps the answer, if nobody was there to see it. Never fails: whoever asked has the answer all the same.
    pub(super) async fn keep<T: Serialize + DeserializeOwned + Sync>(
        &mut self,
        kind: DataKind,
        account: Option<&AccountId>,
        reading: &Reading<T>,
    ) {
        self.keep_as(kind, account, reading, &reading.value).await;
    }

    /// Keeps an account's balances; which of them people mean is decided when they are told.
    pub(super) async fn keep_balances(&mut self, account: &AccountId, reading: &Reading<AccountBalances>) {
        self.keep_as(DataKind::Balances, Some(account), reading, &reading.value.all).await;
    }

    /// Keeps that value as the answer.
    pub(super) async fn keep_as<U: Sync, T: Serialize + Sync>(
        &mut self,
        kind: DataKind,
        account: Option<&AccountId>,
        reading: &Reading<U>,
        value: &T,
    ) {
        if !self.keeps {
            return;
        }
        match self.try_keeping(kind, account, reading, value).await {
            Ok(()) => {}
            Err(ReadError::Trouble(Trouble::Store(StoreError::TooLarge))) => {
                tracing::warn!(kind = kind.name(), bytes = reading.raw.len(), "an answer is too large to be kept");
            }
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(alert = "snapshot_not_kept", error, kind = kind.name(), "an answer could not be kept");
            }
        }
    }

    async fn try_keeping<U: Sync, T: Serialize + Sync>(
        &mut self,
        kind: DataKind,
        account: Option<&AccountId>,
        reading: &Reading<U>,
        value: &T,
    ) -> Result<(), ReadError> {
        let now = self.deps.now();
        let session = self.reader.session_now().await?;
        // The session may have ended while the bank was answering: then nothing is kept of it.
        let Some(access) = session.working_access(now) else { return Ok(()) };
        let raw = RawRecord::whole(&reading.raw).ok_or(Trouble::Integrity)?;
        let kept = Kept { value, raw: &raw };
        let snapshot = seal(&self.deps, session, access, (kind, account), reading.as_of, &kept).await?;
        writing::put(&self.deps.store, snapshot, self.deps.now()).await.map_err(|error| Trouble::from(error).into())
    }
}

async fn seal<T: Serialize + Sync>(
    deps: &Deps,
    session: &Session,
    access: &Access,
    (kind, account): (DataKind, Option<&AccountId>),
    as_of: Timestamp,
    kept: &Kept<'_, T>,
) -> Result<Snapshot, Trouble> {
    let question = Question::of(session, kind, account);
    let as_of = whole_milliseconds(as_of);
    let sealed = deps.vault.seal_json(Purpose::Payloads, &question.place(as_of), kept).await?;
    Ok(question.answered(as_of, access.consent_ends_at(), sealed))
}
