//! Codes and tokens: what was issued to whom, and what becomes of it when it is used.
//!
//! Only SHA-256 digests are kept. One redeemed code makes one *grant*; everything issued from it
//! belongs to that grant and can be ended together.

mod code;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fingerprint::sha256_hex;
use crate::settings::{Rotation, TokenPolicy};
use code::Code;
pub(crate) use code::{Purpose, Redemption, Subject};

/// How long an expired access token is remembered, so that its owner is told what is wrong with it.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);

/// Everything issued so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    codes: BTreeMap<Digest, Code>,
    by_id: BTreeMap<GrantId, Grant>,
    access: BTreeMap<Digest, AccessToken>,
    refresh: BTreeMap<Digest, RefreshToken>,
}

type Digest = String;
type GrantId = u64;

impl Purpose {
    fn grant(&self, expires_at: Timestamp) -> Grant {
        Grant { client: self.client.clone(), subject: self.subject.clone(), expires_at, ended: false }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Grant {
    client: String,
    #[serde(rename = "consent")]
    subject: Subject,
    expires_at: Timestamp,
    ended: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct AccessToken {
    grant: GrantId,
    expires_at: Timestamp,
    revoked: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct RefreshToken {
    grant: GrantId,
    /// The token that was used to get this one.
    parent: Option<Digest>,
    used: bool,
    /// No longer accepted.
    retired: bool,
}

/// Fresh secrets, drawn beforehand for tokens that may be issued.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// Tokens as they go out, once.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) expires_in: u32,
    pub(crate) subject: Subject,
}

/// `invalid_grant` of RFC 6749 section 5.2, which tells no more than this.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidGrant;

/// What is wrong with an access token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    Unknown,
    Expired,
    /// Revoked, or shown by another client.
    Invalid,
}

impl Grants {
    /// Remembers a code that has just been handed to the customer's browser.
    pub(crate) fn issue_code(&mut self, code: &str, purpose: Purpose, policy: &TokenPolicy, now: Timestamp) {
        let expires_at = after(now, policy.code_seconds);
        self.codes.insert(digest(code), Code { purpose, expires_at, grant: None });
    }

    /// Exchanges a code for tokens (RFC 6749 section 4.1.3). A code that comes a second time ends
    /// everything issued from it (section 4.1.2).
    pub(crate) fn redeem(
        &mut self,
        attempt: &Redemption<'_>,
        fresh: Fresh,
        policy: &TokenPolicy,
        now: Timestamp,
    ) -> Result<Issued, InvalidGrant> {
        let code = self.codes.get_mut(&digest(attempt.code)).ok_or(InvalidGrant)?;
        if code.purpose.client != attempt.client {
            return Err(InvalidGrant);
        }
        if let Some(grant) = code.grant {
            self.end(grant);
            return Err(InvalidGrant);
        }
        if !code.is_redeemed_rightly(attempt, now) {
            return Err(InvalidGrant);
        }
        let id = self.by_id.keys().next_back().map_or(1, |last| last + 1);
        code.grant = Some(id);
        self.by_id.insert(id, code.purpose.grant(after(now, policy.refresh_seconds)));
        self.issue(id, None, fresh, policy, now)
    }

    /// Gives `client` a token of its own (RFC 6749 section 4.4); there is nothing to refresh.
    pub(crate) fn issue_to_application(
        &mut self,
        client: &str,
        scope: &str,
        fresh: Fresh,
        policy: &TokenPolicy,
        now: Timestamp,
    ) -> Result<Issued, InvalidGrant> {
        let id = self.by_id.keys().next_back().map_or(1, |last| last + 1);
        let subject = Subject::Application { application: scope.to_owned() };
        let expires_at = after(now, policy.access_seconds);
        self.by_id.insert(id, Grant { client: client.to_owned(), subject, expires_at, ended: false });
        self.issue_access(id, fresh.access, None, policy, now)
    }

    /// Exchanges a refresh token for new tokens (RFC 6749 section 6) as the policy's rotation has it.
    pub(crate) fn refresh(
        &mut self,
        presented: &str,
        client: &str,
        fresh: Fresh,
        policy: &TokenPolicy,
        now: Timestamp,
    ) -> Result<Issued, InvalidGrant> {
        let presented = digest(presented);
        let token = self.refresh.get(&presented).ok_or(InvalidGrant)?;
        let (id, used, retired) = (token.grant, token.used, token.retired);
        self.living(id, client, now)?;
        if used && policy.rotation == Rotation::Family {
            self.end(id);
            return Err(InvalidGrant);
        }
        if retired {
            return Err(InvalidGrant);
        }
        if policy.rotation == Rotation::None {
            return self.issue_access(id, fresh.access, None, policy, now);
        }
        self.mark_used(&presented);
        self.issue(id, Some(presented), fresh, policy, now)
    }

    /// What an access token stands for, if `client` may use it now.
    pub(crate) fn subject_of(&self, token: &str, client: &str, now: Timestamp) -> Result<&Subject, TokenFault> {
        let token = self.access.get(&digest(token)).ok_or(TokenFault::Unknown)?;
        let grant = self.by_id.get(&token.grant).ok_or(TokenFault::Unknown)?;
        if grant.client != client || grant.ended || token.revoked {
            return Err(TokenFault::Invalid);
        }
        if now >= token.expires_at {
            return Err(TokenFault::Expired);
        }
        Ok(&grant.subject)
    }

    /// What a refresh token belongs to.
    pub(crate) fn subject_behind(&self, refresh_token: &str) -> Option<&Subject> {
        let token = self.refresh.get(&digest(refresh_token))?;
        self.by_id.get(&token.grant).map(|grant| &grant.subject)
    }

    /// Revokes a token of `client` (RFC 7009): a refresh token takes its whole grant along.
    pub(crate) fn revoke(&mut self, token: &str, client: &str) {
        let token = digest(token);
        let owned = |grants: &BTreeMap<GrantId, Grant>, id| grants.get(&id).is_some_and(|grant| grant.client == client);
        if let Some(access) = self.access.get_mut(&token) {
            access.revoked |= owned(&self.by_id, access.grant);
        }
        let family = self.refresh.get(&token).map(|refresh| refresh.grant);
        if let Some(id) = family.filter(|id| owned(&self.by_id, *id)) {
            self.end(id);
        }
    }

    fn living(&self, id: GrantId, client: &str, now: Timestamp) -> Result<(), InvalidGrant> {
        let grant = self.by_id.get(&id).ok_or(InvalidGrant)?;
        let alive = grant.client == client && !grant.ended && now < grant.expires_at;
        alive.then_some(()).ok_or(InvalidGrant)
    }

    fn end(&mut self, id: GrantId) {
        if let Some(grant) = self.by_id.get_mut(&id) {
            grant.ended = true;
        }
    }

    /// Using a token shows that it arrived: its parent, and what else came from that parent, retire.
    fn mark_used(&mut self, presented: &Digest) {
        let Some(token) = self.refresh.get_mut(presented) else {
            return;
        };
        token.used = true;
        let Some(parent) = token.parent.clone() else {
            return;
        };
        for (digest, other) in &mut self.refresh {
            other.retired |= *digest == parent || (other.parent.as_ref() == Some(&parent) && digest != presented);
        }
    }

    fn issue(
        &mut self,
        id: GrantId,
        parent: Option<Digest>,
        fresh: Fresh,
        policy: &TokenPolicy,
        now: Timestamp,
    ) -> Result<Issued, InvalidGrant> {
        let token = RefreshToken { grant: id, parent, used: false, retired: false };
        self.refresh.insert(digest(&fresh.refresh), token);
        self.issue_access(id, fresh.access, Some(fresh.refresh), policy, now)
    }

    fn issue_access(
        &mut self,
        id: GrantId,
        access: String,
        refresh: Option<String>,
        policy: &TokenPolicy,
        now: Timestamp,
    ) -> Result<Issued, InvalidGrant> {
        self.access.retain(|_, token| now.duration_since(token.expires_at) < MEMORY);
        let subject = self.by_id.get(&id).ok_or(InvalidGrant)?.subject.clone();
        let token = AccessToken { grant: id, expires_at: after(now, policy.access_seconds), revoked: false };
        self.access.insert(digest(&access), token);
        Ok(Issued { access, refresh, expires_in: policy.access_seconds, subject })
    }
}

fn digest(secret: &str) -> Digest {
    sha256_hex(secret.as_bytes())
}

fn after(now: Timestamp, seconds: u32) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
