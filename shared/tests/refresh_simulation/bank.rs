//! The bank's side: one consent, its tokens, and what each rotation mode does when a refresh token is used.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use shared::domain::bank::Rotation;
use tokio::time::Instant;

use crate::{chance::Chance, world::Mode};

/// The consent's id.
pub const CONSENT: &str = "consent-1";

/// How a refresh token was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// New tokens: the access token, its life, and the refresh token if there is a new one.
    Tokens { access: String, lifetime: Duration, refresh: Option<String> },
    /// `invalid_grant`.
    Refused,
}

/// What the bank knows.
pub struct BankState {
    /// What it does with refresh tokens that were used.
    pub rotation: Rotation,
    /// How long its access tokens live.
    pub lifetime: Duration,
    /// Whether new tokens end the access tokens before them.
    keeps_one_access_token: bool,
    /// Under `grace`: whether using the new access token ends the old refresh token, or only using the new refresh token.
    is_strict: bool,
    inner: Mutex<Inner>,
}

/// Tokens and what became of them, by the order in which they were granted.
#[derive(Default)]
pub struct Inner {
    /// Refresh tokens. Token `n` is called `refresh-n`.
    pub refresh: Vec<RefreshToken>,
    /// Access tokens. Token `n` is called `access-n`.
    pub access: Vec<AccessToken>,
    /// Whether the consent was ended.
    pub is_over: bool,
    /// Whether a used refresh token came again, and the family was killed for it.
    pub is_killed: bool,
}

/// A refresh token.
#[derive(Clone, Debug)]
pub struct RefreshToken {
    /// Whether it is taken.
    pub is_alive: bool,
    /// How often it reached the bank, refusals that did not use it left out.
    pub uses: u32,
    /// Whether a use of it is on its way through the bank.
    pub is_in_flight: bool,
}

/// An access token.
#[derive(Clone, Debug)]
pub struct AccessToken {
    /// Whether it is taken, until its end.
    pub is_alive: bool,
    /// Its end.
    pub ends_at: Instant,
    /// The refresh token that came with it.
    pub with: usize,
}

impl BankState {
    /// A bank that granted one pair of tokens.
    pub fn new(mode: Mode, chance: &Chance) -> Self {
        let lifetime = chance.millis(20_000, 120_000);
        let bank = Self {
            rotation: mode.rotation(),
            lifetime: if mode == Mode::Reads { Duration::from_hours(24 * 60) } else { lifetime },
            keeps_one_access_token: chance.one_in(2),
            is_strict: chance.one_in(2),
            inner: Mutex::default(),
        };
        bank.inner().issue(bank.lifetime, true);
        bank
    }

    /// What it knows, to look at or to change.
    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Uses a refresh token.
    pub fn refresh(&self, token: usize) -> Grant {
        let mut inner = self.inner();
        let rotates = self.rotation != Rotation::None;
        if !inner.refresh[token].is_alive || inner.is_over {
            // Whoever shows a token that was used may have stolen it (RFC 9700 §4.14.2).
            if self.rotation == Rotation::Family && !inner.is_over {
                inner.kill();
            }
            return Grant::Refused;
        }
        match self.rotation {
            Rotation::None => {}
            Rotation::Family => inner.refresh[token].is_alive = false,
            Rotation::Grace => inner.keep_only(token),
        }
        if self.keeps_one_access_token {
            inner.end_access();
        }
        inner.issue(self.lifetime, rotates);
        let (access, refresh) = (inner.access.len() - 1, inner.refresh.len() - 1);
        Grant::Tokens {
            access: format!("access-{access}"),
            lifetime: self.lifetime,
            refresh: rotates.then(|| format!("refresh-{refresh}")),
        }
    }

    /// Whether data is given for an access token.
    pub fn admits(&self, token: usize) -> bool {
        let mut inner = self.inner();
        let access = inner.access[token].clone();
        let admits = access.is_alive && access.ends_at > Instant::now() && !inner.is_over;
        if admits && self.rotation == Rotation::Grace && self.is_strict {
            // The pair was used, so those before it are no longer needed.
            inner.refresh[..access.with].iter_mut().for_each(|token| token.is_alive = false);
        }
        admits
    }

    /// Whether it would still take this refresh token.
    pub fn honours(&self, token: usize) -> bool {
        let inner = self.inner();
        inner.refresh[token].is_alive && !inner.is_over
    }
}

impl Inner {
    fn issue(&mut self, lifetime: Duration, with_refresh: bool) {
        if with_refresh {
            self.refresh.push(RefreshToken { is_alive: true, uses: 0, is_in_flight: false });
        }
        let with = self.refresh.len() - 1;
        self.access.push(AccessToken { is_alive: true, ends_at: Instant::now() + lifetime, with });
    }

    /// A token was used, so those before it and beside it are no longer needed.
    fn keep_only(&mut self, token: usize) {
        for (other, refresh) in self.refresh.iter_mut().enumerate() {
            refresh.is_alive &= other == token;
        }
    }

    /// Ends every token.
    pub fn kill(&mut self) {
        self.is_killed = true;
        self.refresh.iter_mut().for_each(|token| token.is_alive = false);
        self.end_access();
    }

    /// Ends every access token.
    pub fn end_access(&mut self) {
        self.access.iter_mut().for_each(|token| token.is_alive = false);
    }

    /// Ends the consent.
    pub fn end(&mut self) {
        self.is_over = true;
        self.end_access();
    }

    /// Revokes a refresh token and what was made with it.
    pub fn revoke(&mut self, token: usize) {
        self.refresh[token].is_alive = false;
        self.access.iter_mut().filter(|access| access.with == token).for_each(|access| access.is_alive = false);
    }
}

/// The number of a token of that kind.
pub fn number(token: &str, kind: &str) -> Option<usize> {
    token.strip_prefix(kind)?.strip_prefix('-')?.parse().ok()
}
