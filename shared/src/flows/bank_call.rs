//! Every call to a bank goes through here and leaves exactly one audit record, before its answer is used (P11).

use std::{sync::Arc, time::Duration};

use http::{HeaderName, StatusCode, header::CONTENT_TYPE};
use jiff::Timestamp;

use super::{
    application_token::{self, ApplicationToken, ApplicationTokens},
    oauth_server::OAuthServers,
    traffic::{self, Traffic},
    trail::{Subject, Trail},
    trouble::{BankFault, Held, Trouble},
};
use crate::{
    domain::{
        bank::{Bank, OAuthProfile, PsuHeader},
        certificate::CertificateFacts,
        circuit::Circuits,
        operation::Operation,
    },
    ports::{
        audit::AuditStream,
        bank_http::{BankHttp, BankRequest, BankResponse},
        clock::Clock,
        entropy::Entropy,
        seals::Seals,
    },
    protocol::{adjustment::adjusted, oauth::metadata::Metadata},
};

mod admission;
mod attempt;
mod counted;
mod probe;
mod record;
mod repetition;
mod signing;
mod stream;
mod under_way;

/// Calls banks, on the record. Clones share everything.
#[derive(Clone)]
pub struct BankCalls {
    http: Arc<dyn BankHttp>,
    seals: Arc<dyn Seals>,
    audit: Arc<dyn AuditStream>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    servers: Arc<OAuthServers>,
    application_tokens: Arc<ApplicationTokens>,
    traffic: Arc<Traffic>,
    /// Whether these are the calls of a probe: no circuit holds them back, and none counts them.
    probing: bool,
}

impl BankCalls {
    /// Calls over this transport, signed with these seals, recorded in this stream, as many as the traffic allows.
    pub fn new(
        http: Arc<dyn BankHttp>,
        seals: Arc<dyn Seals>,
        audit: Arc<dyn AuditStream>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        traffic: Traffic,
    ) -> Self {
        Self {
            http,
            seals,
            audit,
            clock,
            entropy,
            servers: Arc::default(),
            application_tokens: Arc::default(),
            traffic: Arc::new(traffic),
            probing: false,
        }
    }

    /// What the bank's seal says of itself, if the bank has one and it is in its time.
    pub async fn seal_facts(&self, bank: &Bank) -> Option<CertificateFacts> {
        Some(self.seals.seal(bank).await.ok()?.facts().clone())
    }

    /// The longest that such a call takes from [`Self::send`] to its answer, waiting for its turn, signing, and writing
    /// down that it failed included.
    pub fn longest(bank: &Bank, operation: Operation) -> Duration {
        let total = bank.operations.total(operation, &bank.limits);
        let signing = if signing::seal_of(bank, operation).is_some() { signing::LONGEST } else { Duration::ZERO };
        traffic::patience(bank, operation) + signing + total + traffic::WRITING
    }

    /// How the bank's circuits stand, as far as this instance knows: at most a second old.
    pub async fn circuits(&self, bank: &Bank) -> Circuits {
        self.traffic.circuits(bank).await
    }

    /// Sends the request as this bank wants it, and signed if its document says so. The answer is given out only
    /// after its record is written. A request that cannot be signed does not leave.
    ///
    /// Nor does one that the bank's circuit or the traffic to it holds back: [`Trouble::Held`]. A read that failed in
    /// passing is made once more, where that harms nobody.
    ///
    /// In a window of maintenance that the bank announced, nothing is read without the PSU, and a read that fails while
    /// the PSU is there tells when to come back.
    ///
    /// Where the bank wants a token of our own for such a call, one is got first. If
    /// the bank takes that token no more, another is got, once: it has not done what it was asked. A call that uses up a
    /// code or a refresh token is not repeated.
    pub async fn send(
        &self,
        bank: &Bank,
        trail: &Trail,
        subject: impl Into<Subject>,
        request: BankRequest,
    ) -> Result<BankResponse, Trouble> {
        let request = adjusted(bank, request)?;
        let Some(until) = self.maintenance(bank, &request) else {
            return Box::pin(self.authorised(bank, trail, subject.into(), request)).await;
        };
        if !request.headers.contains_key(PSU_IP_ADDRESS) {
            return Err(Trouble::Maintenance(until));
        }
        match Box::pin(self.authorised(bank, trail, subject.into(), request)).await {
            Ok(response) if is_a_maintenance_page(&response) => Err(Trouble::Maintenance(until)),
            Err(Trouble::Bank(BankFault::Http(_)) | Trouble::Held(Held::CircuitOpen(_))) => {
                Err(Trouble::Maintenance(until))
            }
            outcome => outcome,
        }
    }

    /// When the window of maintenance ends that a read of data meets. What changes something at the bank is tried all
    /// the same: how such a call ends must be known as it is.
    fn maintenance(&self, bank: &Bank, request: &BankRequest) -> Option<Timestamp> {
        let now = self.clock.now();
        let windows = bank.maintenance.iter().filter(|_| request.operation.is_data());
        windows.filter_map(|window| window.covering(now)).max()
    }

    /// Sends the request with a token of our own, where the bank wants one for it.
    async fn authorised(
        &self,
        bank: &Bank,
        trail: &Trail,
        subject: Subject,
        request: BankRequest,
    ) -> Result<BankResponse, Trouble> {
        if !application_token::is_wanted(bank, &request) {
            return self.exchanged(bank, trail, subject, request).await;
        }
        // A token for a call that may not leave is one too many.
        self.admitted(bank, request.operation).await?;
        let token = self.application_token(bank, trail, &subject).await?;
        let first = token.carried_by(bank, request.clone())?;
        let response = self.exchanged(bank, trail, subject.clone(), first).await?;
        if response.status != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        self.application_tokens.forget(bank, &token).await;
        // A code or refresh token is never used twice on a guess (promise P5): whoever has the lease decides.
        if matches!(request.operation, Operation::RedeemCode | Operation::RefreshTokens) {
            return Ok(response);
        }
        let token = self.application_token(bank, trail, &subject).await?;
        self.exchanged(bank, trail, subject, token.carried_by(bank, request)?).await
    }

    /// The metadata of a bank's authorisation server.
    pub async fn metadata(
        &self,
        bank: &Bank,
        profile: &OAuthProfile,
        trail: &Trail,
        subject: impl Into<Subject>,
    ) -> Result<Arc<Metadata>, Trouble> {
        self.servers.metadata(self, bank, profile, trail, subject.into()).await
    }

    async fn application_token(
        &self,
        bank: &Bank,
        trail: &Trail,
        subject: &Subject,
    ) -> Result<ApplicationToken, Trouble> {
        self.application_tokens.get(self, bank, trail, subject, self.clock.now()).await
    }

    /// Sends one request that needs no token of ours.
    pub(super) async fn transmit(
        &self,
        bank: &Bank,
        trail: &Trail,
        subject: Subject,
        request: BankRequest,
    ) -> Result<BankResponse, Trouble> {
        Box::pin(self.exchanged(bank, trail, subject, adjusted(bank, request)?)).await
    }
}

/// What tells an attended call from a background one.
const PSU_IP_ADDRESS: HeaderName = HeaderName::from_static(PsuHeader::IpAddress.header());

/// Whether the answer is what a bank says under maintenance: a failure, or a page where data was asked for.
fn is_a_maintenance_page(response: &BankResponse) -> bool {
    let kind = response.headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
    response.status.is_server_error() || kind.is_some_and(|kind| kind.starts_with(b"text/html"))
}

/// The id of one call, echoed by many banks (Berlin Group 1.3.11).
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[cfg(test)]
mod tests;
