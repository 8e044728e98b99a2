//! The authorisation response (RFC 6749 §4.1.2): what a browser brings back from a bank.
//!
//! Nothing in it is trusted. [`Answer::parse`] only says what it is; the flow then checks, in this order, that `state`
//! was issued and is still open, that the browser is the one that was sent, and [`check_issuer`]. Only an answer that
//! passed all of these leads to a call.

use url::form_urlencoded;

use super::metadata::Metadata;
use crate::{
    domain::{bank::OAuthProfile, secret::SecretString},
    protocol::ticket::State,
};

/// The longest query that is looked at.
const MAX_QUERY: usize = 8 * 1024;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The `state`, to find the flow by.
    pub state: State,
    /// Grant, refusal, or neither.
    pub outcome: Outcome,
    /// Who says so (RFC 9207).
    pub issuer: Option<String>,
}

/// How the journey at the bank ended, as the browser tells.
#[derive(Debug)]
pub enum Outcome {
    /// A code to redeem.
    Code(SecretString),
    /// The PSU refused.
    Denied,
    /// Any other error.
    Failed,
    /// Neither code nor error: a bank without OAuth. The consent's status tells.
    Returned,
}

/// The query is not an authorisation response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the query is not an authorisation response")]
pub struct NotAnAnswer;

/// The answer does not come from the bank that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer names another issuer, or none")]
pub struct OtherIssuer;

impl Answer {
    /// Reads a raw query. Refused: a parameter given twice (RFC 6749 §3.1), broken percent-encoding, text that is not
    /// UTF-8 or has control characters, a code together with an error, no `state`. Unknown parameters are ignored;
    /// `error_description` is never looked at.
    pub fn parse(query: &str) -> Result<Self, NotAnAnswer> {
        Self::parse_at(None, query)
    }

    /// The same, with the `state` that stood in the path instead of the query.
    pub fn parse_at(state: Option<&str>, query: &str) -> Result<Self, NotAnAnswer> {
        if query.len() > MAX_QUERY || !percent_encoding_is_sound(query) {
            return Err(NotAnAnswer);
        }
        let in_query = parameter(query, "state")?;
        let state = match (state, in_query) {
            (Some(state), None) => Some(state.to_owned()),
            (None, in_query) => in_query,
            (Some(_), Some(_)) => None,
        };
        let state = state.filter(|state| !state.is_empty()).ok_or(NotAnAnswer)?;
        let outcome = match (parameter(query, "code")?, parameter(query, "error")?) {
            (Some(code), None) if !code.is_empty() => Outcome::Code(code.into()),
            (None, Some(error)) if error == "access_denied" => Outcome::Denied,
            (None, Some(_)) => Outcome::Failed,
            (None, None) => Outcome::Returned,
            (Some(_), _) => return Err(NotAnAnswer),
        };
        Ok(Self { state: State::from_callback(&state), outcome, issuer: parameter(query, "iss")? })
    }
}

/// Whether the answer comes from the bank that was asked (RFC 9207 §2.4): an `iss` that is there must be the bank's,
/// and must be there if the bank says that it always is.
pub fn check_issuer(answer: &Answer, profile: &OAuthProfile, metadata: &Metadata) -> Result<(), OtherIssuer> {
    match &answer.issuer {
        Some(issuer) if *issuer == profile.issuer => Ok(()),
        None if !metadata.names_issuer_in_response => Ok(()),
        _ => Err(OtherIssuer),
    }
}

/// The one value of a parameter.
/// The confirmation code that a bank without OAuth sends back with the browser (Berlin Group 1.3.11,
/// `confirmationCode`), in the parameter of that name.
pub fn confirmation_code(query: &str, name: &str) -> Result<Option<SecretString>, NotAnAnswer> {
    Ok(parameter(query, name)?.filter(|code| !code.is_empty()).map(SecretString::from))
}

fn parameter(query: &str, name: &str) -> Result<Option<String>, NotAnAnswer> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name).map(|(_, value)| value);
    let value = values.next();
    if values.next().is_some() {
        return Err(NotAnAnswer);
    }
    // Decoding puts U+FFFD where the bytes were not UTF-8.
    let is_sound = |value: &str| !value.chars().any(|found| found.is_control() || found == '\u{fffd}');
    match value {
        Some(value) if !is_sound(&value) => Err(NotAnAnswer),
        value => Ok(value.map(std::borrow::Cow::into_owned)),
    }
}

/// Whether every `%` begins an escape.
fn percent_encoding_is_sound(query: &str) -> bool {
    let is_escape = |rest: &str| rest.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    query.split('%').skip(1).all(is_escape)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{domain::secret::ExposeSecret, protocol::oauth::samples::profile};

    fn metadata(names_issuer: bool) -> Metadata {
        Metadata {
            authorization_endpoint: "https://www.bank.example/authorize".parse().unwrap(),
            token_endpoint: "https://api.bank.example/token".parse().unwrap(),
            revocation_endpoint: None,
            names_issuer_in_response: names_issuer,
        }
    }

    #[test]
    fn reads_a_code() {
        let answer = Answer::parse("code=a%2Bb+c&state=s&iss=https%3A%2F%2Fapi.bank.example%2Foauth").unwrap();
        assert_eq!(answer.state.expose(), "s");
        assert_eq!(answer.issuer.as_deref(), Some("https://api.bank.example/oauth"));
        assert!(matches!(answer.outcome, Outcome::Code(code) if code.expose_secret() == "a+b c"));
    }

    #[test]
    fn tells_a_refusal_from_other_errors() {
        assert!(matches!(Answer::parse("error=access_denied&state=s").unwrap().outcome, Outcome::Denied));
        assert!(matches!(Answer::parse("error=server_error&state=s").unwrap().outcome, Outcome::Failed));
        assert!(matches!(Answer::parse("state=s").unwrap().outcome, Outcome::Returned));
    }

    #[test]
    fn refuses_what_no_bank_sends() {
        let long = format!("state=s&code={}", "a".repeat(100_000));
        let bad = [
            "",
            "code=x",
            "code=x&state=",
            "code=&state=s",
            "code=x&error=y&state=s",
            "code=x&code=y&state=s",
            "code=x&state=s&state=s",
            "code=x&state=s&iss=a&iss=b",
            "code=%0&state=s",
            "code=%zz&state=s",
            "code=%",
            "code=%00&state=s",
            "code=%ff%fe&state=s",
            "code=a%0d%0aSet-Cookie:x&state=s",
            &long,
        ];
        for query in bad {
            assert!(Answer::parse(query).is_err(), "{}", &query[..query.len().min(60)]);
        }
    }

    #[test]
    fn an_issuer_must_be_the_right_one_and_there_if_promised() {
        let from = |query: &str| Answer::parse(query).unwrap();
        let right = from("code=c&state=s&iss=https%3A%2F%2Fapi.bank.example%2Foauth");
        let wrong = from("code=c&state=s&iss=https%3A%2F%2Fother.example");
        let none = from("code=c&state=s");
        assert_eq!(check_issuer(&right, &profile(), &metadata(true)), Ok(()));
        assert_eq!(check_issuer(&wrong, &profile(), &metadata(false)), Err(OtherIssuer));
        assert_eq!(check_issuer(&none, &profile(), &metadata(true)), Err(OtherIssuer));
        assert_eq!(check_issuer(&none, &profile(), &metadata(false)), Ok(()));
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in ".{0,200}") {
            let _ = Answer::parse(&query);
        }
    }
}
