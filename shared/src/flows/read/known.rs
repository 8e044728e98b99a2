//! What a reader knows without asking the bank.

use std::collections::BTreeSet;

use super::{ReadError, Reader};
use crate::{
    domain::{ids::AccountId, session::Session},
    flows::{change, refresh::LOOK_LASTS},
};

impl Reader {
    /// The session as it stood at most [`LOOK_LASTS`] ago.
    pub(in crate::flows) async fn session_now(&mut self) -> Result<&Session, ReadError> {
        if self.session.age() > LOOK_LASTS {
            self.session = change::load(&self.deps, &self.session.record.id).await?;
        }
        Ok(&self.session.record)
    }

    /// The accounts that were last listed under the consent in force; nothing if none were listed under it. Refused if
    /// no consent works.
    pub(in crate::flows) async fn listed(&self) -> Result<Option<BTreeSet<AccountId>>, ReadError> {
        let entries = self.directory().await?;
        Ok(entries.map(|entries| entries.into_iter().map(|entry| entry.account_id).collect()))
    }
}
