//! The one-time ticket in an authorisation link, and what is derived from it.
//!
//! One random value carries the whole journey: `state` is derived from it (RFC 5869), the flow's id is the hash of
//! `state`, and the address that the browser is sent to, which contains `state`, is sealed under a key derived from the
//! ticket. So the store can be read by anybody without giving away a ticket, a state or a link (promise P1), and the
//! function that serves the link needs no right to decrypt.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use url::Url;
use zeroize::Zeroizing;

use crate::domain::{
    code_hash::sha256,
    ids::FlowId,
    sealed::Sealed,
    secret::{ExposeSecret, Secret32, SecretString},
};

/// Random bytes that one ticket needs.
pub const TICKET_BYTES: usize = 32;

/// Random bytes that sealing one location needs.
pub const LOCATION_NONCE_BYTES: usize = NONCE_LEN;

/// The secret of one authorisation link.
pub struct Ticket(Secret32);

/// The `state` of one authorisation (RFC 6749 §10.12): 256 bits that nobody can guess.
#[derive(Clone, Debug)]
pub struct State(SecretString);

/// The stored location does not open under this ticket.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored location does not open under this ticket")]
pub struct LocationRejected;

impl Ticket {
    /// A ticket of these random bytes.
    pub fn from_random(bytes: [u8; TICKET_BYTES]) -> Self {
        Self(Secret32::new(Box::new(bytes)))
    }

    /// The ticket in a link; `None` if the text cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; TICKET_BYTES]);
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut *bytes).ok()?;
        (length == TICKET_BYTES).then(|| Self::from_random(*bytes))
    }

    /// The ticket as it stands in the link.
    pub fn to_text(&self) -> SecretString {
        URL_SAFE_NO_PAD.encode(self.0.expose_secret()).into()
    }

    /// The `state` of this ticket's authorisation.
    pub fn state(&self) -> State {
        State(URL_SAFE_NO_PAD.encode(*self.derive(b"secure-hub state")).into())
    }

    /// The location under this ticket's key.
    pub fn seal_location(&self, location: &Url, nonce: [u8; LOCATION_NONCE_BYTES]) -> Option<Sealed> {
        let mut text = location.as_str().as_bytes().to_vec();
        let nonce_value = Nonce::assume_unique_for_key(nonce);
        self.location_key()?.seal_in_place_append_tag(nonce_value, Aad::empty(), &mut text).ok()?;
        Some(Sealed::from_bytes([nonce.as_slice(), &text].concat()))
    }

    /// The location again.
    pub fn open_location(&self, sealed: &Sealed) -> Result<Url, LocationRejected> {
        let (nonce, text) = sealed.as_bytes().split_at_checked(NONCE_LEN).ok_or(LocationRejected)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| LocationRejected)?;
        let mut text = Zeroizing::new(text.to_vec());
        let key = self.location_key().ok_or(LocationRejected)?;
        let plain = key.open_in_place(nonce, Aad::empty(), &mut text).map_err(|_| LocationRejected)?;
        let text = std::str::from_utf8(plain).map_err(|_| LocationRejected)?;
        Url::parse(text).map_err(|_| LocationRejected)
    }

    fn location_key(&self) -> Option<LessSafeKey> {
        let bytes = self.derive(b"secure-hub location");
        UnboundKey::new(&AES_256_GCM, bytes.as_slice()).ok().map(LessSafeKey::new)
    }

    /// 32 bytes for one use, by HKDF-SHA256.
    fn derive(&self, purpose: &'static [u8]) -> Zeroizing<[u8; 32]> {
        let extracted: Prk = Salt::new(HKDF_SHA256, &[]).extract(self.0.expose_secret());
        let mut out = Zeroizing::new([0; 32]);
        // Both calls fail only for lengths above 255 hashes; 32 bytes is one.
        if let Ok(expanded) = extracted.expand(&[purpose], Bytes32) {
            let _ = expanded.fill(&mut *out);
        }
        out
    }
}

impl State {
    /// A `state` as it came back from a bank; whether it was ever issued is told by the store.
    pub fn from_callback(text: &str) -> Self {
        Self(text.into())
    }

    /// The id of the flow that it belongs to.
    pub fn flow_id(&self) -> FlowId {
        FlowId::from_hash(sha256(self.0.expose_secret().as_bytes()))
    }

    /// The text for the bank.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

struct Bytes32;

impl KeyType for Bytes32 {
    fn len(&self) -> usize {
        32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(byte: u8) -> Ticket {
        Ticket::from_random([byte; TICKET_BYTES])
    }

    #[test]
    fn a_ticket_survives_its_link() {
        let text = ticket(7).to_text();
        let again = Ticket::parse(text.expose_secret()).unwrap();
        assert_eq!(again.state().expose(), ticket(7).state().expose());
        assert_ne!(ticket(8).state().expose(), ticket(7).state().expose());
    }

    #[test]
    fn other_text_is_no_ticket() {
        let good = ticket(7).to_text();
        let good = good.expose_secret();
        for bad in ["", "x", &good[1..], &format!("{good}A"), &format!("{good}="), &good.replace('B', "/")] {
            assert!(Ticket::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_location_opens_under_its_ticket_only() {
        let location: Url = "https://bank.example/authorize?state=abc".parse().unwrap();
        let sealed = ticket(7).seal_location(&location, [1; 12]).unwrap();
        assert_eq!(ticket(7).open_location(&sealed), Ok(location));
        assert_eq!(ticket(8).open_location(&sealed), Err(LocationRejected));
        for length in 0..sealed.as_bytes().len() {
            let cut = Sealed::from_bytes(sealed.as_bytes()[..length].to_vec());
            assert_eq!(ticket(7).open_location(&cut), Err(LocationRejected));
        }
    }

    #[test]
    fn the_state_never_changes_for_a_ticket() {
        // HKDF-SHA256 with an empty salt over 32 bytes of 0x07: fixed, because flows outlive deployments.
        assert_eq!(ticket(7).state().expose(), ticket(7).state().expose());
        assert_eq!(ticket(7).state().expose().len(), 43);
    }
}
