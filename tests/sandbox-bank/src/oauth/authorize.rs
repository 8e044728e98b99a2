//! The authorisation request (RFC 6749 section 4.1.1 with RFC 7636), as far as no customer is needed.
//!
//! Where the scope `AIS:<consentId>` names a consent, the consent names the client and the redirect
//! URI; so nothing is sent anywhere before those two are known to belong together. Where there is no
//! consent yet, a login comes back to any well-formed address, because the code is worth something to
//! the owner of the client's certificate only; a choice of accounts only to an address that the client
//! has announced.

use serde::{Deserialize, Serialize};
use url::Url;

use super::form::Form;
use super::pkce::Challenge;
use crate::bank::Moment;
use crate::consent::{Consent, ConsentStatus};
use crate::mood::{Approach, Mood, Pkce, Scope, Server};
use crate::state::State;

/// A request that the customer can be asked about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) challenge: Option<Challenge>,
}

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// This consent.
    Consent(String),
    /// The customer's login.
    Login,
    /// Accounts that the customer picks.
    Accounts,
}

/// Why a request comes to nothing.
#[derive(Debug)]
pub(crate) enum Unauthorizable {
    /// Client and redirect URI cannot be trusted: the customer is told, nobody else.
    Untrusted,
    /// The client is told, by a redirect (RFC 6749 section 4.1.2.1).
    Told(Reply),
}

/// An error for the client.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) redirect_uri: String,
    pub(crate) error: &'static str,
    pub(crate) state: Option<String>,
}

/// Judges a request and gives what it is about.
pub(crate) fn judge(
    form: &Form,
    mood: Mood,
    state: &State,
    moment: Moment,
) -> Result<(Aim, AuthorizationRequest), Unauthorizable> {
    let server = mood.profile().server.as_ref().ok_or(Unauthorizable::Untrusted)?;
    let (aim, client, redirect_uri) = trusted(form, server, mood, state).ok_or(Unauthorizable::Untrusted)?;
    let client_state = form.one("state").map(str::to_owned);
    let outcome = check(form, server).and_then(|challenge| still_open(&aim, state, moment).map(|()| challenge));
    match outcome {
        Ok(challenge) => Ok((aim, AuthorizationRequest { client, redirect_uri, state: client_state, challenge })),
        Err(error) => Err(Unauthorizable::Told(Reply { redirect_uri, error, state: client_state })),
    }
}

/// What it is about, for whom and with which way back, if those belong together.
fn trusted(form: &Form, server: &Server, mood: Mood, state: &State) -> Option<(Aim, String, String)> {
    let client = form.one(server.dialect.client_id)?.to_owned();
    let uri = form.one("redirect_uri")?.to_owned();
    let asked = form.one("scope")?;
    let aim = match server.scope {
        Scope::Consent => {
            let consent = asked.strip_prefix("AIS:").and_then(|id| state.consents.get(id))?;
            let ours = consent.mood == mood && mood.profile().approach == Approach::OAuth;
            let theirs = client == consent.tpp.organisation && uri == consent.redirect_uri;
            (ours && theirs).then(|| Aim::Consent(consent.id.clone()))?
        }
        Scope::Login(name) => (asked == name && is_address(&uri)).then_some(Aim::Login)?,
        Scope::Accounts(name) => (asked == name && state.is_announced(&client, &uri)).then_some(Aim::Accounts)?,
    };
    Some((aim, client, uri))
}

/// Whether a browser can be sent there.
pub(crate) fn is_address(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.fragment().is_none())
}

fn check(form: &Form, server: &Server) -> Result<Option<Challenge>, &'static str> {
    if form.has_repetitions() || server.dialect.further.is_some_and(|name| form.one(name).is_none()) {
        return Err("invalid_request");
    }
    if form.one(server.dialect.response_type).ok_or("invalid_request")? != "code" {
        return Err("unsupported_response_type");
    }
    let method = form.one("code_challenge_method");
    if server.pkce == Pkce::Optional && method.is_none() && form.one("code_challenge").is_none() {
        return Ok(None);
    }
    if method != Some("S256") {
        return Err("invalid_request");
    }
    form.one("code_challenge").and_then(Challenge::parse).map(Some).ok_or("invalid_request")
}

/// Whether the consent that a request is about still waits for a decision.
fn still_open(aim: &Aim, state: &State, moment: Moment) -> Result<(), &'static str> {
    let Aim::Consent(id) = aim else {
        return Ok(());
    };
    let waits = |consent: &Consent| consent.status_on(moment.today) == ConsentStatus::Received;
    state.consents.get(id).is_some_and(waits).then_some(()).ok_or("invalid_scope")
}

/// Adds parameters to a redirect URI. What the URI already has stays as it is.
pub(crate) fn redirect(uri: &str, parameters: &[(&str, &str)]) -> Result<String, url::ParseError> {
    let mut url = Url::parse(uri)?;
    url.query_pairs_mut().extend_pairs(parameters);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::consent::tests::{TODAY, consent};
    use crate::settings::TokenPolicy;

    const GOOD: &str = "response_type=code&client_id=PSDDE-FAKENCA-HUB001&scope=AIS%3Ac1&state=s\
        &redirect_uri=https%3A%2F%2Ftpp.example%2Fcb&code_challenge_method=S256\
        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn outcome(query: &str, mood: Mood) -> Result<(), Option<&'static str>> {
        let mut state = State::new(TokenPolicy::default(), Timestamp::UNIX_EPOCH);
        let mut consent = consent("c1", json!({ "accounts": [] }));
        consent.mood = mood;
        state.consents.insert("c1".to_owned(), consent);
        state.announce("PSDDE-FAKENCA-HUB001", "https://tpp.example/cb");
        let moment = Moment { now: Timestamp::UNIX_EPOCH, today: TODAY };
        match judge(&Form::read(query.as_bytes()), mood, &state, moment) {
            Ok(_) => Ok(()),
            Err(Unauthorizable::Untrusted) => Err(None),
            Err(Unauthorizable::Told(reply)) => Err(Some(reply.error)),
        }
    }

    #[test]
    fn accepts_a_proper_request() {
        assert_eq!(outcome(GOOD, Mood::OAuth), Ok(()));
    }

    #[test]
    fn sends_nothing_anywhere_unless_client_and_address_belong_together() {
        for (from, to) in [
            ("HUB001", "OTHER2"),
            ("%2Fcb", "%2Fcb%2F"),
            ("tpp.example", "evil.example"),
            ("AIS%3Ac1", "AIS%3Ac2"),
            ("AIS%3Ac1", "PIS%3Ac1"),
            ("&state=s", "&redirect_uri=https%3A%2F%2Fevil.example"),
        ] {
            assert_eq!(outcome(&GOOD.replace(from, to), Mood::OAuth), Err(None), "{to}");
        }
        assert_eq!(outcome(GOOD, Mood::Redirect), Err(None));
        assert_eq!(outcome("", Mood::OAuth), Err(None));
    }

    #[test]
    fn tells_the_client_what_else_is_wrong() {
        for (from, to, error) in [
            ("response_type=code", "response_type=token", "unsupported_response_type"),
            ("response_type=code&", "", "invalid_request"),
            ("=S256", "=plain", "invalid_request"),
            ("code_challenge=E9", "code_challenge=", "invalid_request"),
            ("&state=s", "&state=s&state=t", "invalid_request"),
        ] {
            assert_eq!(outcome(&GOOD.replace(from, to), Mood::OAuth), Err(Some(error)), "{to}");
        }
    }

    #[test]
    fn speaks_the_dialect_of_the_mood() {
        let renamed = GOOD.replace("response_type", "responseType").replace("client_id", "clientId");
        assert_eq!(outcome(&renamed, Mood::Application), Err(Some("invalid_request")));
        let complete = format!("{renamed}&bic=SANDXXXX");
        assert_eq!(outcome(&complete, Mood::Application), Ok(()));
        let (bare, _) = complete.split_once("&code_challenge_method").unwrap();
        assert_eq!(outcome(&format!("{bare}&bic=SANDXXXX"), Mood::Application), Ok(()));
        assert_eq!(outcome(GOOD, Mood::Application), Err(None));
    }

    #[test]
    fn takes_logins_and_choices_by_the_names_of_their_scopes() {
        let login = GOOD.replace("AIS%3Ac1", "AIS");
        assert_eq!(outcome(&login, Mood::PreStep), Ok(()));
        assert_eq!(outcome(GOOD, Mood::PreStep), Err(None));
        let scope = "payment-accounts%3Abalances%3Aview+payment-accounts%3Atransactions%3Aview";
        let choice = GOOD.replace("AIS%3Ac1", scope);
        assert_eq!(outcome(&choice, Mood::Token), Ok(()));
        assert_eq!(outcome(&choice.replace("%2Fcb", "%2Fother"), Mood::Token), Err(None));
    }

    #[test]
    fn keeps_the_query_of_the_redirect_uri() {
        let uri = redirect("https://tpp.example/cb?bank=a", &[("code", "x y"), ("iss", "https://b")]).unwrap();
        assert_eq!(uri, "https://tpp.example/cb?bank=a&code=x+y&iss=https%3A%2F%2Fb");
    }
}
