//! Calls to the bank: on their way, within the bank, and back. What reaches the bank is judged there.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use shared::{
    domain::bank::Bank,
    ports::bank_http::{BankHttp, BankHttpError, BankRequest, BankResponse, Operation},
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout_at},
};
use url::{Url, form_urlencoded};

use crate::{
    bank::{Grant, number},
    judge::{self, Arrival},
    life::Life,
    ports::pass,
    world::{Blow, Fate, Health, Mishap, Point, World},
};

/// The bank, as one instance reaches it.
pub struct SimulatedBank {
    pub world: Arc<World>,
    pub life: Arc<Life>,
}

#[async_trait]
impl BankHttp for SimulatedBank {
    async fn call(&self, bank: &Bank, request: BankRequest) -> Result<BankResponse, BankHttpError> {
        let _counted = Counted(&self.life);
        let outcome = self.send(bank.limits.total, request).await;
        self.life.runs().await;
        outcome
    }

    async fn shake_hands(&self, bank: &Bank, _: &Url) -> Result<(), BankHttpError> {
        let _counted = Counted(&self.life);
        let deadline = Instant::now() + bank.limits.connect;
        let arrival = || {
            let is_in_time = Instant::now() < deadline;
            if is_in_time {
                judge::probe(&self.world, &self.life);
            }
            is_in_time
        };
        let arrived = pass(&self.world, &self.life, "shakes hands", Point::Step, arrival).await;
        let is_met = arrived == Ok(true) && self.world.health() != Health::Gone;
        is_met.then_some(()).ok_or_else(|| BankHttpError::Unreachable("the seed wants it so".into()))
    }
}

/// Counts a call when it ends, be it that nobody waits for it any more.
struct Counted<'a>(&'a Life);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.answered.fetch_add(1, Ordering::Relaxed);
    }
}

impl SimulatedBank {
    async fn send(&self, total: Duration, request: BankRequest) -> Result<BankResponse, BankHttpError> {
        let (left_at, world) = (Instant::now(), &self.world);
        let deadline = left_at + total;
        let (asked, attended) = (Asked::of(&request), request.headers.contains_key("psu-ip-address"));
        let point = if request.operation == Operation::RefreshTokens { Point::Deed } else { Point::Step };
        let Fate { before, after, mishap, blow } = world.fate(point);
        self.suffer(blow, true).await;
        sleep(before).await;
        self.life.runs().await;
        // The client looks at its deadline before it goes on with anything.
        if Instant::now() >= deadline {
            return Err(BankHttpError::Timeout);
        }
        if mishap == Mishap::Fails || world.health() == Health::Gone {
            world.note(|| format!("{} does not reach the bank for {asked:?}", self.life.name));
            return Err(BankHttpError::Unreachable("the seed wants it so".into()));
        }
        let whim = self.whim(point, &asked);
        let counts = whim != Whim::RefusesUnread;
        judge::arrival(world, &self.life, &Arrival { asked: &asked, left_at, counts, attended });
        let (answers, answer) = oneshot::channel();
        let within = if let Mishap::Late(time) = mishap { time } else { Duration::ZERO };
        let within = within.min(deadline.saturating_duration_since(Instant::now()));
        tokio::spawn(work(Arc::clone(world), asked, whim, within, after, answers));
        self.suffer(blow, false).await;
        let answer = timeout_at(deadline, answer).await;
        self.life.runs().await;
        let is_late = Instant::now() >= deadline && world.chance.one_in(2);
        match answer {
            Ok(Ok(_)) if mishap == Mishap::LosesAnswer => Err(BankHttpError::Broken("the seed wants it so".into())),
            Ok(Ok(answer)) if !is_late => Ok(answer),
            _ => Err(BankHttpError::Timeout),
        }
    }

    async fn suffer(&self, blow: Option<(Blow, bool)>, is_before: bool) {
        if let Some((blow, _)) = blow.filter(|(_, before)| *before == is_before) {
            self.world.strike(&self.life, blow);
        }
        self.life.runs().await;
    }

    fn whim(&self, point: Point, asked: &Asked) -> Whim {
        let chance = &self.world.chance;
        match self.world.health() {
            Health::Failing => return Whim::FailsBefore,
            Health::WithoutData if matches!(asked, Asked::Data(_)) => return Whim::FailsBefore,
            _ => {}
        }
        let rarity = if point == Point::Deed { 5 } else { 15 };
        if self.world.is_calm() || !self.world.weather.bank_failing || !chance.one_in(rarity) {
            return Whim::None;
        }
        match chance.below(4) {
            0 => Whim::FailsBefore,
            1 => Whim::FailsAfter,
            2 => Whim::AnswersNonsense,
            _ => Whim::RefusesUnread,
        }
    }
}

/// What the bank does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whim {
    /// Nothing.
    None,
    /// 503 before it did anything.
    FailsBefore,
    /// 503 after it did everything.
    FailsAfter,
    /// 200 with a page of something else after it did everything.
    AnswersNonsense,
    /// 400 about something else, before it did anything.
    RefusesUnread,
}

/// What a request asks for, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The metadata.
    Metadata,
    /// New tokens.
    Refresh(usize),
    /// Data under an access token.
    Data(usize),
    /// How the consent stands.
    Status,
    /// An end of the consent.
    End,
    /// The end of a refresh token.
    Revoke(usize),
}

impl Asked {
    fn of(request: &BankRequest) -> Self {
        let form = |name: &str| {
            let body = request.body.clone().unwrap_or_default();
            form_urlencoded::parse(&body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let refresh = |name| number(&form(name).unwrap(), "refresh").unwrap();
        match request.operation {
            Operation::Metadata => Self::Metadata,
            Operation::RefreshTokens => Self::Refresh(refresh("refresh_token")),
            Operation::RevokeToken => Self::Revoke(refresh("token")),
            Operation::ConsentStatus => Self::Status,
            Operation::DeleteConsent => Self::End,
            Operation::Accounts => {
                let bearer = request.headers["authorization"].to_str().unwrap();
                Self::Data(number(bearer.strip_prefix("Bearer ").unwrap(), "access").unwrap())
            }
            other => panic!("nothing here asks for {other:?}"),
        }
    }
}

/// The bank at work, whatever becomes of the caller.
async fn work(
    world: Arc<World>,
    asked: Asked,
    whim: Whim,
    within: Duration,
    back: Duration,
    answers: oneshot::Sender<BankResponse>,
) {
    sleep(within).await;
    let answer = match whim {
        Whim::FailsBefore => respond(503, &json!({})),
        Whim::RefusesUnread => respond(400, &json!({"error": "temporarily_odd"})),
        _ => serve(&world, &asked),
    };
    if let Asked::Refresh(token) = asked {
        world.bank.inner().refresh[token].is_in_flight = false;
    }
    let answer = match whim {
        Whim::FailsAfter => respond(503, &json!({})),
        Whim::AnswersNonsense => respond(200, &json!("please come back later")),
        _ => answer,
    };
    world.note(|| format!("the bank answers {asked:?} with {} {whim:?}", answer.status));
    sleep(back).await;
    // Whoever asked may be gone.
    let _ = answers.send(answer);
}

fn serve(world: &World, asked: &Asked) -> BankResponse {
    match *asked {
        Asked::Metadata => respond(200, &metadata()),
        Asked::Refresh(token) => match world.bank.refresh(token) {
            Grant::Tokens { access, lifetime, refresh } => {
                world.note(|| format!("the bank grants {access} {refresh:?}"));
                let mut tokens =
                    json!({"access_token": access, "token_type": "Bearer", "expires_in": lifetime.as_secs()});
                if let Some(refresh) = refresh {
                    tokens["refresh_token"] = json!(refresh);
                }
                respond(200, &tokens)
            }
            Grant::Refused => respond(400, &json!({"error": "invalid_grant"})),
        },
        Asked::Data(token) if world.bank.admits(token) => {
            judge::data_read(world);
            respond(200, &accounts())
        }
        Asked::Data(_) => respond(401, &json!({"tppMessages": [{"category": "ERROR", "code": "TOKEN_INVALID"}]})),
        Asked::Status if world.bank.inner().is_over => respond(200, &json!({"consentStatus": "terminatedByTpp"})),
        Asked::Status => respond(200, &json!({"consentStatus": "valid"})),
        Asked::End => {
            world.bank.inner().end();
            respond(204, &Value::Null)
        }
        Asked::Revoke(token) => {
            world.bank.inner().revoke(token);
            respond(200, &json!({}))
        }
    }
}

fn metadata() -> Value {
    json!({
        "issuer": "https://api.bank.example/oauth",
        "authorization_endpoint": "https://www.bank.example/authorize",
        "token_endpoint": "https://api.bank.example/token",
        "revocation_endpoint": "https://api.bank.example/revoke",
    })
}

fn accounts() -> Value {
    json!({"accounts": [{"resourceId": "a-1", "iban": "DE2310010010123456789", "currency": "EUR"}]})
}

fn respond(status: u16, body: &Value) -> BankResponse {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    BankResponse { status: StatusCode::from_u16(status).unwrap(), headers, body: body.to_string().into() }
}
