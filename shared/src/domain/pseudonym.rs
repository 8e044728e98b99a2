//! Keyed hashes that stand for what must not be stored or logged in clear: whom a session is for, and which account of
//! a bank an account id means. Without the key they can be neither computed nor guessed from a list of candidates.

use aws_lc_rs::hmac;

use super::{
    ids::{AccountId, Pseudonym, SessionId, TenantId},
    secret::{ExposeSecret, Secret32},
};

/// The key of all keyed hashes. Changing it changes every pseudonym and account id.
#[derive(Debug)]
pub struct PseudonymKey(Secret32);

impl PseudonymKey {
    /// The key made of these bytes.
    pub fn new(bytes: Secret32) -> Self {
        Self(bytes)
    }

    /// What stands for a tenant's customer reference. Two tenants' customers never share one.
    pub fn pseudonym(&self, tenant: &TenantId, reference: &str) -> Pseudonym {
        Pseudonym::from_hash(self.hash(&["customer", tenant.as_str(), reference]))
    }

    /// The id of an account within a session, made of what the bank calls it. The same parts give the same id, over
    /// renewals too; another session's id for the same account is unrelated.
    pub fn account_id(&self, session: &SessionId, parts: &[&str]) -> AccountId {
        self.short_hash(&[&["account", session.as_str()], parts].concat())
    }

    /// What stands for an account number that a session's consent names. Unrelated to the account's id.
    pub fn covered_account(&self, session: &SessionId, iban: &str) -> AccountId {
        self.short_hash(&["covered", session.as_str(), iban])
    }

    fn short_hash(&self, parts: &[&str]) -> AccountId {
        let mut bits = [0; 16];
        bits.iter_mut().zip(self.hash(parts)).for_each(|(to, from)| *to = from);
        AccountId::from_hash(bits)
    }

    /// A key for another use, from which neither this key nor any pseudonym can be told.
    pub fn derive(&self, purpose: &str) -> Secret32 {
        Secret32::new(Box::new(self.hash(&["key", purpose])))
    }

    /// HMAC-SHA256 (RFC 2104) over the parts, each behind its length (64 bits, big endian), so that no two lists
    /// share an encoding. The first part names the use.
    fn hash(&self, parts: &[&str]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose_secret());
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        hash
    }
}

/// A copy that wipes itself too.
impl Clone for PseudonymKey {
    fn clone(&self) -> Self {
        Self(Secret32::init_with_mut(|copy| copy.copy_from_slice(self.0.expose_secret())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> PseudonymKey {
        PseudonymKey::new(Secret32::new(Box::new([byte; 32])))
    }

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).unwrap()
    }

    fn session(byte: u8) -> SessionId {
        SessionId::from_random([byte; 16])
    }

    #[test]
    fn pseudonyms_differ_by_key_tenant_and_reference() {
        let known = key(1).pseudonym(&tenant("acme"), "customer-7");
        assert_eq!(known, key(1).pseudonym(&tenant("acme"), "customer-7"));
        assert_ne!(known, key(2).pseudonym(&tenant("acme"), "customer-7"));
        assert_ne!(known, key(1).pseudonym(&tenant("other"), "customer-7"));
        assert_ne!(known, key(1).pseudonym(&tenant("acme"), "customer-8"));
    }

    #[test]
    fn account_ids_differ_by_key_session_and_part() {
        let known = key(1).account_id(&session(1), &["DE1", "EUR"]);
        assert_eq!(known, key(1).account_id(&session(1), &["DE1", "EUR"]));
        assert_ne!(known, key(2).account_id(&session(1), &["DE1", "EUR"]));
        assert_ne!(known, key(1).account_id(&session(2), &["DE1", "EUR"]));
        assert_ne!(known, key(1).account_id(&session(1), &["DE1", "USD"]));
    }

    #[test]
    fn derived_keys_differ_by_key_and_use() {
        let derived = |byte, usage| *key(byte).derive(usage).expose_secret();
        assert_eq!(derived(1, "cursors"), derived(1, "cursors"));
        assert_ne!(derived(1, "cursors"), derived(2, "cursors"));
        assert_ne!(derived(1, "cursors"), derived(1, "tickets"));
        assert_ne!(derived(1, "cursors"), [1; 32]);
    }

    #[test]
    fn text_cannot_move_from_one_part_to_the_next() {
        let known = key(1).account_id(&session(1), &["ab", "c"]);
        for parts in [&["a", "bc"][..], &["abc"], &["ab", "c", ""], &["", "ab", "c"]] {
            assert_ne!(known, key(1).account_id(&session(1), parts), "{parts:?}");
        }
    }

    /// Made with another implementation of HMAC. A change here would orphan every stored pseudonym and account id.
    #[test]
    fn hashes_never_change() {
        let pseudonym = key(7).pseudonym(&tenant("acme"), "customer-7");
        assert_eq!(pseudonym.as_str(), "NzeLSircJ11jOqtE8GDGpBcoAVdU7sR6FIPycej0DRU");
        let account = key(7).account_id(&session(7), &["DE1", "EUR"]);
        assert_eq!(account.as_str(), "eq9rADYODTwjh8XCRz-xjg");
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", key(7)), "PseudonymKey(SecretBox<[u8; 32]>([REDACTED]))");
    }
}
