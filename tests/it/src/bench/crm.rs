//! A CRM: signs its tokens, calls the hub's API, walks a PSU through a journey.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use jsonwebtoken::Header;
use reqwest::Response;
use serde_json::{Value, json};
use url::Url;

use super::{Bench, RETURN_URL, browser::Browser, issuer};

/// Every scope a CRM can have.
pub const SCOPES: &str = "sessions:write sessions:read accounts:read banks:read";

/// One tenant's CRM.
pub struct Crm<'a> {
    bench: &'a Bench,
    tenant: &'static str,
    scopes: String,
    off: SignedDuration,
}

/// An answer of the hub.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub body: Value,
}

impl Answer {
    async fn of(response: Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        Ok(Self { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) })
    }

    /// The status and the problem's code.
    pub fn problem(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body["code"].as_str().unwrap_or_default())
    }

    pub fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {:?}", self.body)).to_owned()
    }
}

impl<'a> Crm<'a> {
    pub fn of(bench: &'a Bench, tenant: &'static str) -> Self {
        Self { bench, tenant, scopes: SCOPES.to_owned(), off: SignedDuration::ZERO }
    }

    #[must_use]
    pub fn with_scopes(self, scopes: &str) -> Self {
        Self { scopes: scopes.to_owned(), ..self }
    }

    /// A CRM whose clock is so far off, like that of the process it talks to.
    #[must_use]
    pub fn with_a_clock_off(self, off: SignedDuration) -> Self {
        Self { off, ..self }
    }

    /// The claims of an ordinary token.
    pub fn claims(&self) -> Value {
        let now = (self.bench.now() + self.off).as_second();
        json!({
            "iss": self.bench.issuers.issuer(self.tenant),
            "aud": self.bench.url,
            "iat": now,
            "exp": now + 300,
            "scope": self.scopes,
        })
    }

    pub fn token(&self) -> String {
        self.sign(&issuer::header(), &self.claims())
    }

    pub fn sign(&self, header: &Header, claims: &Value) -> String {
        self.bench.issuers.sign(self.tenant, header, claims)
    }

    /// A presence token for a session, with what a PSU's browser would have sent.
    pub fn presence(&self, session: &str) -> String {
        self.sign(&issuer::header(), &self.presence_claims(session))
    }

    pub fn presence_claims(&self, session: &str) -> Value {
        let mut claims = self.claims();
        claims["session"] = json!(session);
        claims["psu_ip"] = json!("198.51.100.7");
        claims["psu_user_agent"] = json!("Canary/1.0");
        claims
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.call(Method::GET, path, None, headers).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(body), &[]).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None, &[]).await
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Answer {
        self.call_at(&self.bench.url, method, path, body, headers).await
    }

    /// A call to a process of the hub's at that address.
    pub async fn call_at(
        &self,
        url: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.try_at(url, method, path, body, headers).await.unwrap()
    }

    /// A call to a process that may be killed while it works.
    pub async fn try_at(
        &self,
        url: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Answer> {
        let mut request = self.bench.http.request(method, format!("{url}{path}")).bearer_auth(self.token());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::of(request.send().await?).await
    }

    /// A call without the CRM's token.
    pub async fn bare(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.bench.http.request(method, format!("{}{path}", self.bench.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.send().await.unwrap()).await.unwrap()
    }

    /// Starts a session at that bank.
    pub async fn start(&self, bank: &str) -> Answer {
        let body = json!({"bank": bank, "psu": "customer-4711", "return_url": RETURN_URL});
        let answer = self.post("/v1/sessions", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
        answer
    }

    /// Starts a session and brings the PSU back from the bank. Answers the session and the return URL.
    pub async fn journey(&self, bank: &str, browser: &Browser) -> (String, Url) {
        self.bench.decide("approve").await;
        let started = self.start(bank).await;
        (started.text("session"), browser.travel(&started.text("authorize_url")).await)
    }

    /// Connects a PSU: journey and activation. Answers the session.
    pub async fn connect(&self, bank: &str) -> String {
        let (session, returned) = self.journey(bank, &Browser::new()).await;
        let answer = self.activate(&session, &parameter(&returned, "activation_code")).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        session
    }

    pub async fn activate(&self, session: &str, code: &str) -> Answer {
        self.post(&format!("/v1/sessions/{session}/activation"), json!({"activation_code": code})).await
    }

    pub async fn accounts(&self, session: &str) -> Answer {
        self.get(&format!("/v1/sessions/{session}/accounts")).await
    }

    /// The id of the session's first account.
    pub async fn first_account(&self, session: &str) -> String {
        let answer = self.accounts(session).await;
        answer.body["accounts"][0]["account_id"].as_str().unwrap_or_else(|| panic!("{:?}", answer.body)).to_owned()
    }
}

/// A parameter of a URL's query.
pub fn parameter(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}
