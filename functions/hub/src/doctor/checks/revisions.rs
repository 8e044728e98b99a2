//! Revisions that are being tried: each answers, is ready, and refuses who has no token: private ones anybody, those with
//! jobs whoever wants one run.

use std::time::Duration;

use reqwest::{Client, StatusCode, header::AUTHORIZATION};
use serde::Deserialize;
use url::Url;

use crate::{
    doctor::{
        expected::FunctionName,
        finding::{Finding, What},
        identity_token::IdentityTokens,
        kind::Kind,
    },
    failure::one_line,
};

/// How long one answer may take: a new revision starts with it.
const PATIENCE: Duration = Duration::from_secs(8);

const INVOKER: &str = "give the account that asks roles/run.invoker, and let the service take its own address as audience; infra/rights.tf";

/// A revision to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The service's name without `hub-`, as far as it is known.
    name: String,
    /// The service, if it is one of the hub's. Any other is taken for private.
    function: Option<FunctionName>,
    url: Url,
}

impl Target {
    /// `URL` of a Cloud Run revision, or `SERVICE=URL`.
    pub fn parse(text: &str) -> Option<Self> {
        let (named, url) = match text.split_once('=') {
            Some((name, url)) if !name.contains('/') => (Some(name), url),
            _ => (None, text),
        };
        let url: Url =
            url.parse().ok().filter(|url: &Url| url.has_host() && matches!(url.scheme(), "http" | "https"))?;
        let label = url.host_str()?.split('.').next()?.to_owned();
        let label = named.map_or_else(|| without_tag(&label).to_owned(), str::to_owned);
        let name = label.strip_prefix("hub-").unwrap_or(&label).to_owned();
        let function = FunctionName::ALL.into_iter().find(|function| {
            name.strip_prefix(function.name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        });
        Some(Self { name: function.map_or(name, |function| function.name().to_owned()), function, url })
    }

    /// What the answer is called in the output.
    pub fn what(&self) -> What {
        What::one(Kind::Revision, &self.name)
    }

    /// What an identity token must be made for: the service's own address, without the tag of one revision.
    fn audience(&self) -> String {
        let mut url = self.url.clone();
        let host = url.host_str().map(|host| without_tag(host).to_owned());
        if url.set_host(host.as_deref()).is_err() {
            return self.url.to_string();
        }
        url.origin().ascii_serialization()
    }

    fn is_open(&self) -> bool {
        self.function.is_some_and(FunctionName::is_open)
    }
}

/// `TAG---SERVICE-…` is how Cloud Run calls a tagged revision.
fn without_tag(host: &str) -> &str {
    host.split_once("---").map_or(host, |(_, rest)| rest)
}

/// Why a revision is not in order.
#[derive(Debug, thiserror::Error)]
enum Unwell {
    #[error("it does not answer")]
    Silent(#[source] reqwest::Error),
    #[error("{0} answers {1}")]
    Status(&'static str, StatusCode),
    #[error("it is not ready: {0}")]
    NotReady(String),
}

/// Tries one revision.
pub async fn check(client: &Client, tokens: &dyn IdentityTokens, target: &Target) -> Finding {
    let what = target.what();
    let anonymous = match ask(client, target, "health", None).await {
        Ok((status, _)) => status,
        Err(error) => return failed(&what, &error),
    };
    let token = if target.is_open() {
        None
    } else if matches!(anonymous, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        match tokens.token(&target.audience()).await {
            Ok(token) => Some(token),
            Err(error) => {
                return Finding::fail(&what, one_line(&error), "run it where the smoke job runs; infra/functions.tf");
            }
        }
    } else {
        let found = format!("it answers {anonymous} to a call without a token");
        return Finding::fail(&what, found, "take allUsers off roles/run.invoker of the service; infra/services.tf");
    };
    if let Err(error) = is_ready(client, target, token.as_deref()).await {
        return failed(&what, &error);
    }
    match target.function.and_then(FunctionName::job) {
        Some(job) => match run_as_nobody(client, target, job).await {
            Ok(StatusCode::UNAUTHORIZED) => Finding::ok(&what, "up and ready, and runs no job without a token"),
            Ok(status) => {
                let found = format!("it answers {status} to a job without a token");
                Finding::fail(&what, found, "let it have no traffic: only the hub judges who runs jobs; docs/adr/0024")
            }
            Err(error) => failed(&what, &error),
        },
        None if token.is_some() => Finding::ok(&what, "up and ready, and refuses a call without a token"),
        None => Finding::ok(&what, "up and ready"),
    }
}

fn failed(what: &What, error: &Unwell) -> Finding {
    let advice = match error {
        Unwell::Status(_, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => INVOKER,
        Unwell::Silent(_) | Unwell::Status(..) => "read the revision's log",
        Unwell::NotReady(_) => "see to what is named, or read the revision's log; docs/doctor.md",
    };
    Finding::fail(what, one_line(error), advice)
}

async fn is_ready(client: &Client, target: &Target, token: Option<&str>) -> Result<(), Unwell> {
    let (status, _) = ask(client, target, "health", token).await?;
    if status != StatusCode::OK {
        return Err(Unwell::Status("/health", status));
    }
    match ask(client, target, "ready", token).await? {
        (StatusCode::OK, _) => Ok(()),
        (StatusCode::SERVICE_UNAVAILABLE, told) => Err(Unwell::NotReady(told.missing())),
        (status, _) => Err(Unwell::Status("/ready", status)),
    }
}

/// What `/ready` tells.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    store: String,
    keys: String,
    missing: Vec<String>,
}

impl Told {
    fn missing(&self) -> String {
        let states = format!("store {}, keys {}", self.store, self.keys);
        if self.missing.is_empty() { states } else { self.missing.join(" ") }
    }
}

/// Asks for a job without saying who asks.
async fn run_as_nobody(client: &Client, target: &Target, job: &str) -> Result<StatusCode, Unwell> {
    let mut url = target.url.clone();
    url.set_path(&format!("v1/jobs/{job}"));
    let response =
        client.post(url).timeout(PATIENCE).send().await.map_err(|error| Unwell::Silent(error.without_url()))?;
    Ok(response.status())
}

async fn ask(client: &Client, target: &Target, path: &str, token: Option<&str>) -> Result<(StatusCode, Told), Unwell> {
    let mut url = target.url.clone();
    url.set_path(path);
    let mut request = client.get(url).timeout(PATIENCE);
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let response = request.send().await.map_err(|error| Unwell::Silent(error.without_url()))?;
    let status = response.status();
    Ok((status, response.json().await.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use axum::{
        Json, Router,
        routing::{get, post},
    };
    use http::HeaderMap;
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;
    use crate::doctor::{finding::Standing, identity_token::NoToken};

    struct Token;

    #[async_trait]
    impl IdentityTokens for Token {
        async fn token(&self, _: &str) -> Result<String, NoToken> {
            Ok("good".to_owned())
        }
    }

    /// A revision that wants a token or not, and is ready or not.
    async fn found(name: &str, is_private: bool, ready: StatusCode) -> Finding {
        found_with_jobs(name, is_private, ready, StatusCode::UNAUTHORIZED).await
    }

    /// The same, and what it answers to a job that nobody in particular asks for.
    async fn found_with_jobs(name: &str, is_private: bool, ready: StatusCode, job: StatusCode) -> Finding {
        let guard = move |headers: &HeaderMap, status| {
            let knows = headers.get(AUTHORIZATION).is_some_and(|value| value == "Bearer good");
            if knows || !is_private { status } else { StatusCode::FORBIDDEN }
        };
        let told = json!({ "store": "ready", "keys": "unavailable", "missing": ["keys.tokens"] });
        let router = Router::new()
            .route("/health", get(async move |headers: HeaderMap| guard(&headers, StatusCode::OK)))
            .route("/ready", get(async move |headers: HeaderMap| (guard(&headers, ready), Json(told))))
            .route("/v1/jobs/{job}", post(async move || job));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target::parse(&format!("{name}=http://{}", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        check(&Client::builder().no_proxy().build().unwrap(), &Token, &target).await
    }

    #[tokio::test]
    async fn only_the_public_ones_are_open() {
        let ok = StatusCode::OK;
        assert_eq!(found("callback", false, ok).await.status, Standing::Ok);
        let private = found("account-proxy", true, ok).await;
        assert_eq!(
            private.to_string(),
            "ok    revision.account-proxy  — up and ready, and refuses a call without a token"
        );
        let open = found("account-proxy", false, ok).await;
        assert_eq!(open.status, Standing::Fail);
        assert!(open.found.contains("without a token"), "{open}");
        assert_eq!(found("another", false, ok).await.status, Standing::Fail, "what is not known is private");
        assert_eq!(found("callback", true, ok).await.status, Standing::Fail, "browsers have no token");
    }

    #[tokio::test]
    async fn jobs_are_for_nobody_in_general() {
        let ok = StatusCode::OK;
        for name in ["token-refresh", "rewrap"] {
            let finding = found(name, false, ok).await;
            assert_eq!(
                (finding.status, finding.found.as_str()),
                (Standing::Ok, "up and ready, and runs no job without a token")
            );
            let open = found_with_jobs(name, false, ok, ok).await;
            assert_eq!(open.status, Standing::Fail);
            assert_eq!(open.found, "it answers 200 OK to a job without a token");
        }
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let found = found("rewrap", false, StatusCode::SERVICE_UNAVAILABLE).await;
        assert_eq!((found.status, found.found.as_str()), (Standing::Fail, "it is not ready: keys.tokens"));
    }

    #[test]
    fn a_service_is_known_by_its_address() {
        for (text, name, audience) in [
            ("https://c1---hub-callback.run.app", "callback", "https://hub-callback.run.app"),
            (
                "https://c1---hub-account-proxy-ab12-ey.a.run.app",
                "account-proxy",
                "https://hub-account-proxy-ab12-ey.a.run.app",
            ),
            ("rewrap=http://127.0.0.1:8080", "rewrap", "http://127.0.0.1:8080"),
            ("https://else.example", "else", "https://else.example"),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!((target.name.as_str(), target.audience().as_str()), (name, audience));
        }
        assert!(Target::parse("https://hub-callback-9.europe-west3.run.app").unwrap().is_open());
        assert!(!Target::parse("https://hub-callbacks.run.app").unwrap().is_open());
        for wrong in ["", "hub-callback", "ftp://a.example", "x="] {
            assert_eq!(Target::parse(wrong), None, "{wrong}");
        }
    }
}
