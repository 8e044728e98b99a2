use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use url::Url;

use super::*;
use crate::{
    domain::{audit::AuditRecord, bank::ApplicationToken, ids::RequestId},
    ports::{audit::AuditUnavailable, bank_http::BankHttpError},
    testing::{
        absent_store::traffic, certificates::NoCertificates, clock::ManualClock, entropy::SeededEntropy, samples,
    },
};

/// A bank that gives tokens to applications and takes none of them; and what reached it.
#[derive(Default)]
struct Forgetful(Mutex<Vec<Operation>>);

#[async_trait]
impl BankHttp for Forgetful {
    async fn call(&self, _: &Bank, request: BankRequest) -> Result<BankResponse, BankHttpError> {
        self.0.lock().unwrap().push(request.operation);
        let (status, body) = match request.operation {
            Operation::ApplicationToken => (StatusCode::OK, r#"{"access_token":"a","token_type":"Bearer"}"#),
            _ => (StatusCode::UNAUTHORIZED, "{}"),
        };
        Ok(BankResponse { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) })
    }

    async fn shake_hands(&self, _: &Bank, _: &Url) -> Result<(), BankHttpError> {
        Ok(())
    }
}

impl AuditStream for Forgetful {
    fn write(&self, _: &AuditRecord) -> Result<(), AuditUnavailable> {
        Ok(())
    }
}

/// What reaches the bank when a call of that kind carries a token of the application.
async fn reached(operation: Operation) -> Vec<Operation> {
    let mut profile = samples::oauth("https://api.bank.example");
    profile.metadata_url = None;
    profile.endpoints.authorization = "https://www.bank.example/authorize".parse().ok();
    profile.endpoints.token = "https://api.bank.example/token".parse().ok();
    profile.application_token = Some(ApplicationToken { scope: None, operations: [operation].into() });
    let bank = Bank { oauth: Some(profile), ..samples::bank() };
    let url = "https://api.bank.example/anything".parse().unwrap();
    let request = BankRequest { operation, method: Method::POST, url, headers: HeaderMap::new(), body: None };

    let seen = Arc::new(Forgetful::default());
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    let entropy = Arc::new(SeededEntropy::new(1));
    let traffic = traffic(clock.clone());
    let calls = BankCalls::new(seen.clone(), Arc::new(NoCertificates), seen.clone(), clock, entropy, traffic);
    let trail = Trail::new(RequestId::from_random([1; 16]));
    calls.send(&bank, &trail, Subject::default(), request).await.unwrap();
    seen.0.lock().unwrap().clone()
}

#[tokio::test]
async fn a_refused_application_token_is_replaced_and_the_call_made_once_more() {
    let (token, call) = (Operation::ApplicationToken, Operation::CreateConsent);
    assert_eq!(reached(call).await, [token, call, token, call]);
}

#[tokio::test]
async fn a_code_or_refresh_token_is_not_used_twice_for_an_application_token() {
    for call in [Operation::RedeemCode, Operation::RefreshTokens] {
        assert_eq!(reached(call).await, [Operation::ApplicationToken, call]);
    }
}
