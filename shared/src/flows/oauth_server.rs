//! The metadata of banks' authorisation servers, remembered for a while.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;

use super::{
    bank_call::BankCalls,
    trail::{Subject, Trail},
    trouble::Trouble,
};
use crate::{
    domain::{
        bank::{Bank, OAuthProfile},
        ids::BankId,
    },
    protocol::oauth::metadata::{self, Metadata},
};

/// How long metadata are believed: a bank that moves an endpoint is followed within this time.
const LIFETIME: Duration = Duration::from_mins(10);

/// Remembered metadata.
pub struct OAuthServers {
    known: Cache<BankId, Arc<Metadata>>,
}

impl Default for OAuthServers {
    fn default() -> Self {
        Self { known: Cache::builder().max_capacity(10_000).time_to_live(LIFETIME).build() }
    }
}

impl OAuthServers {
    /// The metadata of a bank's authorisation server, asked for over mutual TLS if they are not remembered.
    pub async fn metadata(
        &self,
        calls: &BankCalls,
        bank: &Bank,
        profile: &OAuthProfile,
        trail: &Trail,
        subject: Subject,
    ) -> Result<Arc<Metadata>, Trouble> {
        if let Some(known) = self.known.get(&bank.id).await {
            return Ok(known);
        }
        let judged = match metadata::request(profile) {
            Some(request) => metadata::process(bank, profile, &calls.transmit(bank, trail, subject, request).await?)?,
            None => metadata::of_document(bank, profile)?,
        };
        let judged = Arc::new(judged);
        self.known.insert(bank.id.clone(), Arc::clone(&judged)).await;
        Ok(judged)
    }
}
