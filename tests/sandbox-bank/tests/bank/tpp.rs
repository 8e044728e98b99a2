//! A small third party: what every test needs to talk to the bank.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use reqwest::{Certificate, Client, Identity, Method, RequestBuilder, Response, StatusCode, redirect};
use sandbox_bank::{JournalEntry, SandboxBank, Settings, start};
use serde_json::{Value, json};
use url::Url;

/// The third party's address for the customer's return.
pub const CALLBACK: &str = "https://tpp.example/callback?flow=1";
pub const NOK: &str = "https://tpp.example/nok";
pub const CLIENT: &str = "PSDDE-FAKENCA-HUB001";

/// The example pair of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A running bank and the clients to reach it.
pub struct World {
    pub bank: SandboxBank,
    /// With the QWAC.
    pub tpp: Client,
    /// Without a certificate: browser and control port.
    pub plain: Client,
}

/// A status and a JSON body.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

/// An approved consent with the tokens that go with it, if any.
#[derive(Clone, Debug)]
pub struct Access {
    pub mood: &'static str,
    pub consent: String,
    pub token: Option<String>,
    pub refresh: Option<String>,
}

/// Settings with a clock that stands still, at noon of 20 November 2026.
pub fn settings() -> Settings {
    let noon: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    Settings { clock: Arc::new(move || noon), ..Settings::default() }
}

/// A client that trusts the sandbox's CA and shows the given identity.
pub fn client(bank: &SandboxBank, identity: Option<&str>) -> Client {
    let ca = Certificate::from_pem(bank.pki().ca.as_bytes()).unwrap();
    let builder = Client::builder().tls_certs_only([ca]).no_proxy().redirect(redirect::Policy::none());
    match identity {
        Some(pem) => builder.identity(Identity::from_pem(pem.as_bytes()).unwrap()).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

/// A UUID that no other call of this process uses.
pub fn request_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("00000000-0000-4000-8000-{:012}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Reads an answer to its end.
pub async fn read(response: Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer { status, headers, body }
}

/// A parameter of an address.
pub fn parameter(url: &str, name: &str) -> Option<String> {
    Url::parse(url).unwrap().query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The body that asks for a consent with this `access`.
pub fn order(access: Value) -> Value {
    let mut order = json!({ "recurringIndicator": true, "validUntil": "9999-12-31", "frequencyPerDay": 4,
        "combinedServiceIndicator": false });
    order["access"] = access;
    order
}

/// All data of the accounts that the customer picks.
pub fn offer() -> Value {
    json!({ "accounts": [], "balances": [], "transactions": [] })
}

/// An authorisation request; `changes` replace or (if empty) remove parameters.
pub fn authorisation(endpoint: &str, consent: &str, changes: &[(&str, &str)]) -> String {
    let scope = format!("AIS:{consent}");
    let proper = [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("scope", &scope),
        ("redirect_uri", CALLBACK),
        ("state", "xyz"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let instead = |name: &str| changes.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let parameters = proper.map(|(name, value)| (name, instead(name).unwrap_or(value)));
    let kept = parameters.iter().filter(|(_, value)| !value.is_empty());
    Url::parse_with_params(endpoint, kept).unwrap().into()
}

impl Answer {
    /// The code of the first `tppMessages`.
    pub fn code(&self) -> &str {
        self.body["tppMessages"][0]["code"].as_str().unwrap_or_default()
    }

    pub fn location(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let bank = start(settings).await.unwrap();
        let (tpp, plain) = (client(&bank, Some(&bank.pki().qwac)), client(&bank, None));
        Self { bank, tpp, plain }
    }

    /// A request to the banking interface with a fresh `X-Request-ID`.
    pub fn api(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("https://") { path.to_owned() } else { self.bank.api_url().to_owned() + path };
        self.tpp.request(method, url).header("X-Request-ID", request_id())
    }

    pub async fn get(&self, path: &str) -> Answer {
        read(self.api(Method::GET, path).send().await.unwrap()).await
    }

    /// A request to the control port.
    pub async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.plain.request(method, self.bank.control_url().to_owned() + path);
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        read(request.send().await.unwrap()).await
    }

    pub async fn arm(&self, operation: &str, fault: Value, times: u32) -> Answer {
        let body = json!({ "operation": operation, "fault": fault, "times": times });
        let armed = self.control(Method::POST, "/faults", body).await;
        assert_eq!(armed.status, 201, "{armed:?}");
        armed
    }

    pub async fn advance(&self, seconds: i64) {
        let moved = self.control(Method::POST, "/clock", json!({ "advance_seconds": seconds })).await;
        assert_eq!(moved.status, 200);
    }

    /// The number of an account by its customer's and its own place in the list.
    pub async fn iban(&self, customer: usize, account: usize) -> String {
        let all = self.control(Method::GET, "/customers", Value::Null).await;
        all.body["customers"][customer]["accounts"][account]["iban"].as_str().unwrap().to_owned()
    }

    /// The request that asks for a consent.
    pub fn asking(&self, mood: &str, body: &Value) -> RequestBuilder {
        self.api(Method::POST, &format!("/{mood}/v1/consents"))
            .header("PSU-IP-Address", "192.0.2.7")
            .header("TPP-Redirect-URI", CALLBACK)
            .header("TPP-Nok-Redirect-URI", NOK)
            .json(body)
    }

    /// Asks for a consent and gives the bank's answer.
    pub async fn consent(&self, mood: &str, access: Value) -> Answer {
        let answer = read(self.asking(mood, &order(access)).send().await.unwrap()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer
    }

    /// Decides the next visit.
    pub async fn decide(&self, script: Value) {
        let answer = self.control(Method::POST, "/sca", script).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    /// Where the customer has to go for a consent: the link, or the authorisation request built
    /// from the metadata that the link leads to.
    pub async fn sca_address(&self, created: &Answer) -> String {
        let links = &created.body["_links"];
        if let Some(link) = links["scaRedirect"]["href"].as_str() {
            return link.to_owned();
        }
        let metadata = self.get(links["scaOAuth"]["href"].as_str().unwrap()).await;
        let consent = created.body["consentId"].as_str().unwrap();
        authorisation(metadata.body["authorization_endpoint"].as_str().unwrap(), consent, &[])
    }

    /// Lets the customer decide as scripted and gives the address the browser is sent to.
    pub async fn visit(&self, address: &str) -> String {
        let answer = read(self.plain.get(address).send().await.unwrap()).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.location().to_owned()
    }

    /// A call to the token endpoint of the mood `oauth`.
    pub async fn token(&self, parameters: &[(&str, &str)]) -> Answer {
        self.token_at("oauth/token", parameters).await
    }

    /// A call to any token endpoint.
    pub async fn token_at(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let request = self.tpp.post(format!("{}/{path}", self.bank.api_url())).form(parameters);
        read(request.send().await.unwrap()).await
    }

    pub async fn redeem(&self, code: &str) -> Answer {
        let redemption = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.token(&redemption).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", token)]).await
    }

    /// Asks for a consent, has it approved as `script` says, and fetches tokens where there are any.
    pub async fn access_with(&self, mood: &'static str, access: Value, script: Value) -> Access {
        let created = self.consent(mood, access).await;
        self.decide(script).await;
        let back = self.visit(&self.sca_address(&created).await).await;
        let consent = created.body["consentId"].as_str().unwrap().to_owned();
        let Some(code) = parameter(&back, "code") else {
            return Access { mood, consent, token: None, refresh: None };
        };
        let tokens = self.redeem(&code).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        let text = |name: &str| tokens.body[name].as_str().map(str::to_owned);
        Access { mood, consent, token: text("access_token"), refresh: text("refresh_token") }
    }

    /// Full access to all of Anna's accounts.
    pub async fn access(&self, mood: &'static str) -> Access {
        self.access_with(mood, offer(), json!({ "decision": "approve", "customer": "anna-schmidt" })).await
    }

    /// A data call; `path` begins after `/v1` or is a link.
    pub fn data(&self, access: &Access, path: &str) -> RequestBuilder {
        let prefix = format!("/{}/v1", access.mood);
        let path =
            if path.starts_with("https://") || path.starts_with(&prefix) { path.to_owned() } else { prefix + path };
        let request = self.api(Method::GET, &path).header("Consent-ID", &access.consent);
        match &access.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// A data call that the customer asked for.
    pub async fn attended(&self, access: &Access, path: &str) -> Answer {
        read(self.data(access, path).header("PSU-IP-Address", "192.0.2.7").send().await.unwrap()).await
    }

    /// A data call that nobody asked for.
    pub async fn background(&self, access: &Access, path: &str) -> Answer {
        read(self.data(access, path).send().await.unwrap()).await
    }

    /// The ids of the accounts that a consent covers.
    pub async fn accounts(&self, access: &Access) -> Vec<String> {
        let list = self.attended(access, "/accounts").await;
        assert_eq!(list.status, 200, "{list:?}");
        let accounts = list.body["accounts"].as_array().unwrap();
        accounts.iter().map(|account| account["resourceId"].as_str().unwrap().to_owned()).collect()
    }

    pub fn last_entry(&self) -> JournalEntry {
        self.bank.journal().pop().unwrap()
    }
}
