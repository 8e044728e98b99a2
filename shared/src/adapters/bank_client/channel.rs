//! The ways to banks: one line for each bank, origin and identity.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use url::{Origin, Url};

use super::{
    PoolSettings,
    line::Line,
    tls::{self, Binding, TlsSetupError},
};
use crate::{
    domain::{
        bank::{Bank, TlsProfile},
        ids::BankId,
        operation::Operation,
    },
    ports::identities::Identity,
};

/// Where a channel leads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Way {
    bank: BankId,
    origin: Origin,
    binding: Binding,
}

/// The way to one bank, and what it was made of.
struct Channel {
    identity: Arc<Identity>,
    tls: TlsProfile,
    connect: Duration,
    line: Line,
}

/// All channels that are open.
#[derive(Default)]
pub(super) struct Channels(RwLock<HashMap<Way, Channel>>);

impl Channels {
    /// The line for such calls: made anew if there is another identity, or the document says otherwise than before.
    ///
    /// With a new identity all channels of the bank's older ones go. Calls that run keep the line that they have, and
    /// its connections end with the last of them.
    pub(super) fn line(
        &self,
        bank: &Bank,
        operation: Operation,
        url: &Url,
        identity: &Arc<Identity>,
        settings: PoolSettings,
    ) -> Result<Line, TlsSetupError> {
        let way = Way { bank: bank.id.clone(), origin: url.origin(), binding: binding(&bank.tls, operation) };
        let known = |channels: &HashMap<Way, Channel>| {
            channels.get(&way).filter(|channel| channel.fits(bank, identity)).map(|channel| channel.line.clone())
        };
        if let Some(line) = known(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(line);
        }
        let mut channels = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = known(&channels) {
            return Ok(line);
        }
        let channel = Channel::open(bank, way.binding, identity, settings)?;
        let line = channel.line.clone();
        channels.retain(|other, channel| other.bank != bank.id || Arc::ptr_eq(&channel.identity, identity));
        channels.insert(way, channel);
        Ok(line)
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
        let line = Line::new(bank, tls::client_config(&bank.tls, identity, binding)?, settings);
        Ok(Self { identity: Arc::clone(identity), tls: bank.tls.clone(), connect: bank.limits.connect, line })
    }

    fn fits(&self, bank: &Bank, identity: &Arc<Identity>) -> bool {
        Arc::ptr_eq(&self.identity, identity) && self.tls == bank.tls && self.connect == bank.limits.connect
    }
}
