//! The port [`KeySets`] over HTTPS, with the system's trust anchors: these are the sets of CRMs and identity
//! providers on the public web, not those of banks.

mod fetch;
mod key_set;
mod stock;

use std::{collections::BTreeMap, error::Error, iter, sync::Arc};

use async_trait::async_trait;
use moka::future::Cache;
use reqwest::Client;
use url::{Host, Url};

use self::{
    fetch::FetchError,
    key_set::SetError,
    stock::{Answer, Plan, Stock},
};
use super::web_client::{WebLimits, WebSetupError, web_client};
use crate::{
    domain::ids::TenantId,
    ports::{
        clock::Clock,
        key_sets::{KeySetError, KeySets},
    },
};

/// How many sources are remembered. They come from tenants' documents, so only a mistake makes them many.
const MAX_SOURCES: u64 = 1_000;

/// Fetches and keeps key sets. See [`KeySets`] for the promises.
pub struct JwksClient {
    client: Client,
    clock: Arc<dyn Clock>,
    stocks: Cache<Url, Arc<Stock>>,
    tenants: BTreeMap<Url, TenantId>,
}

impl JwksClient {
    /// Has no set yet.
    pub fn new(clock: Arc<dyn Clock>, limits: WebLimits) -> Result<Self, WebSetupError> {
        let client = web_client(limits)?;
        Ok(Self { client, clock, stocks: Cache::new(MAX_SOURCES), tenants: BTreeMap::new() })
    }

    /// The same, knowing whose the sets at these addresses are: for the log.
    #[must_use]
    pub fn of_tenants(self, tenants: impl IntoIterator<Item = (Url, TenantId)>) -> Self {
        Self { tenants: tenants.into_iter().collect(), ..self }
    }

    async fn stock(&self, source: &Url) -> Arc<Stock> {
        self.stocks.get_with_by_ref(source, async { Arc::default() }).await
    }

    /// Asks the source when it is our turn, unless somebody else did so while we waited.
    async fn ask(&self, stock: &Stock, source: &Url, key_id: Option<&str>, turn: u64) -> Answer {
        let _turn = stock.wait_for_turn().await;
        match stock.plan_after(turn, key_id, self.clock.now()) {
            Plan::Settled(answer) => answer,
            Plan::Ask { .. } => {
                stock.begin(key_id, self.clock.now());
                let fetched = fetch::fetch(&self.client, source).await;
                let is_new = fetched.is_ok();
                let answer = stock.finish(fetched.inspect_err(|error| report(source, error)), self.clock.now());
                self.tell(source, is_new, &answer);
                answer
            }
        }
    }

    fn tell(&self, source: &Url, is_new: bool, answer: &Answer) {
        let outcome = match answer {
            Ok(_) if is_new => "fetched",
            Ok(_) => "failed_stale_used",
            Err(_) => "failed",
        };
        let tenant = self.tenants.get(source).map(TenantId::as_str);
        tracing::info!(tenant.id = tenant, key_set.outcome = outcome, "a key set was asked for");
    }
}

#[async_trait]
impl KeySets for JwksClient {
    async fn find(&self, source: &Url, key_id: Option<&str>) -> Answer {
        if !may_be_asked(source) {
            return Err(KeySetError::AddressRefused);
        }
        let stock = self.stock(source).await;
        match stock.plan(key_id, self.clock.now()) {
            Plan::Settled(answer) => answer,
            Plan::Ask { turn } => self.ask(&stock, source, key_id, turn).await,
        }
    }
}

/// Logs a failed call here, since an older set may serve and then nobody else would hear of it.
fn report(source: &Url, error: &FetchError) {
    let host = source.host_str().unwrap_or_default();
    let causes: Vec<_> =
        iter::successors(Some(error as &dyn Error), |cause| (*cause).source()).map(ToString::to_string).collect();
    let cause = causes.join(": ");
    if let FetchError::Set(SetError::PrivateKeys) = error {
        tracing::error!(key_set.host = host, cause, "a key set holds private keys and is refused");
    } else {
        tracing::warn!(key_set.host = host, cause, "a key set could not be fetched");
    }
}

/// `https` anywhere; `http` on this machine only, for development.
fn may_be_asked(source: &Url) -> bool {
    let anonymous = source.username().is_empty() && source.password().is_none();
    let protected = source.scheme() == "https" || (source.scheme() == "http" && is_loopback(source));
    anonymous && protected
}

fn is_loopback(source: &Url) -> bool {
    match source.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
