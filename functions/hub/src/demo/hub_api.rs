//! The hub's public API as the demo CRM calls it: over HTTP like any CRM, each call with a short token that may do
//! just that, and with proof of presence while the customer waits.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Method, StatusCode, header::AUTHORIZATION};
use serde_json::{Value, json};
use shared::{domain::scope::Scope, ports::clock::Clock};
use url::Url;

use super::{problem::Problem, visitor::Visitor};
use crate::local::tokens::{TokenSigner, Whose};

/// Longer than the hub's own limit, so that its answer is the one that is seen.
const TIMEOUT: Duration = Duration::from_secs(40);

/// How long a token lives that is made for one call, in seconds.
const TOKEN_SECONDS: i64 = 120;

/// The hub, as seen by its CRM.
pub struct HubApi {
    http: reqwest::Client,
    hub: Url,
    signer: TokenSigner,
    clock: Arc<dyn Clock>,
}

/// Which part of a connection is read.
pub enum Reading<'a> {
    /// Its accounts.
    Accounts,
    /// One account's balances.
    Balances(&'a str),
    /// One account's transactions, by the query that the page made.
    Transactions(&'a str, &'a [(String, String)]),
}

struct Call<'a> {
    method: Method,
    path: Vec<&'a str>,
    query: &'a [(String, String)],
    scope: Scope,
    presence: Option<String>,
    /// Whether the last good answer will do.
    takes_stale: bool,
    body: Option<Value>,
}

impl<'a> Call<'a> {
    fn new(method: Method, path: &[&'a str], scope: Scope) -> Self {
        Self { method, path: path.to_vec(), query: &[], scope, presence: None, takes_stale: false, body: None }
    }
}

impl HubApi {
    /// A client of the hub at that public address. It follows no redirects and knows no proxy.
    pub fn new(hub: Url, signer: TokenSigner, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let redirects = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().redirect(redirects).timeout(TIMEOUT).build()?;
        Ok(Self { http, hub, signer, clock })
    }

    /// The banks that can be connected.
    pub async fn banks(&self) -> Result<Value, Problem> {
        self.call(Call::new(Method::GET, &["v1", "banks"], Scope::BanksRead)).await
    }

    /// One bank, and how it does.
    pub async fn bank(&self, bank: &str) -> Result<Value, Problem> {
        self.call(Call::new(Method::GET, &["v1", "banks", bank], Scope::BanksRead)).await
    }

    /// What is left of an account's reads without the customer.
    pub async fn quota(&self, session: &str, account: &str) -> Result<Value, Problem> {
        let path = ["v1", "sessions", session, "accounts", account, "quota"];
        self.call(Call::new(Method::GET, &path, Scope::AccountsRead)).await
    }

    /// Reads an account's balances while nobody waits for them. Where the bank cannot be asked, the last good answer
    /// comes.
    pub async fn balances_unattended(&self, session: &str, account: &str) -> Result<Value, Problem> {
        let path = ["v1", "sessions", session, "accounts", account, "balances"];
        let mut call = Call::new(Method::GET, &path, Scope::AccountsRead);
        call.takes_stale = true;
        self.call(call).await
    }

    /// Starts a session at a bank for the visitor, who is known there by that name, if the bank wants to know.
    pub async fn start(
        &self,
        visitor: &Visitor,
        bank: &str,
        name_at_bank: Option<&str>,
        return_url: &str,
    ) -> Result<Value, Problem> {
        let mut call = Call::new(Method::POST, &["v1", "sessions"], Scope::SessionsWrite);
        call.presence = Some(self.presence(visitor, Whose::Psu(visitor.customer.id))?);
        let body = json!({"bank": bank, "psu": visitor.customer.id, "return_url": return_url});
        call.body = Some(naming(body, name_at_bank));
        self.call(call).await
    }

    /// Asks the bank again under the same session.
    pub async fn renew(
        &self,
        visitor: &Visitor,
        session: &str,
        name_at_bank: Option<&str>,
        return_url: &str,
    ) -> Result<Value, Problem> {
        let mut call = Call::new(Method::POST, &["v1", "sessions", session, "renewal"], Scope::SessionsWrite);
        call.presence = Some(self.presence(visitor, Whose::Session(session))?);
        call.body = Some(naming(json!({"return_url": return_url}), name_at_bank));
        self.call(call).await
    }

    /// Redeems the code that came back with the browser.
    pub async fn activate(&self, session: &str, code: &str) -> Result<Value, Problem> {
        let mut call = Call::new(Method::POST, &["v1", "sessions", session, "activation"], Scope::SessionsWrite);
        call.body = Some(json!({"activation_code": code}));
        self.call(call).await
    }

    /// How a session stands.
    pub async fn session(&self, session: &str) -> Result<Value, Problem> {
        self.call(Call::new(Method::GET, &["v1", "sessions", session], Scope::SessionsRead)).await
    }

    /// Ends a session.
    pub async fn end(&self, session: &str) -> Result<Value, Problem> {
        self.call(Call::new(Method::DELETE, &["v1", "sessions", session], Scope::SessionsWrite)).await
    }

    /// Reads bank data while the visitor waits.
    pub async fn read(&self, visitor: &Visitor, session: &str, what: Reading<'_>) -> Result<Value, Problem> {
        let mut call = Call::new(Method::GET, &["v1", "sessions", session, "accounts"], Scope::AccountsRead);
        match what {
            Reading::Accounts => {}
            Reading::Balances(account) => call.path.extend([account, "balances"]),
            Reading::Transactions(account, query) => {
                call.path.extend([account, "transactions"]);
                call.query = query;
            }
        }
        call.presence = Some(self.presence(visitor, Whose::Session(session))?);
        self.call(call).await
    }

    fn presence(&self, visitor: &Visitor, whose: Whose<'_>) -> Result<String, Problem> {
        self.signer.presence(whose, &visitor.present, self.clock.now()).map_err(|error| Problem::broken(&error))
    }

    async fn call(&self, call: Call<'_>) -> Result<Value, Problem> {
        let token = self
            .signer
            .access(call.scope.name(), self.clock.now(), TOKEN_SECONDS)
            .map_err(|error| Problem::broken(&error))?;
        let url = address(&self.hub, &call).ok_or_else(Problem::unreachable)?;
        let mut request = self.http.request(call.method, url).header(AUTHORIZATION, bearer(&token)?);
        if let Some(presence) = call.presence {
            request = request.header("Psu-Presence", presence);
        }
        if call.takes_stale {
            request = request.header("Prefer", "stale-ok");
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        read_answer(request.send().await.map_err(unreachable)?).await
    }
}

/// The body with the customer's name at the bank, if there is one to tell.
fn naming(mut body: Value, name_at_bank: Option<&str>) -> Value {
    if let Some((name, members)) = name_at_bank.zip(body.as_object_mut()) {
        members.insert("psu_at_bank".to_owned(), json!({ "id": name }));
    }
    body
}

/// The call's URL. Every part of the path stays one segment, whatever stands in it.
fn address(hub: &Url, call: &Call<'_>) -> Option<Url> {
    let mut url = hub.clone();
    url.path_segments_mut().ok()?.clear().extend(&call.path);
    if !call.query.is_empty() {
        url.query_pairs_mut().extend_pairs(call.query);
    }
    Some(url)
}

fn bearer(token: &str) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|error| Problem::broken(&error))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn read_answer(answer: reqwest::Response) -> Result<Value, Problem> {
    let status = answer.status();
    let document: Value = answer.json().await.map_err(unreachable)?;
    if status.is_success() { Ok(document) } else { Err(refusal(status, document)) }
}

/// The hub's refusal, passed on whole. Where it refuses the CRM itself the page could do nothing with 401, and must not
/// mistake it for its own sign-out.
fn refusal(status: StatusCode, document: Value) -> Problem {
    let status = if status == StatusCode::UNAUTHORIZED { StatusCode::BAD_GATEWAY } else { status };
    Problem { status, document }
}

fn unreachable(error: reqwest::Error) -> Problem {
    // The URL may hold a cursor; the log needs only the cause.
    tracing::warn!(error = crate::failure::one_line(&error.without_url()), "the hub did not answer the demo page");
    Problem::unreachable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_cannot_leave_its_path() {
        let hub = Url::parse("http://127.0.0.1:8080").unwrap();
        let query = [("from".to_owned(), "2026-01-01&x=y".to_owned())];
        let mut call = Call::new(Method::GET, &["v1", "sessions", "s", "accounts", "../../a?b"], Scope::AccountsRead);
        call.query = &query;
        assert_eq!(
            address(&hub, &call).unwrap().as_str(),
            "http://127.0.0.1:8080/v1/sessions/s/accounts/..%2F..%2Fa%3Fb?from=2026-01-01%26x%3Dy"
        );
    }

    #[test]
    fn a_refused_crm_token_does_not_sign_the_visitor_out() {
        let problem = refusal(StatusCode::UNAUTHORIZED, json!({"code": "token_expired"}));
        assert_eq!(problem.status, StatusCode::BAD_GATEWAY);
        assert_eq!(problem.text("code"), Some("token_expired"));
    }
}
