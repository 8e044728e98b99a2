//! Presence tokens: the CRM's proof that the PSU is asking right now (promise P3).
//!
//! A JWT of the tenant's own issuer in the header `Psu-Presence`, at most five minutes old, bound to the session (or,
//! when a session is being started, to the PSU reference). Only its claims become `PSU-*` headers.

use std::{net::IpAddr, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;

use super::access::{Gate, Times, TokenRejected};
use crate::domain::{
    presence::{HeaderText, PsuContext},
    tenant::Tenant,
};

/// The header that carries it.
pub const HEADER: &str = "psu-presence";

/// How old it may be, and how long it may be made to last.
const MAX_AGE: Duration = Duration::from_mins(5);

/// Whom the token must speak of.
#[derive(Clone, Copy, Debug)]
pub enum Bound<'a> {
    /// The PSU of this session.
    Session(&'a str),
    /// The PSU of this reference, whose session is being started.
    Psu(&'a str),
}

#[derive(Deserialize)]
struct Claims {
    #[serde(flatten)]
    times: Times,
    #[serde(default)]
    session: Option<String>,
    #[serde(default)]
    psu: Option<String>,
    psu_ip: IpAddr,
    #[serde(default)]
    psu_port: Option<u16>,
    #[serde(default)]
    psu_user_agent: Option<String>,
    #[serde(default)]
    psu_accept: Option<String>,
    #[serde(default)]
    psu_accept_charset: Option<String>,
    #[serde(default)]
    psu_accept_encoding: Option<String>,
    #[serde(default)]
    psu_accept_language: Option<String>,
    #[serde(default)]
    psu_http_method: Option<String>,
    #[serde(default)]
    psu_device_id: Option<String>,
    #[serde(default)]
    psu_geo_location: Option<String>,
}

/// Judges a presence token of this tenant.
pub async fn judge(
    gate: &Gate,
    tenant: &Tenant,
    token: &str,
    bound: Bound<'_>,
    now: Timestamp,
) -> Result<PsuContext, TokenRejected> {
    let (signer, claims) = gate.verify::<Claims>(token, &["JWT", "psu-presence+jwt"]).await?;
    if signer.id != tenant.id {
        return Err(TokenRejected::Invalid("another tenant's presence token"));
    }
    check_bound(&claims, bound)?;
    gate.check_times(&claims.times)?;
    check_age(&claims.times, now)?;
    Ok(context(claims))
}

fn check_bound(claims: &Claims, bound: Bound<'_>) -> Result<(), TokenRejected> {
    let is_bound = match bound {
        Bound::Session(session) => claims.session.as_deref() == Some(session),
        Bound::Psu(reference) => claims.session.is_none() && claims.psu.as_deref() == Some(reference),
    };
    if is_bound { Ok(()) } else { Err(TokenRejected::Invalid("presence of somebody else")) }
}

/// Made at most five minutes ago, and not made to last longer.
fn check_age(times: &Times, now: Timestamp) -> Result<(), TokenRejected> {
    let issued = times.iat.ok_or(TokenRejected::Invalid("a presence token without iat"))?;
    let lasts = Duration::from_secs(times.exp.saturating_sub(issued));
    let age = u64::try_from(now.as_second()).unwrap_or(0).saturating_sub(issued);
    if lasts > MAX_AGE || Duration::from_secs(age) > MAX_AGE {
        return Err(TokenRejected::Invalid("a presence token that lasts too long"));
    }
    Ok(())
}

/// The claims as values that can stand in headers; what cannot is left out.
fn context(claims: Claims) -> PsuContext {
    let text = |value: Option<String>| value.as_deref().and_then(HeaderText::parse);
    PsuContext {
        ip_address: claims.psu_ip,
        ip_port: claims.psu_port,
        user_agent: text(claims.psu_user_agent),
        accept: text(claims.psu_accept),
        accept_charset: text(claims.psu_accept_charset),
        accept_encoding: text(claims.psu_accept_encoding),
        accept_language: text(claims.psu_accept_language),
        http_method: text(claims.psu_http_method),
        device_id: text(claims.psu_device_id),
        geo_location: text(claims.psu_geo_location),
    }
}
