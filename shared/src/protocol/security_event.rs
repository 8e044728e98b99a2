//! Events on the wire: Security Event Tokens (RFC 8417), a JWS each (RFC 7515), pushed over HTTP (RFC 8935).
//!
//! What is signed here is made without IO; the signature comes from outside.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::{Map, Value, json};
use url::Url;

use crate::domain::{
    event::{Event, News},
    ids::SessionId,
    public_key::PublicKey,
    session::Session,
};

/// The media type of a pushed event (RFC 8417 §2.3).
pub const MEDIA_TYPE: &str = "application/secevent+jwt";

/// What every event's URI begins with; the kind's name follows.
pub const EVENT_URI: &str = "urn:secure-hub:event:";

/// The reason of an end that the CRM itself asked for.
const ENDED_BY_CRM: &str = "ended_by_crm";

/// The text that the hub signs: header and claims, each in base64url (RFC 7515 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningInput(String);

/// The JWS header (RFC 8417 §2.3).
#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

/// The claims (RFC 8417 §2.2), and whom the event is about (RFC 9493 §4.1).
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    jti: String,
    sub_id: Subject<'a>,
    events: Map<String, Value>,
}

/// A subject that only the hub can tell more of (RFC 9493 §3.2.4).
#[derive(Serialize)]
struct Subject<'a> {
    format: &'static str,
    id: &'a str,
}

impl SigningInput {
    /// The next event of the session, to be signed with that key. It is the same at every try but for the count of those
    /// that are missing. None if there is none.
    pub fn of_next_event(session: &Session, issuer: &Url, audience: &str, key: &PublicKey) -> Option<Self> {
        let event = session.outbox.head()?;
        let header = Header { alg: key.numbers.algorithm(), kid: &key.key_id, typ: "secevent+jwt" };
        let claims = Claims {
            iss: issuer_name(issuer),
            aud: audience,
            iat: event.at.as_second(),
            jti: token_id(&session.id, event.number),
            sub_id: Subject { format: "opaque", id: session.id.as_str() },
            events: Map::from_iter([(uri(&event.news), payload(session, event))]),
        };
        Some(Self(format!("{}.{}", encoded(&header)?, encoded(&claims)?)))
    }

    /// What is to be signed.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The token with that signature, in JOSE form.
    pub fn signed(self, signature: &[u8]) -> String {
        format!("{}.{}", self.0, URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The hub's name as an issuer: its public address without the slash at the end.
pub fn issuer_name(public_url: &Url) -> &str {
    public_url.as_str().trim_end_matches('/')
}

/// The name of an event, the same at every try: sessions' ids are unique, and numbers within them.
fn token_id(session: &SessionId, number: u64) -> String {
    format!("{}.{number}", session.as_str())
}

fn uri(news: &News) -> String {
    format!("{EVENT_URI}{}", news.kind().name())
}

/// What the event itself says. Neither account numbers nor amounts, nor anything that opens a door.
fn payload(session: &Session, event: &Event) -> Value {
    let mut payload = json!({
        "bank": session.bank.as_str(),
        "number": event.number,
        "missed": session.outbox.missed(),
    });
    let details = match &event.news {
        News::Connected => json!({}),
        News::RenewalDue { days, what, ends_at } => json!({"days": days, "what": what.name(), "ends_at": ends_at}),
        News::Ended { reason } => json!({"reason": reason.map_or(ENDED_BY_CRM, |reason| reason.name())}),
        News::Refreshed { data } => json!({"data": data.name()}),
        News::ActionNeeded { action } => json!({"action": action.name()}),
    };
    if let (Value::Object(payload), Value::Object(details)) = (&mut payload, details) {
        payload.extend(details);
    }
    payload
}

fn encoded(part: &impl Serialize) -> Option<String> {
    Some(URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).ok()?))
}

/// What a receiver says is wrong with an event that it does not take (RFC 8935 §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// Not a token that it can read.
    InvalidRequest,
    /// A key that it does not know.
    InvalidKey,
    /// Another issuer than the one it expects.
    InvalidIssuer,
    /// Another audience.
    InvalidAudience,
    /// It does not know who is calling.
    AuthenticationFailed,
    /// It knows, and does not want it.
    AccessDenied,
    /// Anything else, or nothing.
    Unnamed,
}

impl Complaint {
    /// What the body of the answer says.
    pub fn of(body: &[u8]) -> Self {
        #[derive(serde::Deserialize)]
        struct Told {
            err: String,
        }
        let told = serde_json::from_slice::<Told>(body).map_or_else(|_| String::new(), |told| told.err);
        let known = [
            Self::InvalidRequest,
            Self::InvalidKey,
            Self::InvalidIssuer,
            Self::InvalidAudience,
            Self::AuthenticationFailed,
            Self::AccessDenied,
        ];
        known.into_iter().find(|complaint| complaint.name() == told).unwrap_or(Self::Unnamed)
    }

    /// The standard's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidKey => "invalid_key",
            Self::InvalidIssuer => "invalid_issuer",
            Self::InvalidAudience => "invalid_audience",
            Self::AuthenticationFailed => "authentication_failed",
            Self::AccessDenied => "access_denied",
            Self::Unnamed => "unnamed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            event::{FirstEnd, Need},
            ids::{BankId, Pseudonym, TenantId},
            public_key::PublicNumbers,
            session::LapseReason,
        },
        protocol::jwk::named_by_thumbprint,
    };

    fn session(news: News) -> Session {
        let (tenant, bank) = (TenantId::parse("acme").unwrap(), BankId::parse("bank").unwrap());
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut session =
            Session::begun(SessionId::from_random([1; 16]), tenant, bank, Pseudonym::from_hash([9; 32]), now);
        session.tell(news, now);
        session
    }

    fn parts(session: &Session) -> (Value, Value) {
        let key = named_by_thumbprint(PublicNumbers::P256 { x: [1; 32], y: [2; 32] });
        let hub = "https://hub.example/".parse().unwrap();
        let input = SigningInput::of_next_event(session, &hub, "https://crm.example", &key).unwrap();
        let token = input.signed(&[7; 64]);
        let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
        let texts: Vec<&str> = token.split('.').collect();
        assert_eq!(texts.len(), 3);
        (part(texts[0]), part(texts[1]))
    }

    #[test]
    fn an_event_says_who_to_whom_about_what_and_no_more() {
        let session = session(News::Connected);
        let (header, claims) = parts(&session);
        assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("secevent+jwt")));
        let expected = json!({
            "iss": "https://hub.example",
            "aud": "https://crm.example",
            "iat": 1_767_225_600,
            "jti": format!("{}.1", session.id.as_str()),
            "sub_id": {"format": "opaque", "id": session.id.as_str()},
            "events": {"urn:secure-hub:event:connected": {"bank": "bank", "number": 1, "missed": 0}},
        });
        assert_eq!(claims, expected);
    }

    #[test]
    fn every_kind_has_its_own_words() {
        let ends_at = "2026-02-01T00:00:00Z".parse().unwrap();
        for (news, expected) in [
            (
                News::RenewalDue { days: 30, what: FirstEnd::RefreshChain, ends_at },
                json!({"days": 30, "what": "refresh_chain", "ends_at": "2026-02-01T00:00:00Z"}),
            ),
            (News::Ended { reason: None }, json!({"reason": "ended_by_crm"})),
            (News::Ended { reason: Some(LapseReason::ConsentRevoked) }, json!({"reason": "consent_revoked"})),
            (News::Refreshed { data: crate::domain::data_kind::DataKind::Balances }, json!({"data": "balances"})),
            (News::ActionNeeded { action: Need::BringPsu }, json!({"action": "bring_psu"})),
        ] {
            let kind = news.kind();
            let (_, claims) = parts(&session(news));
            let payload = &claims["events"][format!("urn:secure-hub:event:{}", kind.name())];
            for (name, value) in expected.as_object().unwrap() {
                assert_eq!(&payload[name], value, "{kind:?}");
            }
        }
    }

    #[test]
    fn only_the_standards_words_are_taken_from_a_complaint() {
        assert_eq!(Complaint::of(br#"{"err":"invalid_audience","description":"x"}"#), Complaint::InvalidAudience);
        for other in [&b"{\"err\":\"<script>\"}"[..], b"", b"[]", b"\xff", b"{\"err\":1}"] {
            assert_eq!(Complaint::of(other), Complaint::Unnamed);
        }
    }
}
