//! Every identifier is a type of its own, made only from text that passed its check.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::data_kind::DataKind;

/// A text was not a well-formed identifier of that kind. Holds no part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a well-formed {kind}")]
pub struct MalformedId {
    kind: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text.
            pub fn parse(text: impl Into<String>) -> Result<Self, MalformedId> {
                let text = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text)) } else { Err(MalformedId { kind: $kind }) }
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedId;
            fn try_from(text: String) -> Result<Self, MalformedId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A customer of the hub: one TPP's CRM. Lower-case words joined by hyphens, at most 63 characters.
    TenantId, "tenant id", is_slug
);
text_id!(
    /// A bank (ASPSP) as its document names it. Lower-case words joined by hyphens, at most 63 characters.
    BankId, "bank id", is_slug
);
text_id!(
    /// What the CRM holds for one PSU at one bank: 128 random bits in base64url, worth nothing without the
    /// tenant's own token. It outlives a consent.
    SessionId, "session id", |text| is_base64url_of(text, 16)
);
text_id!(
    /// The hub's own name of an account, stable over renewals: 128 bits of a keyed hash in base64url.
    AccountId, "account id", |text| is_base64url_of(text, 16)
);
text_id!(
    /// An authorisation under way: the SHA-256 of its `state` in base64url.
    FlowId, "flow id", |text| is_base64url_of(text, 32)
);
text_id!(
    /// A keyed hash that stands for a customer reference in the store and in audit: 256 bits in base64url.
    Pseudonym, "pseudonym", |text| is_base64url_of(text, 32)
);
text_id!(
    /// One inbound request, as told to the caller and written to logs and audit. A UUID.
    RequestId, "request id", |text| uuid::Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().to_string() == text)
);
text_id!(
    /// A bank's last good answer, as the store names it: the session, the kind of data and, if it is about one, the
    /// account, joined by dots.
    SnapshotId, "snapshot id", is_snapshot_id
);
text_id!(
    /// One running instance of a function, as named in leases.
    OwnerId, "owner id", |text| is_base64url_of(text, 16)
);

impl SessionId {
    /// The id made of these random bits.
    pub fn from_random(bits: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bits))
    }

    /// The shard that due-queries look for it in: 0 to `shards - 1`, spread evenly by the id's random bits.
    pub fn shard(&self, shards: u8) -> u8 {
        let first = URL_SAFE_NO_PAD.decode(&self.0).ok().and_then(|bits| bits.first().copied());
        first.unwrap_or(0) % shards.max(1)
    }
}

impl AccountId {
    /// The id made of these bits of a keyed hash.
    pub fn from_hash(bits: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bits))
    }
}

impl FlowId {
    /// The id of the flow whose `state` has this SHA-256.
    pub fn from_hash(hash: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(hash))
    }
}

impl SnapshotId {
    /// The id of the last good answer of that kind in that session.
    pub fn of(session: &SessionId, kind: DataKind, account: Option<&AccountId>) -> Self {
        let account = account.map(|account| format!(".{account}")).unwrap_or_default();
        Self(format!("{session}.{}{account}", kind.name()))
    }
}

impl Pseudonym {
    /// The pseudonym that a keyed hash makes.
    pub fn from_hash(hash: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(hash))
    }
}

impl OwnerId {
    /// The id made of these random bits.
    pub fn from_random(bits: [u8; 16]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bits))
    }
}

impl RequestId {
    /// The version 4 UUID made of these random bits (RFC 9562 §5.4).
    pub fn from_random(bits: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bits).into_uuid().hyphenated().to_string())
    }
}

/// Lower-case letters and digits in words joined by single hyphens, at most 63 characters (a DNS label).
fn is_slug(text: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.len() <= 63 && text.split('-').all(word)
}

/// A session id, the name of a kind of data, and perhaps an account id.
fn is_snapshot_id(text: &str) -> bool {
    let mut parts = text.split('.');
    let is_session = parts.next().is_some_and(|id| is_base64url_of(id, 16));
    let is_kind = parts.next().is_some_and(|name| DataKind::ALL.iter().any(|kind| kind.name() == name));
    is_session && is_kind && parts.next().is_none_or(|id| is_base64url_of(id, 16)) && parts.next().is_none()
}

/// Exactly the unpadded base64url form of that many bytes.
fn is_base64url_of(text: &str, bytes: usize) -> bool {
    text.len() == (bytes * 8).div_ceil(6) && URL_SAFE_NO_PAD.decode(text).is_ok_and(|decoded| decoded.len() == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_it_made() {
        let id = SessionId::from_random([7; 16]);
        assert_eq!(SessionId::parse(id.as_str()), Ok(id));
        let request = RequestId::from_random([9; 16]);
        assert_eq!(RequestId::parse(request.as_str()), Ok(request));
    }

    #[test]
    fn refuses_variations_of_a_session_id() {
        let good = SessionId::from_random([0xff; 16]).to_string();
        let bad = [format!("{good}."), format!("{good}="), good.replace('_', "/"), good[1..].to_owned(), String::new()];
        for text in bad {
            assert!(SessionId::parse(text.clone()).is_err(), "{text}");
        }
    }

    #[test]
    fn snapshots_are_named_by_what_they_answer() {
        let (session, account) = (SessionId::from_random([1; 16]), AccountId::from_hash([2; 16]));
        for kind in DataKind::ALL {
            for account in [None, Some(&account)] {
                let id = SnapshotId::of(&session, kind, account);
                assert_eq!(SnapshotId::parse(id.as_str()), Ok(id));
            }
        }
        let good = SnapshotId::of(&session, DataKind::Balances, Some(&account)).to_string();
        let bad = [format!("{good}."), good.replace("balances", "all"), good[1..].to_owned(), session.to_string()];
        for text in bad {
            assert!(SnapshotId::parse(text.clone()).is_err(), "{text}");
        }
    }

    #[test]
    fn slugs_are_dns_labels() {
        for good in ["a", "acme", "sandbox-oauth", "bank-1"] {
            assert!(BankId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-", "A", "a_b", "a--b", "a/b", "ä", &"a".repeat(64)] {
            assert!(BankId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shards_stay_in_range() {
        for first in 0..=255 {
            let mut bits = [0; 16];
            bits[0] = first;
            assert!(SessionId::from_random(bits).shard(8) < 8);
        }
    }
}
