//! Probing a bank whose circuit is open: a handshake, and a call that costs no customer anything.
//!
//! The handshake is with the host of the calls that are held back. If the bank's authorisation server is on that host, it
//! is asked for a token for ourselves or for its metadata too, so that more is met than the front. One elsewhere would
//! tell nothing of this host.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::timeout;
use tracing::Instrument;
use url::Url;

use super::{BankCalls, record::BankCall, under_way::UnderWay};
use crate::{
    domain::{
        bank::{Bank, OAuthProfile},
        circuit::Probed,
        ids::RequestId,
        operation::Operation,
    },
    flows::{
        application_token,
        traffic::{Verdict, health_of},
        trail::{Subject, Trail},
        trouble::{BankFault, Trouble},
    },
    ports::entropy::random,
    protocol::oauth::{
        metadata::{self, MetadataError},
        token::TokenRefusal,
    },
};

/// How long whoever came first waits for the probe. It goes on without him.
const PATIENCE: Duration = Duration::from_secs(10);

impl BankCalls {
    /// Takes the lease and probes, if nobody else does. Comes back when the circuit shows what came of it. The probe goes
    /// on if the caller goes away.
    ///
    /// A probe makes calls, and calls may probe: only a boxed future can hold itself.
    pub(super) fn probe<'a>(&'a self, bank: &'a Bank, operation: Operation) -> BoxFuture<'a, ()> {
        Box::pin(self.probe_under_lease(bank, operation))
    }

    async fn probe_under_lease(&self, bank: &Bank, operation: Operation) {
        let takes = longest(bank);
        let board = self.traffic.to(bank).board.clone();
        let Some(lease) = board.lease(operation, takes).await else { return };
        // Whoever stood still over it, or waited long for it, leaves it to run out: it must cover the whole probe.
        if lease.ends_at < self.clock.now() + takes {
            return;
        }
        let (calls, bank) = (Self { probing: true, ..self.clone() }, bank.clone());
        let probing = async move {
            let outcome = timeout(takes, calls.probed(&bank, operation)).await.unwrap_or(Some(Probed::Failed));
            tracing::info!(bank.id = %bank.id, operation = operation.name(), ?outcome, "the bank was probed");
            // If nothing was found out, the lease runs out and somebody else tries.
            if let Some(outcome) = outcome {
                board.probed(operation, lease, outcome).await;
            }
        };
        let _ = timeout(PATIENCE, self.traffic.work().spawn(probing.in_current_span())).await;
    }

    /// How the bank stands; `None` if the hub could not find out.
    async fn probed(&self, bank: &Bank, operation: Operation) -> Option<Probed> {
        let trail = Trail::new(RequestId::from_random(random(&*self.entropy).ok()?));
        let target = target(bank, operation);
        let outcome = match self.shaken_hands(bank, &trail, &target).await {
            Ok(()) => self.asked(bank, &trail, &target).await,
            failed => failed,
        };
        match outcome {
            Err(Trouble::Bank(fault)) if fails(&fault) => Some(Probed::Failed),
            Ok(()) | Err(Trouble::Bank(_)) => Some(Probed::Well),
            Err(error) => {
                tracing::warn!(bank.id = %bank.id, error = &error as &dyn std::error::Error, "the bank cannot be probed");
                None
            }
        }
    }

    async fn shaken_hands(&self, bank: &Bank, trail: &Trail, target: &Url) -> Result<(), Trouble> {
        let _place = self.entered(bank, Operation::Metadata).await?;
        let under_way = UnderWay::begun(self, bank, trail, Subject::default(), BankCall::probe());
        let result = self.http.shake_hands(bank, target).await;
        under_way.met(&result)?;
        Ok(result?)
    }

    /// Asks the authorisation server for something that costs no customer anything, if it is where the calls go.
    async fn asked(&self, bank: &Bank, trail: &Trail, target: &Url) -> Result<(), Trouble> {
        let Some(profile) = bank.oauth.as_ref().filter(|profile| is_there(profile, target)) else { return Ok(()) };
        if profile.application_token.is_some() {
            let now = self.clock.now();
            return application_token::ask(self, bank, trail, &Subject::default(), now).await.map(drop);
        }
        let Some(request) = metadata::request(profile) else { return Ok(()) };
        let response = self.transmit(bank, trail, Subject::default(), request).await?;
        Ok(metadata::process(bank, profile, &response).map(drop)?)
    }
}

/// How long a probe takes at most: connecting, the handshake, and what one call may take. A bank that takes longer fails.
fn longest(bank: &Bank) -> Duration {
    bank.limits.connect * 2 + bank.limits.total
}

/// Where the calls go that are held back.
fn target(bank: &Bank, operation: Operation) -> Url {
    let server = bank.oauth.as_ref().filter(|_| operation.is_oauth()).and_then(address);
    server.unwrap_or(&bank.addresses.api).clone()
}

/// Where the authorisation server is.
fn address(profile: &OAuthProfile) -> Option<&Url> {
    profile.endpoints.token.as_ref().or(profile.metadata_url.as_ref())
}

fn is_there(profile: &OAuthProfile, target: &Url) -> bool {
    let asked = if profile.application_token.is_some() { address(profile) } else { profile.metadata_url.as_ref() };
    asked.is_some_and(|url| url.origin() == target.origin())
}

/// Whether the bank fails, and does not merely refuse.
const fn fails(fault: &BankFault) -> bool {
    match fault {
        BankFault::Http(error) => matches!(health_of(error), Verdict::Failed { .. }),
        BankFault::Token(refusal) => matches!(refusal, TokenRefusal::Failed | TokenRefusal::Closed),
        BankFault::Metadata(error) => matches!(error, MetadataError::Failed),
        BankFault::Answer(_) => false,
    }
}
