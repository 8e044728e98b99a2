//! The sandbox bank's control port as the demo page's server uses it: incidents, and who banks there. A real CRM has
//! nothing of this; it is here so that the page can show what the hub says when a bank misbehaves.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Demo, problem::Problem};
use crate::local::documents;

/// The control port is on this machine and answers at once.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where the sandbox bank is met, without a slash at the end.
#[derive(Clone, Debug)]
pub struct SandboxAddresses {
    /// Its control port.
    pub control: String,
    /// Its pages.
    pub web: String,
}

/// The sandbox bank beside the hub.
pub struct Sandbox {
    http: reqwest::Client,
    addresses: SandboxAddresses,
}

impl Sandbox {
    /// A client of the bank at those addresses. It follows no redirects and knows no proxy.
    pub fn new(addresses: SandboxAddresses) -> Result<Self, reqwest::Error> {
        let redirects = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().redirect(redirects).timeout(TIMEOUT).build()?;
        Ok(Self { http, addresses })
    }

    /// Where a customer of that bank approves without a browser that came from the hub; `None` at others' banks.
    pub fn approvals_url(&self, bank: &str) -> Option<String> {
        mood(bank).map(|mood| format!("{}/{mood}/approvals", self.addresses.web))
    }

    /// All incidents that can be played.
    pub async fn incidents(&self) -> Result<Value, Problem> {
        self.call(Method::GET, "incidents", None).await
    }

    /// Plays an incident at that bank until all are ended.
    pub async fn play(&self, name: &str, bank: &str) -> Result<(), Problem> {
        let mood = mood(bank).ok_or_else(|| Problem::sandbox_refused("Incidents play at the sandbox's banks only"))?;
        self.call(Method::POST, "incidents", Some(json!({"name": name, "mood": mood}))).await.map(|_| ())
    }

    /// Ends all incidents.
    pub async fn end_incidents(&self) -> Result<(), Problem> {
        self.call(Method::DELETE, "incidents", None).await.map(|_| ())
    }

    /// Lets reading balances go wrong at that bank until it is repaired. What went wrong there before is over.
    pub async fn arm(&self, bank: &str, fault: Value) -> Result<(), Problem> {
        let mood =
            mood(bank).ok_or_else(|| Problem::sandbox_refused("Only the sandbox's banks can be made to fail"))?;
        self.disarm_all().await?;
        let armed = json!({"operation": "balances", "mood": mood, "fault": fault});
        self.call(Method::POST, "faults", Some(armed)).await.map(|_| ())
    }

    /// Ends whatever goes wrong.
    pub async fn disarm_all(&self) -> Result<(), Problem> {
        self.call(Method::DELETE, "faults", None).await.map(|_| ())
    }

    /// Who banks there, each with `id` and `name`; accounts stay where they are.
    async fn customers(&self) -> Result<Value, Problem> {
        let told = self.call(Method::GET, "customers", None).await?;
        let customers = told.get("customers").and_then(Value::as_array).into_iter().flatten();
        Ok(customers.map(|one| json!({"id": one.get("id"), "name": one.get("name")})).collect())
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Problem> {
        let mut request = self.http.request(method, format!("{}/{path}", self.addresses.control));
        if let Some(body) = &body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.bytes().await.map_err(unreachable)?;
        read(status, &text)
    }
}

impl Demo {
    /// The names to choose from where a bank wants to know the customer's: those of the sandbox bank's customers. None
    /// where no bank asks, or the sandbox bank does not answer: the rest of the page is worth showing.
    pub(super) async fn names_at_bank(&self, banks: &Value) -> Value {
        let asks = |bank: &Value| bank.get("psu_id").and_then(Value::as_str) == Some("required");
        if !banks.get("banks").and_then(Value::as_array).is_some_and(|banks| banks.iter().any(asks)) {
            return json!([]);
        }
        self.sandbox.customers().await.unwrap_or_else(|_| json!([]))
    }
}

/// The mood that a bank of the local hub is.
fn mood(bank: &str) -> Option<&str> {
    bank.strip_prefix(documents::PREFIX).filter(|_| documents::BANKS.contains(&bank))
}

/// An answer without content says that it is done; a refusal says why in one sentence.
fn read(status: StatusCode, text: &[u8]) -> Result<Value, Problem> {
    if status.is_success() && text.is_empty() {
        return Ok(Value::Null);
    }
    let told: Value = serde_json::from_slice(text).map_err(|_| Problem::sandbox_unreachable())?;
    if status.is_success() {
        return Ok(told);
    }
    Err(told.get("error").and_then(Value::as_str).map_or_else(Problem::sandbox_unreachable, Problem::sandbox_refused))
}

fn unreachable(error: reqwest::Error) -> Problem {
    tracing::warn!(
        error = crate::failure::one_line(&error.without_url()),
        "the sandbox bank did not answer the demo page"
    );
    Problem::sandbox_unreachable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sandboxs_banks_have_moods() {
        assert_eq!(mood("sandbox-decoupled"), Some("decoupled"));
        for other in ["decoupled", "sandbox-", "sandbox-../x", "my-bank"] {
            assert_eq!(mood(other), None, "{other}");
        }
    }

    #[test]
    fn answers_of_the_control_port_are_read_with_and_without_content() {
        assert_eq!(read(StatusCode::NO_CONTENT, b"").unwrap(), Value::Null);
        assert_eq!(read(StatusCode::OK, b"{\"a\":1}").unwrap(), json!({"a": 1}));
        let refused = read(StatusCode::BAD_REQUEST, b"{\"error\":\"there is no incident \\\"x\\\"\"}").unwrap_err();
        assert_eq!(refused.text("title"), Some("there is no incident \"x\""));
        assert_eq!(refused.text("code"), Some("demo_sandbox_refused"));
        assert_eq!(read(StatusCode::OK, b"<html>").unwrap_err().text("code"), Some("demo_sandbox_unreachable"));
    }
}
