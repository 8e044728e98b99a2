//! Every call to a bank goes through here and leaves exactly one audit record, before its answer is used (P11).

use std::{sync::Arc, time::Duration};

use tokio::time::{error::Elapsed, timeout};

use http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};
use jiff::Timestamp;

use super::{
    application_token::{self, ApplicationToken, ApplicationTokens},
    oauth_server::OAuthServers,
    trail::{Subject, Trail},
    trouble::{BankFault, Trouble},
};
use crate::{
    domain::{
        bank::{Bank, OAuthProfile, PsuHeader, SealProfile},
        certificate::CertificateFacts,
        operation::Operation,
    },
    ports::{
        audit::AuditStream,
        bank_http::{BankHttp, BankRequest, BankResponse},
        clock::Clock,
        entropy::{Entropy, random},
        seals::{SealError, Seals},
    },
    protocol::{
        adjustment::adjusted, berlin_group::errors::UnsendableRequest, http_signature::prepare,
        oauth::metadata::Metadata,
    },
};

mod record;

use record::BankCall;

/// Calls banks, on the record.
pub struct BankCalls {
    http: Arc<dyn BankHttp>,
    seals: Arc<dyn Seals>,
    audit: Arc<dyn AuditStream>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    servers: OAuthServers,
    application_tokens: ApplicationTokens,
}

impl BankCalls {
    /// Calls over this transport, signed with these seals, recorded in this stream.
    pub fn new(
        http: Arc<dyn BankHttp>,
        seals: Arc<dyn Seals>,
        audit: Arc<dyn AuditStream>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            http,
            seals,
            audit,
            clock,
            entropy,
            servers: OAuthServers::default(),
            application_tokens: ApplicationTokens::default(),
        }
    }

    /// What the bank's seal says of itself, if the bank has one and it is in its time.
    pub async fn seal_facts(&self, bank: &Bank) -> Option<CertificateFacts> {
        Some(self.seals.seal(bank).await.ok()?.facts().clone())
    }

    /// The longest that such a call takes from [`Self::send`] to its answer, signing included.
    pub fn longest(bank: &Bank, operation: Operation) -> Duration {
        let total = bank.operations.total(operation, &bank.limits);
        if seal_of(bank, operation).is_some() { total + SIGNING } else { total }
    }

    /// Sends the request once, as this bank wants it, and signed if its document says so. The answer is given out only
    /// after its record is written. A request that cannot be signed does not leave.
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
            Err(Trouble::Bank(BankFault::Http(_))) => Err(Trouble::Maintenance(until)),
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
            return self.sealed_and_sent(bank, trail, subject, request).await;
        }
        let token = self.application_token(bank, trail, &subject).await?;
        let first = token.carried_by(bank, request.clone())?;
        let response = self.sealed_and_sent(bank, trail, subject.clone(), first).await?;
        if response.status != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        self.application_tokens.forget(bank, &token).await;
        // A code or refresh token is never used twice on a guess (promise P5): whoever has the lease decides.
        if matches!(request.operation, Operation::RedeemCode | Operation::RefreshTokens) {
            return Ok(response);
        }
        let token = self.application_token(bank, trail, &subject).await?;
        self.sealed_and_sent(bank, trail, subject, token.carried_by(bank, request)?).await
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
        self.sealed_and_sent(bank, trail, subject, adjusted(bank, request)?).await
    }

    async fn sealed_and_sent(
        &self,
        bank: &Bank,
        trail: &Trail,
        mut subject: Subject,
        mut request: BankRequest,
    ) -> Result<BankResponse, Trouble> {
        self.name(&mut request)?;
        let started = self.clock.now();
        let mut event = BankCall::of(&request);
        let result = match self.signed(bank, request).await {
            Ok(request) => self.http.call(bank, request).await.map_err(Trouble::from),
            Err(trouble) => Err(trouble),
        };
        let ended = self.clock.now();
        event.duration_ms = u64::try_from(ended.duration_since(started).as_millis()).unwrap_or(0);
        subject.bank.get_or_insert_with(|| bank.id.clone());
        self.audit.write(&trail.record(subject, event.ended(&result), ended))?;
        result
    }

    /// Gives the call an id of its own, if it has none: a bank that is asked about it later wants to know which it was.
    fn name(&self, request: &mut BankRequest) -> Result<(), Trouble> {
        if !request.headers.contains_key(X_REQUEST_ID) {
            let id = uuid::Builder::from_random_bytes(random(&*self.entropy)?).into_uuid().hyphenated().to_string();
            let value = HeaderValue::try_from(id).map_err(|_| UnsendableRequest::Header("X-Request-ID"))?;
            request.headers.insert(X_REQUEST_ID, value);
        }
        Ok(())
    }

    /// The request with the signature that the bank wants, if it wants one. Nothing may change it afterwards.
    async fn signed(&self, bank: &Bank, mut request: BankRequest) -> Result<BankRequest, Trouble> {
        let Some(profile) = seal_of(bank, request.operation) else { return Ok(request) };
        let signing = async {
            let seal = self.seals.seal(bank).await?;
            let prepared = prepare(&request, &profile.signature, seal.certificate(), self.clock.now())?;
            let signature = seal.sign(profile.signature.algorithm, prepared.message()).await?;
            Ok::<_, Trouble>(prepared.finish(&signature)?)
        };
        let too_slow = |elapsed: Elapsed| SealError::Unavailable(Box::new(elapsed));
        for (name, value) in timeout(SIGNING, signing).await.map_err(too_slow)?? {
            request.headers.insert(name, value);
        }
        Ok(request)
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

/// How long signing may take; a key service answers in a tenth of a second.
const SIGNING: Duration = Duration::from_secs(6);

/// The seal that calls of that kind are signed with.
fn seal_of(bank: &Bank, operation: Operation) -> Option<&SealProfile> {
    bank.seal.as_ref().filter(|profile| profile.covers(operation))
}

#[cfg(test)]
mod tests;
