//! Tokens for ourselves that some banks want on calls without a PSU's token, kept for as long as they last.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, header::AUTHORIZATION};
use jiff::Timestamp;
use moka::future::Cache;
use tokio::sync::Mutex;

use super::{
    bank_call::BankCalls,
    trail::{Subject, Trail},
    trouble::Trouble,
};
use crate::{
    domain::{
        bank::Bank,
        grant::Tokens,
        ids::BankId,
        secret::{ExposeSecret, SecretString},
    },
    ports::bank_http::BankRequest,
    protocol::{
        berlin_group::errors::UnsendableRequest,
        oauth::token::{self, TokenAnswer},
    },
};

/// How long before its end a token is no longer used.
const MARGIN: Duration = Duration::from_secs(30);

/// How many banks' tokens are kept.
const MOST: u64 = 10_000;

/// Whether a call carries a token of our own at this bank: those that the bank's document names.
pub fn is_wanted(bank: &Bank, request: &BankRequest) -> bool {
    let wanted = bank.oauth.as_ref().and_then(|profile| profile.application_token.as_ref());
    wanted.is_some_and(|wanted| wanted.operations.contains(&request.operation))
}

/// A token for ourselves.
#[derive(Clone)]
pub(super) struct ApplicationToken {
    tokens: Arc<Tokens>,
    ends_at: Timestamp,
}

impl ApplicationToken {
    /// The request with this token on it, and no other.
    pub fn carried_by(&self, bank: &Bank, request: BankRequest) -> Result<BankRequest, Trouble> {
        Ok(carry(&self.tokens.access, bank, request)?)
    }
}

/// The request with a token of our own on it, and no other.
pub fn carry(token: &SecretString, bank: &Bank, mut request: BankRequest) -> Result<BankRequest, UnsendableRequest> {
    if let Some(profile) = &bank.oauth {
        request.headers.remove(&profile.token_header);
    }
    let text = format!("Bearer {}", token.expose_secret());
    let mut value = HeaderValue::try_from(text).map_err(|_| UnsendableRequest::Header("Authorization"))?;
    value.set_sensitive(true);
    request.headers.insert(AUTHORIZATION, value);
    Ok(request)
}

/// The tokens that are kept, by bank. One instance asks a bank for one token at a time.
pub(super) struct ApplicationTokens {
    kept: Cache<BankId, Arc<Mutex<Option<ApplicationToken>>>>,
}

impl Default for ApplicationTokens {
    fn default() -> Self {
        Self { kept: Cache::builder().max_capacity(MOST).build() }
    }
}

impl ApplicationTokens {
    /// The bank's token, asked for if none is kept that lasts.
    pub async fn get(
        &self,
        calls: &BankCalls,
        bank: &Bank,
        trail: &Trail,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<ApplicationToken, Trouble> {
        let place = self.place(bank).await;
        let mut kept = place.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| now + MARGIN < token.ends_at) {
            return Ok(token.clone());
        }
        *kept = None;
        let token = ask(calls, bank, trail, subject, now).await?;
        Ok(kept.insert(token).clone())
    }

    /// Forgets a token that is over, unless it was replaced already.
    pub async fn forget(&self, bank: &Bank, token: &ApplicationToken) {
        let place = self.place(bank).await;
        place.lock().await.take_if(|kept| Arc::ptr_eq(&kept.tokens, &token.tokens));
    }

    async fn place(&self, bank: &Bank) -> Arc<Mutex<Option<ApplicationToken>>> {
        self.kept.get_with_by_ref(&bank.id, async { Arc::default() }).await
    }
}

/// Asks the bank for one.
pub(super) async fn ask(
    calls: &BankCalls,
    bank: &Bank,
    trail: &Trail,
    subject: &Subject,
    now: Timestamp,
) -> Result<ApplicationToken, Trouble> {
    let profile = bank.oauth.as_ref().ok_or(Trouble::Integrity)?;
    let wanted = profile.application_token.as_ref().ok_or(Trouble::Integrity)?;
    let metadata = calls.metadata(bank, profile, trail, subject.clone()).await?;
    let request = token::application(&metadata, profile, wanted);
    let response = calls.transmit(bank, trail, subject.clone(), request).await?;
    let TokenAnswer { tokens, lifetime } = token::process(profile, &response)?;
    Ok(ApplicationToken { tokens: Arc::new(tokens), ends_at: now + lifetime })
}
