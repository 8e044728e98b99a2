//! When a session is refreshed without anybody asking, spread over the day by the session's own random bits (Q7).
//!
//! Balances come at fixed places of a grid: the day is cut into as many parts as the bank is to be asked, and every session
//! has its own place in a part, a little later or earlier each time. What was missed is not made up for: the next
//! place is always after now. Tokens come before they would end for want of use. Nothing is refreshed for the end of a
//! chain of refresh tokens or of a consent: no refresh moves either.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

use super::{
    bank::{Bank, MaintenanceWindow},
    consent::ConsentTerms,
    ids::SessionId,
    ledger::daily_limit,
    session::{Access, Session},
};

const DAY: Duration = Duration::from_hours(24);

/// How many windows of maintenance that follow one another are waited for.
const WINDOWS: u64 = 8;

/// What part of the time between two refreshes they come earlier or later from day to day.
const JITTER: u32 = 20;

/// The shortest rest after a refresh of tokens that failed.
const SHORTEST_REST: Duration = Duration::from_mins(1);

/// How far apart the background refreshes of a session's balances are; `None` if there are none: the bank answers
/// nobody but the PSU, the document wants none, or the consent is for one reading.
pub fn interval(bank: &Bank, consent: &ConsentTerms) -> Option<Duration> {
    let a_day = bank.background.refreshes_per_day.min(daily_limit(&bank.background, consent));
    (bank.psu.background && consent.recurring && a_day > 0).then(|| DAY / a_day)
}

/// The next refresh of a session's balances after this instant, outside of the bank's windows of maintenance.
pub fn next_balances(bank: &Bank, id: &SessionId, consent: &ConsentTerms, now: Timestamp) -> Option<Timestamp> {
    let interval = interval(bank, consent)?;
    Some(outside_of(&bank.maintenance, id, interval, next_place(id, interval, now)))
}

/// When a session comes back whose bank takes no calls before that instant. It is never put off so often that the
/// putting off costs more than the refresh, nor do all come back at once.
pub fn put_off(id: &SessionId, interval: Duration, until: Timestamp, now: Timestamp) -> Timestamp {
    let step = interval / 24;
    until.max(now + step) + part(mixed(bits(id), now.as_second().unsigned_abs()), step)
}

/// When a session's tokens must be refreshed so that they do not end for want of use; `None` if nothing ends by that, or
/// something else ends first.
///
/// The margin is a tenth of the time, and at least a day where the time is longer than a week. Sessions come in the margin
/// before it, each at its own place.
pub fn tokens_due(bank: &Bank, id: &SessionId, access: &Access) -> Option<Timestamp> {
    let idle = bank.oauth.as_ref()?.idle_lifetime?;
    let ends_at = access.grant.idle_ends_at.filter(|_| access.grant.refreshable)?;
    let first_end = [access.consent_ends_at(), access.grant.chain_ends_at].into_iter().flatten().min();
    if first_end.is_some_and(|end| end <= ends_at) {
        return None;
    }
    let margin = margin(idle);
    Some(ends_at - margin - part(bits(id), margin))
}

/// When tokens are tried again whose refresh failed; several times within the margin.
pub fn tokens_again(bank: &Bank, id: &SessionId, now: Timestamp) -> Timestamp {
    let idle = bank.oauth.as_ref().and_then(|profile| profile.idle_lifetime).unwrap_or(DAY);
    let rest = (margin(idle) / 8).max(SHORTEST_REST);
    now + rest + part(mixed(bits(id), now.as_second().unsigned_abs()), rest / 4)
}

fn margin(idle: Duration) -> Duration {
    let tenth = idle / 10;
    if idle > 7 * DAY { tenth.max(DAY) } else { tenth }
}

/// The first of the session's places after now.
fn next_place(id: &SessionId, interval: Duration, now: Timestamp) -> Timestamp {
    let length = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX).max(1);
    let first = now.as_microsecond().div_euclid(length) - 2;
    let places = (first..first + 5).map(|turn| place(id, interval, turn));
    places.into_iter().find(|place| *place > now).unwrap_or(now + interval)
}

/// The place of a session in that turn of the grid: its own part of the interval and a little more, which changes from
/// turn to turn.
fn place(id: &SessionId, interval: Duration, turn: i64) -> Timestamp {
    let length = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX).max(1);
    let begins = Timestamp::from_microsecond(turn.saturating_mul(length)).unwrap_or(Timestamp::MIN);
    let jitter = part(mixed(bits(id), turn.unsigned_abs()), interval / JITTER);
    begins + part(bits(id), interval) + jitter
}

/// The instant, or one after the windows that cover it: as long after the end as it lay before, so that those who would have
/// come in the window come in as long a time after it, and half an interval later at most.
fn outside_of(windows: &[MaintenanceWindow], id: &SessionId, interval: Duration, at: Timestamp) -> Timestamp {
    let mut at = at;
    for turn in 0..WINDOWS {
        let Some(ends) = windows.iter().filter_map(|window| window.covering(at)).max() else { break };
        let before = Duration::try_from(ends.duration_since(at)).unwrap_or_default();
        let after = if before <= interval / 2 { before } else { part(mixed(bits(id), turn), interval / 2) };
        at = ends + after;
    }
    at
}

/// Random bits of a session's id that its shard does not depend on.
fn bits(id: &SessionId) -> u64 {
    let decoded = URL_SAFE_NO_PAD.decode(id.as_str()).unwrap_or_default();
    decoded.iter().rev().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

/// Other bits for every salt: multiplied by odd numbers and folded, so that one changed bit changes all.
const fn mixed(bits: u64, salt: u64) -> u64 {
    let mut mixed = bits ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut round = 0;
    while round < 3 {
        mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        round += 1;
    }
    mixed ^ (mixed >> 32)
}

/// As much of a length as the bits are of all that they could be.
fn part(bits: u64, of: Duration) -> Duration {
    let micros = (u128::from(bits) * of.as_micros()) >> 64;
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

impl Session {
    /// Sets when the session is refreshed without anybody asking, if a consent works.
    pub fn plan_background(&mut self, bank: &Bank, now: Timestamp) {
        let access = self.working_access(now);
        let balances = access.and_then(|access| next_balances(bank, &self.id, &access.consent, now));
        let tokens = access.and_then(|access| tokens_due(bank, &self.id, access));
        (self.balances_due_at, self.tokens_due_at) = (balances, tokens);
    }

    /// Sets when the tokens are refreshed next, after they were; the balances keep their place, if they have one.
    pub fn plan_after_refresh(&mut self, bank: &Bank, now: Timestamp) {
        let kept = self.balances_due_at;
        self.plan_background(bank, now);
        self.balances_due_at = kept.or(self.balances_due_at);
    }
}

#[cfg(test)]
mod tests;
