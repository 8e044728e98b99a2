//! A bank's refusal: status, code, meaning, and when to come back. Its text is never kept.
//!
//! Codes come in two shapes: `tppMessages` and problem details (RFC 9457, with `code` and `additionalErrors`). Many
//! refusals have no body at all, and then the status must do.

use std::{fmt, time::Duration};

use http::StatusCode;
use serde::Deserialize;

use super::{
    BankResponse, codes,
    meaning::Meaning,
    strict_json::{self, Object},
};
use crate::{domain::data_profile::ErrorRule, protocol::retry_after::retry_after};

/// The bank said no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("status {}, {}", .status.as_u16(), .meaning.name())]
pub struct BankRefusal {
    /// The status.
    pub status: StatusCode,
    /// The code that says most, if there was one.
    pub code: Option<BankCode>,
    /// What status and code mean.
    pub meaning: Meaning,
    /// How long the bank wants us to wait, at most a day.
    pub retry_after: Option<Duration>,
}

impl BankRefusal {
    /// Reads a response whose status is not 2xx. Whatever its body is, there is an answer.
    pub(super) fn of(response: &BankResponse) -> Self {
        let code = code_of(&response.body);
        let meaning = codes::classify(response.status, code.as_ref().map(BankCode::as_str));
        Self { status: response.status, code, meaning, retry_after: retry_after(&response.headers) }
    }

    /// Reads it by the bank's own rules, which come before the standard's table. Health is never a matter of rules: no
    /// rule makes a failing bank look well, nor a refusal look like a failing bank.
    pub(super) fn by(rules: &[ErrorRule], response: &BankResponse) -> Self {
        let plain = Self::of(response);
        let (status, code) = (response.status.as_u16(), plain.code.as_ref().map(BankCode::as_str));
        let told = rules.iter().find(|rule| rule.holds(status, code, &response.body)).map(|rule| rule.meaning);
        let healthy = |meaning: &Meaning| !meaning.counts_for_circuit() && !plain.meaning.counts_for_circuit();
        Self { meaning: told.filter(healthy).unwrap_or(plain.meaning), ..plain }
    }
}

/// A bank's message code: 1 to 64 capitals, digits and underscores. Nothing else of a bank's gets into a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankCode(String);

impl BankCode {
    /// Checks the text.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        ((1..=64).contains(&text.len()) && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BankCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The first code that the table of meanings has, else the first at all. The content type is not asked for: banks
/// send both shapes under either, and a code that passed its check does no harm.
fn code_of(body: &[u8]) -> Option<BankCode> {
    let told: WireRefusal = strict_json::read_object(body).ok()?;
    let codes: Vec<_> = told.codes().filter_map(BankCode::parse).collect();
    codes.iter().find(|code| codes::names(code.as_str())).or(codes.first()).cloned()
}

/// Both shapes in one.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireRefusal {
    tpp_messages: Option<Vec<Object<WireMessage>>>,
    code: Option<String>,
    additional_errors: Option<Vec<Object<WireMessage>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireMessage {
    category: Option<String>,
    code: Option<String>,
}

impl WireRefusal {
    fn codes(&self) -> impl Iterator<Item = &str> {
        let messages = self.tpp_messages.iter().flatten();
        let additional = self.additional_errors.iter().flatten();
        messages
            .filter_map(WireMessage::error_code)
            .chain(self.code.as_deref())
            .chain(additional.filter_map(WireMessage::error_code))
    }
}

impl WireMessage {
    /// The code, unless the message is but a warning.
    fn error_code(message: &Object<Self>) -> Option<&str> {
        let Object(message) = message;
        let warning = message.category.as_deref().is_some_and(|category| category.eq_ignore_ascii_case("WARNING"));
        message.code.as_deref().filter(|_| !warning)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::berlin_group::fixtures::{answer, raw_answer};

    fn refused(status: u16, body: &Value) -> String {
        let refusal = BankRefusal::of(&answer(status, body));
        format!("{} {}", refusal.code.map_or_else(|| "-".to_owned(), |code| code.to_string()), refusal.meaning.name())
    }

    #[test]
    fn reads_tpp_messages() {
        let body = json!({"tppMessages": [{"category": "ERROR", "code": "CONSENT_EXPIRED", "text": "IBAN DE23"}]});
        assert_eq!(refused(401, &body), "CONSENT_EXPIRED consent_expired");
    }

    #[test]
    fn reads_problem_details() {
        let body = json!({"type": "https://bank.example/p", "title": "x", "detail": "y", "code": "TOKEN_EXPIRED"});
        assert_eq!(refused(401, &body), "TOKEN_EXPIRED token_rejected");
        let body = json!({"type": "about:blank", "additionalErrors": [{"title": "x", "code": "PERIOD_INVALID"}]});
        assert_eq!(refused(400, &body), "PERIOD_INVALID period_rejected");
    }

    #[test]
    fn the_code_that_says_most_wins() {
        let body = json!({"tppMessages": [
            {"category": "WARNING", "code": "TOKEN_EXPIRED"},
            {"category": "ERROR", "code": "OWN_CODE_17"},
            {"category": "ERROR", "code": "CONSENT_INVALID"},
        ]});
        assert_eq!(refused(401, &body), "CONSENT_INVALID consent_invalid");
        assert_eq!(refused(401, &json!({"code": "OWN_CODE_17"})), "OWN_CODE_17 token_rejected");
    }

    #[test]
    fn a_bank_s_own_rules_come_first_and_leave_its_health_alone() {
        let rules: Vec<ErrorRule> = serde_json::from_value(json!([
            {"status": 403, "text_contains": "consent used up", "meaning": "consent_expired"},
            {"code": "OWN_17", "meaning": "account_blocked"},
            {"status": 503, "meaning": "consent_expired"},
            {"status": 404, "meaning": "bank_failing"},
        ]))
        .unwrap();
        let meaning = |status, body: &Value| BankRefusal::by(&rules, &answer(status, body)).meaning;
        assert_eq!(meaning(403, &json!({"detail": "the consent used up its calls"})), Meaning::ConsentExpired);
        assert_eq!(meaning(403, &json!({"detail": "no"})), Meaning::Forbidden);
        assert_eq!(meaning(400, &json!({"code": "OWN_17"})), Meaning::AccountBlocked);
        assert_eq!(meaning(401, &json!({"code": "TOKEN_EXPIRED"})), Meaning::TokenRejected);
        assert_eq!(meaning(503, &json!({})), Meaning::BankFailing);
        assert_eq!(meaning(404, &json!({})), Meaning::NotFound);
    }

    #[test]
    fn text_that_is_not_a_code_is_not_kept() {
        let long = "A".repeat(65);
        for text in ["", "Konto DE2310010010123456789", "token_expired", "A\nB", "A B", &long, "\u{c4}"] {
            assert_eq!(refused(401, &json!({"code": text})), "- token_rejected", "{text}");
        }
    }

    #[test]
    fn a_body_that_cannot_be_read_leaves_the_status() {
        for body in [&b""[..], b"<html>", b"[]", b"{\"tppMessages\": 1}", b"{\"code\":\"A\",\"code\":\"B\"}", b"\xff"] {
            let refusal = BankRefusal::of(&raw_answer(503, "text/html", body));
            assert_eq!((refusal.code, refusal.meaning), (None, Meaning::BankFailing));
        }
    }

    #[test]
    fn tells_when_to_come_back() {
        let mut response = answer(429, &json!({"tppMessages": [{"category": "ERROR", "code": "ACCESS_EXCEEDED"}]}));
        response.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("3600"));
        let refusal = BankRefusal::of(&response);
        assert_eq!((refusal.meaning, refusal.retry_after), (Meaning::AccessExceeded, Some(Duration::from_hours(1))));
    }

    #[test]
    fn nothing_of_the_bank_s_text_is_in_the_message() {
        let body = json!({"tppMessages": [{"category": "ERROR", "code": "FORMAT_ERROR", "text": "secret words"}]});
        let refusal = BankRefusal::of(&answer(400, &body));
        assert_eq!(refusal.to_string(), "status 400, request_rejected");
        assert!(!format!("{refusal:?}").contains("secret"));
    }
}
