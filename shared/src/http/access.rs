//! Who is calling: tokens of CRMs and of the scheduler (RFC 7519, RFC 9068), judged by their issuer's published keys.
//!
//! Deny by default: every check must pass, in the order they stand in [`Gate::judge`]. A token that passed is remembered
//! by the SHA-256 of its whole text, bounded in number and time, until it ends; ownership and revocation are checked on
//! every call all the same.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use jsonwebtoken::{
    Algorithm, DecodingKey, Header, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use moka::future::Cache;
use serde::{Deserialize, de::DeserializeOwned};

use super::tenants::Tenants;
use crate::{
    domain::{
        code_hash::sha256,
        scope::Scope,
        tenant::{Tenant, TenantRole, TokenAlgorithm},
    },
    ports::{
        clock::Clock,
        key_sets::{KeySetError, KeySets},
        measuring::INSIDE,
    },
};

/// The longest token that is looked at.
const MAX_TOKEN: usize = 8 * 1024;

/// How far the issuer's clock may be off.
const LEEWAY: Duration = Duration::from_secs(30);

/// How long a judged token is remembered at most.
const MEMORY: Duration = Duration::from_mins(1);

/// The smallest RSA modulus, in bytes of base64url: 2,048 bits.
const MIN_MODULUS_CHARS: usize = 342;

/// Who a token speaks for, and what it allows.
#[derive(Clone, Debug)]
pub struct Bearer {
    /// The tenant.
    pub tenant: Arc<Tenant>,
    /// What it allows.
    pub scopes: BTreeSet<&'static str>,
    /// When it ends.
    ends_at: Timestamp,
}

impl Bearer {
    /// Whether the token allows this. A scheduler may run jobs and nothing else; nobody else may.
    pub fn may(&self, scope: Scope) -> bool {
        let role_fits = (self.tenant.role == TenantRole::Scheduler) == (scope == Scope::JobsRun);
        role_fits && self.scopes.contains(scope.name())
    }
}

/// Why a token is not taken. The caller learns no more than that it is not.
#[derive(Debug, thiserror::Error)]
pub enum TokenRejected {
    /// Not a token the hub takes: form, algorithm, issuer, key, signature, audience or time.
    #[error("{0}")]
    Invalid(&'static str),
    /// The issuer's keys cannot be had.
    #[error("the issuer's keys cannot be had")]
    Keys(#[source] KeySetError),
}

impl TokenRejected {
    /// The reason in a word; there are few.
    pub fn word(&self) -> String {
        match self {
            Self::Invalid(reason) => reason.replace(", ", "_").replace([' ', '\''], "_"),
            Self::Keys(_) => "no_keys".to_owned(),
        }
    }
}

/// The claims of an access token that the hub looks at.
#[derive(Deserialize)]
struct AccessClaims {
    #[serde(flatten)]
    times: Times,
    #[serde(default)]
    scope: String,
}

/// When a token is good. Whole seconds: text and fractions are refused.
#[derive(Deserialize)]
pub(super) struct Times {
    pub exp: u64,
    #[serde(default)]
    pub nbf: Option<u64>,
    #[serde(default)]
    pub iat: Option<u64>,
}

/// Judges tokens.
pub struct Gate {
    tenants: Tenants,
    audience: String,
    key_sets: Arc<dyn KeySets>,
    clock: Arc<dyn Clock>,
    known: Cache<[u8; 32], Bearer>,
}

impl Gate {
    /// A gate for these tenants; tokens must be made for this audience.
    pub fn new(
        tenants: impl IntoIterator<Item = Tenant>,
        audience: impl Into<String>,
        key_sets: Arc<dyn KeySets>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let known = Cache::builder().max_capacity(10_000).time_to_live(MEMORY).build();
        Self { tenants: Tenants::new(tenants), audience: audience.into(), key_sets, clock, known }
    }

    /// Judges an access token.
    pub async fn judge(&self, token: &str) -> Result<Bearer, TokenRejected> {
        let hash = sha256(token.as_bytes());
        let known = self.known.get(&hash).await;
        if let Some(bearer) = known.filter(|bearer| bearer.ends_at > self.clock.now()) {
            tracing::trace!(target: INSIDE, { token.memory = "hit" }, "a token is known");
            return Ok(bearer);
        }
        tracing::trace!(target: INSIDE, { token.memory = "miss" }, "a token is not known");
        let judged = self.judge_unknown(token).await.inspect_err(|error| self.tell_rejected(token, error))?;
        self.known.insert(hash, judged.clone()).await;
        Ok(judged)
    }

    async fn judge_unknown(&self, token: &str) -> Result<Bearer, TokenRejected> {
        let (tenant, claims) = self.verify::<AccessClaims>(token, &["JWT", "at+jwt", "application/at+jwt"]).await?;
        let ends_at = self.check_times(&claims.times)?;
        let scopes = scopes(&tenant, &claims.scope);
        Ok(Bearer { tenant, scopes, ends_at })
    }

    /// Tells the log why a token is not taken, in a word, and whose it claims to be, if that is a tenant.
    pub(super) fn tell_rejected(&self, token: &str, error: &TokenRejected) {
        let tenant = self.tenants.claimed_by(token);
        tracing::info!(
            token.reason = error.word(),
            tenant.id = tenant.map(|tenant| tenant.id.as_str()),
            "a token was rejected"
        );
    }

    /// Verifies form, type, issuer, key, signature and audience; not the times. `types` are the `typ` values taken
    /// besides none (RFC 8725 §3.11).
    pub(super) async fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        types: &[&str],
    ) -> Result<(Arc<Tenant>, C), TokenRejected> {
        let header = check_form(token, types)?;
        let tenant = self.tenants.claimed_by(token).ok_or(invalid("unknown issuer, or nobody that it should be of"))?;
        check_algorithm(&header, tenant)?;
        let set = self.key_sets.find(&tenant.jwks_url, header.kid.as_deref()).await.map_err(TokenRejected::Keys)?;
        let mut outcome = Err(invalid("no key of that id"));
        for key in set.keys.iter().filter(|key| is_for(key, &header)) {
            outcome = self.check_signature(token, &header, tenant, key);
            if outcome.is_ok() {
                break;
            }
        }
        Ok((Arc::clone(tenant), outcome?))
    }

    fn check_signature<C: DeserializeOwned>(
        &self,
        token: &str,
        header: &Header,
        tenant: &Tenant,
        key: &Jwk,
    ) -> Result<C, TokenRejected> {
        let mut wanted = Validation::new(header.alg);
        wanted.set_issuer(&[&tenant.issuer]);
        wanted.set_audience(&[&self.audience]);
        wanted.set_required_spec_claims(&["exp", "iss", "aud"]);
        // Times are judged by the hub's own clock, in `check_times`.
        wanted.validate_exp = false;
        let key = DecodingKey::from_jwk(key).map_err(|_| invalid("unusable key"))?;
        let data = decode(token, &key, &wanted).map_err(|_| invalid("signature, issuer or audience"))?;
        Ok(data.claims)
    }

    /// Whether the token is good now. Answers when it ends.
    pub(super) fn check_times(&self, times: &Times) -> Result<Timestamp, TokenRejected> {
        let now = self.clock.now();
        let instant = |seconds: u64| {
            let seconds = i64::try_from(seconds).map_err(|_| invalid("a time out of range"))?;
            Timestamp::from_second(seconds).map_err(|_| invalid("a time out of range"))
        };
        let ends_at = instant(times.exp)?;
        if ends_at <= now - LEEWAY {
            return Err(invalid("expired"));
        }
        for from in [times.nbf, times.iat].into_iter().flatten() {
            if instant(from)? > now + LEEWAY {
                return Err(invalid("not valid yet"));
            }
        }
        Ok(ends_at)
    }
}

/// What a token allows: the scopes that it names and the hub knows, and jobs where the identity alone runs them.
fn scopes(tenant: &Tenant, claimed: &str) -> BTreeSet<&'static str> {
    let asked: BTreeSet<_> = claimed.split(' ').collect();
    let is_allowed =
        |scope: &Scope| asked.contains(scope.name()) || (*scope == Scope::JobsRun && tenant.runs_jobs_by_identity());
    Scope::ALL.into_iter().filter(is_allowed).map(Scope::name).collect()
}

const fn invalid(reason: &'static str) -> TokenRejected {
    TokenRejected::Invalid(reason)
}

/// Length, header, `typ`, and no critical extension that nobody here understands (RFC 7515 §4.1.11).
fn check_form(token: &str, types: &[&str]) -> Result<Header, TokenRejected> {
    if token.len() > MAX_TOKEN {
        return Err(invalid("too long"));
    }
    let header = decode_header(token).map_err(|_| invalid("not a token"))?;
    if header.crit.is_some() || header.zip.is_some() || header.enc.is_some() {
        return Err(invalid("critical or foreign header"));
    }
    match header.typ.as_deref() {
        Some(typ) if !types.iter().any(|known| known.eq_ignore_ascii_case(typ)) => Err(invalid("another type")),
        _ => Ok(header),
    }
}

fn check_algorithm(header: &Header, tenant: &Tenant) -> Result<(), TokenRejected> {
    let allowed = tenant.algorithms.iter().any(|algorithm| jose(*algorithm) == header.alg);
    if allowed { Ok(()) } else { Err(invalid("algorithm not allowed")) }
}

const fn jose(algorithm: TokenAlgorithm) -> Algorithm {
    match algorithm {
        TokenAlgorithm::Es256 => Algorithm::ES256,
        TokenAlgorithm::Ps256 => Algorithm::PS256,
        TokenAlgorithm::Rs256 => Algorithm::RS256,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

/// Whether a published key may have signed a token with this header. What the key says of itself counts (RFC 8725
/// §3.5), keys that travel in the token do not (`jwk`, `jku`, `x5u`, `x5c` are never looked at).
fn is_for(key: &Jwk, header: &Header) -> bool {
    let common = &key.common;
    let id_fits = header.kid.is_none() || header.kid == common.key_id;
    let use_fits = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
    let algorithm_fits = common.key_algorithm.is_none_or(|algorithm| algorithm == key_algorithm(header.alg));
    id_fits && use_fits && algorithm_fits && is_strong(key, header.alg)
}

const fn key_algorithm(algorithm: Algorithm) -> KeyAlgorithm {
    match algorithm {
        Algorithm::ES256 => KeyAlgorithm::ES256,
        Algorithm::PS256 => KeyAlgorithm::PS256,
        Algorithm::RS256 => KeyAlgorithm::RS256,
        Algorithm::EdDSA => KeyAlgorithm::EdDSA,
        // `check_algorithm` lets no other through.
        _ => KeyAlgorithm::UNKNOWN_ALGORITHM,
    }
}

fn is_strong(key: &Jwk, algorithm: Algorithm) -> bool {
    match (&key.algorithm, algorithm) {
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::RSA(key), Algorithm::PS256 | Algorithm::RS256) => key.n.len() >= MIN_MODULUS_CHARS,
        (AlgorithmParameters::OctetKeyPair(_), Algorithm::EdDSA) => true,
        _ => false,
    }
}
