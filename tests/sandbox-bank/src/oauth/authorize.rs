//! The authorisation request (RFC 6749 section 4.1.1 with RFC 7636), as far as no customer is needed.
//!
//! The scope `AIS:<consentId>` names the consent, and the consent names the client and the redirect
//! URI; so nothing is sent anywhere before those two are known to belong together.

use serde::{Deserialize, Serialize};
use url::Url;

use super::form::Form;
use super::pkce::Challenge;
use crate::bank::Moment;
use crate::consent::{Consent, ConsentStatus};
use crate::mood::{Approach, Mood};
use crate::state::State;

/// A request that the customer can be asked about.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    pub(crate) state: Option<String>,
    pub(crate) challenge: Challenge,
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

/// Judges a request and gives the consent it is about.
pub(crate) fn judge<'a>(
    form: &Form,
    mood: Mood,
    state: &'a State,
    moment: Moment,
) -> Result<(&'a Consent, AuthorizationRequest), Unauthorizable> {
    let consent = trusted(form, mood, state).ok_or(Unauthorizable::Untrusted)?;
    match check(form, consent, moment) {
        Ok(challenge) => Ok((consent, AuthorizationRequest { state: form.one("state").map(str::to_owned), challenge })),
        Err(error) => Err(Unauthorizable::Told(Reply {
            redirect_uri: consent.redirect_uri.clone(),
            error,
            state: form.one("state").map(str::to_owned),
        })),
    }
}

/// The consent, if client and redirect URI are the ones it was made with.
fn trusted<'a>(form: &Form, mood: Mood, state: &'a State) -> Option<&'a Consent> {
    let consent = state.consents.get(form.one("scope")?.strip_prefix("AIS:")?)?;
    let ours = consent.mood == mood && mood.profile().approach == Approach::OAuth;
    let theirs =
        form.one("client_id")? == consent.tpp.organisation && form.one("redirect_uri")? == consent.redirect_uri;
    (ours && theirs).then_some(consent)
}

fn check(form: &Form, consent: &Consent, moment: Moment) -> Result<Challenge, &'static str> {
    if form.has_repetitions() {
        return Err("invalid_request");
    }
    if form.one("response_type").ok_or("invalid_request")? != "code" {
        return Err("unsupported_response_type");
    }
    if form.one("code_challenge_method") != Some("S256") {
        return Err("invalid_request");
    }
    if consent.status_on(moment.today) != ConsentStatus::Received {
        return Err("invalid_scope");
    }
    form.one("code_challenge").and_then(Challenge::parse).ok_or("invalid_request")
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
        state.consents.insert("c1".to_owned(), consent("c1", json!({ "accounts": [] })));
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
    fn keeps_the_query_of_the_redirect_uri() {
        let uri = redirect("https://tpp.example/cb?bank=a", &[("code", "x y"), ("iss", "https://b")]).unwrap();
        assert_eq!(uri, "https://tpp.example/cb?bank=a&code=x+y&iss=https%3A%2F%2Fb");
    }
}
