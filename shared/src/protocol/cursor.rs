//! What the CRM sees instead of a bank's paging link: the link, sealed and bound to the session and account it was
//! made for (promise P10).
//!
//! A cursor is a hub-wide secret's ciphertext rather than a stored record, so that paging costs no store operation:
//! AES-256-GCM under a key derived from the hub's secret, with a random nonce; bounded by its own end, and small in
//! number compared with the 2^32 messages that one such key may take.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::{
    coverage::Coverage,
    ids::{AccountId, SessionId},
    secret::{ExposeSecret, Secret32},
    transaction::Seen,
};

/// Random bytes that one cursor needs.
pub const CURSOR_NONCE_BYTES: usize = NONCE_LEN;

/// The longest cursor that is looked at.
const MAX_CURSOR: usize = 12 * 1024;

/// Where a reading goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The bank's link to the next page, or our own address of the next slice of days.
    pub next: Url,
    /// The first day of the slice that is read, where the list is read in slices.
    pub slice_from: Option<Date>,
    /// What the whole list covers.
    pub coverage: Coverage,
    /// What the page before ended with.
    pub seen: Seen,
    /// How many pages were read.
    pub pages: u32,
    /// When the read began that this page belongs to, as the ledger has it; none if the PSU was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// When the cursor can no longer be used.
    pub ends_at: Timestamp,
}

/// Why a cursor is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorRejected {
    /// Not a cursor of this hub for this session and account.
    #[error("not a cursor of this session and account")]
    Foreign,
    /// Its time is over.
    #[error("the cursor has ended")]
    Expired,
}

/// Seals and opens cursors.
pub struct Cursors {
    key: LessSafeKey,
}

/// The key could not be made of the secret.
#[derive(Debug, thiserror::Error)]
#[error("the cursor key is not usable")]
pub struct CursorKeyRejected;

impl Cursors {
    /// Cursors under this key.
    pub fn new(key: &Secret32) -> Result<Self, CursorKeyRejected> {
        let key = UnboundKey::new(&AES_256_GCM, key.expose_secret()).map_err(|_| CursorKeyRejected)?;
        Ok(Self { key: LessSafeKey::new(key) })
    }

    /// The cursor of this position.
    pub fn seal(
        &self,
        session: &SessionId,
        account: &AccountId,
        position: &Position,
        nonce: [u8; CURSOR_NONCE_BYTES],
    ) -> Option<String> {
        let mut text = serde_json::to_vec(position).ok()?;
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(unique, owner(session, account), &mut text).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &text].concat()))
    }

    /// The position again.
    pub fn open(
        &self,
        session: &SessionId,
        account: &AccountId,
        cursor: &str,
        now: Timestamp,
    ) -> Result<Position, CursorRejected> {
        let position = self.decrypt(session, account, cursor).ok_or(CursorRejected::Foreign)?;
        if position.ends_at <= now { Err(CursorRejected::Expired) } else { Ok(position) }
    }

    fn decrypt(&self, session: &SessionId, account: &AccountId, cursor: &str) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(Some(cursor).filter(|text| text.len() <= MAX_CURSOR)?).ok()?;
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let plain = self.key.open_in_place(nonce, owner(session, account), &mut text).ok()?;
        serde_json::from_slice(plain).ok()
    }
}

/// Both ids have a fixed length, so joined they are unambiguous.
fn owner(session: &SessionId, account: &AccountId) -> Aad<Vec<u8>> {
    Aad::from([session.as_str().as_bytes(), account.as_str().as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::data_profile::BookingStatus;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn cursors(key: u8) -> Cursors {
        Cursors::new(&Secret32::new(Box::new([key; 32]))).unwrap()
    }

    fn session(id: u8) -> SessionId {
        SessionId::from_random([id; 16])
    }

    fn account(id: u8) -> AccountId {
        AccountId::from_hash([id; 16])
    }

    fn position() -> Position {
        Position {
            next: "https://api.bank.example/v1/accounts/1/transactions?page=2".parse().unwrap(),
            slice_from: Some(jiff::civil::date(2026, 1, 1)),
            coverage: Coverage { status: BookingStatus::Both, from: None, to: None, notes: Vec::new() },
            seen: Seen::default(),
            pages: 1,
            read_at: Some(NOW),
            ends_at: NOW + std::time::Duration::from_mins(1),
        }
    }

    #[test]
    fn opens_only_for_its_own_session_account_and_hub() {
        let cursor = cursors(1).seal(&session(1), &account(1), &position(), [9; 12]).unwrap();
        assert_eq!(cursors(1).open(&session(1), &account(1), &cursor, NOW), Ok(position()));
        assert_eq!(cursors(1).open(&session(2), &account(1), &cursor, NOW), Err(CursorRejected::Foreign));
        assert_eq!(cursors(1).open(&session(1), &account(2), &cursor, NOW), Err(CursorRejected::Foreign));
        assert_eq!(cursors(2).open(&session(1), &account(1), &cursor, NOW), Err(CursorRejected::Foreign));
    }

    #[test]
    fn ends_at_its_end() {
        let cursor = cursors(1).seal(&session(1), &account(1), &position(), [9; 12]).unwrap();
        let end = position().ends_at;
        assert_eq!(cursors(1).open(&session(1), &account(1), &cursor, end), Err(CursorRejected::Expired));
    }

    #[test]
    fn shows_nothing_of_the_link() {
        let cursor = cursors(1).seal(&session(1), &account(1), &position(), [9; 12]).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"bank"));
    }

    proptest! {
        #[test]
        fn no_text_opens_or_makes_it_panic(text in ".{0,200}") {
            prop_assert_eq!(cursors(1).open(&session(1), &account(1), &text, NOW), Err(CursorRejected::Foreign));
        }
    }
}
