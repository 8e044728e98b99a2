//! The ways to banks: one HTTP client for each bank, origin and identity.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use reqwest::{Client, ClientBuilder, redirect, retry};
use url::{Origin, Url};

use super::{
    PoolSettings,
    tls::{self, Binding, TlsSetupError},
};
use crate::{
    domain::{
        bank::{Bank, HttpVersion, TlsProfile},
        ids::BankId,
        operation::Operation,
    },
    ports::identities::Identity,
};

/// Header lines of one answer (also the bound on HTTP/1.1 lines in number).
const MAX_HEADERS: usize = 100;

/// Bytes of header fields of one HTTP/2 answer.
const MAX_HEADER_BYTES: u32 = 64 * 1024;

/// Where a channel leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Way {
    bank: BankId,
    origin: Origin,
    binding: Binding,
}

/// The way to one bank, and what it was made of.
#[derive(Debug)]
struct Channel {
    identity: Arc<Identity>,
    tls: TlsProfile,
    connect: Duration,
    client: Client,
}

/// All channels that are open.
#[derive(Debug, Default)]
pub(super) struct Channels(RwLock<HashMap<Way, Channel>>);

impl Channels {
    /// The client for such calls: made anew if there is another identity, or the document says otherwise than before.
    ///
    /// With a new identity all channels of the bank's older ones go. Calls that run keep the client that they have, and
    /// its connections end with the last of them.
    pub(super) fn client(
        &self,
        bank: &Bank,
        operation: Operation,
        url: &Url,
        identity: &Arc<Identity>,
        settings: PoolSettings,
    ) -> Result<Client, TlsSetupError> {
        let way = Way { bank: bank.id.clone(), origin: url.origin(), binding: binding(&bank.tls, operation) };
        let known = |channels: &HashMap<Way, Channel>| {
            channels.get(&way).filter(|channel| channel.fits(bank, identity)).map(|channel| channel.client.clone())
        };
        if let Some(client) = known(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(client);
        }
        let mut channels = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = known(&channels) {
            return Ok(client);
        }
        let channel = Channel::open(bank, way.binding, identity, settings)?;
        let client = channel.client.clone();
        channels.retain(|other, channel| other.bank != bank.id || Arc::ptr_eq(&channel.identity, identity));
        channels.insert(way, channel);
        Ok(client)
    }
}

/// What a server must do for calls of that kind.
fn binding(profile: &TlsProfile, operation: Operation) -> Binding {
    let gives_tokens =
        matches!(operation, Operation::ApplicationToken | Operation::RedeemCode | Operation::RefreshTokens);
    if gives_tokens && profile.tokens_must_be_bound { Binding::Required } else { Binding::Optional }
}

impl Channel {
    fn open(
        bank: &Bank,
        binding: Binding,
        identity: &Arc<Identity>,
        settings: PoolSettings,
    ) -> Result<Self, TlsSetupError> {
        let idle_timeout = bank.tls.idle_seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let builder = Client::builder()
            .tls_backend_preconfigured(tls::client_config(&bank.tls, identity, binding)?)
            .https_only(true)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .connect_timeout(bank.limits.connect)
            .pool_idle_timeout(idle_timeout.unwrap_or(settings.idle_timeout))
            .pool_max_idle_per_host(bank.tls.idle_connections.map_or(settings.idle_per_bank, usize::from))
            .http1_max_headers(MAX_HEADERS)
            .http2_max_header_list_size(MAX_HEADER_BYTES);
        let client = speaking(builder, bank.tls.http).build();
        let client = client.map_err(|error| TlsSetupError::Client(Box::new(error)))?;
        Ok(Self { identity: Arc::clone(identity), tls: bank.tls.clone(), connect: bank.limits.connect, client })
    }

    fn fits(&self, bank: &Bank, identity: &Arc<Identity>) -> bool {
        Arc::ptr_eq(&self.identity, identity) && self.tls == bank.tls && self.connect == bank.limits.connect
    }
}

fn speaking(builder: ClientBuilder, http: HttpVersion) -> ClientBuilder {
    match http {
        HttpVersion::Any => builder,
        HttpVersion::V1_1 => builder.http1_only(),
        HttpVersion::V2 => builder.http2_prior_knowledge(),
    }
}
