//! Who asks: the CRM, again and again at one instance or another, and the scheduler.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use shared::{
    domain::{
        ids::{RequestId, SessionId},
        presence::{Attendance, PsuContext},
        session::{Session, SessionStatus},
    },
    flows::{
        disconnect,
        read::{ReadError, Reader},
        refresh::{self, Need, RefreshError},
        trail::Trail,
        trouble::{Held, Trouble},
        upkeep,
    },
    ports::store::Loaded,
};
use tokio::time::{sleep, timeout};

use crate::{
    fleet::{Fleet, Instance},
    world::{Mode, World},
};

/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(40);

/// What a caller wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The accounts without the PSU; a usable grant, if no more may be read.
    Accounts,
    /// The accounts without the PSU.
    Background,
    /// The accounts, the PSU being there.
    Attended,
    /// A usable grant.
    Usable,
    /// A grant newer than the one that stands.
    Newer,
}

/// How a request went.
#[derive(Debug)]
pub enum Answer {
    /// Well.
    Good,
    /// No consent works.
    NotWorking(Box<Session>, SessionStatus),
    /// Not now.
    NotNow(String),
}

/// The simulated outside of one session.
#[derive(Clone)]
pub struct Outside {
    pub world: Arc<World>,
    pub fleet: Arc<Fleet>,
    pub session: SessionId,
}

impl Outside {
    /// Asks now and then, for ever.
    pub async fn keep_asking(self) {
        loop {
            sleep(self.pause()).await;
            let wish = self.wish();
            let instance = self.fleet.any();
            let (outside, name) = (self.clone(), instance.life.name.clone());
            let mut work = tokio::spawn(async move { outside.ask(&instance, wish).await });
            let hangs_up = self.world.weather.hanging_up && self.world.chance.one_in(8);
            let patience = if hangs_up { self.world.chance.millis(1, 2_000) } else { PATIENCE };
            match timeout(patience, &mut work).await {
                Ok(answer) => self.world.note(|| format!("{name} answers {wish:?}: {}", answer.unwrap().word())),
                Err(_) if hangs_up => work.abort(),
                Err(_) => {}
            }
        }
    }

    fn pause(&self) -> Duration {
        let chance = &self.world.chance;
        match self.world.mode {
            Mode::Reads if chance.one_in(3) => chance.millis(1_000_000, 40_000_000),
            Mode::Reads => chance.millis(10, 10_000),
            Mode::Tokens(_) => chance.millis(100, 22_000),
        }
    }

    fn wish(&self) -> Wish {
        match (self.world.mode, self.world.chance.below(8)) {
            (Mode::Reads, 0..=4) => Wish::Background,
            (Mode::Reads, _) => Wish::Attended,
            (Mode::Tokens(_), 0) => Wish::Newer,
            (Mode::Tokens(_), 1 | 2) => Wish::Usable,
            _ => Wish::Accounts,
        }
    }

    /// Asks one instance for one thing.
    pub async fn ask(&self, instance: &Instance, wish: Wish) -> Answer {
        match self.try_asking(instance, wish).await {
            Ok(()) => Answer::Good,
            Err(ReadError::NotWorking(session, at)) => {
                let status = session.status(at);
                Answer::NotWorking(session, status)
            }
            Err(error) => Answer::NotNow(format!("{error:?}")),
        }
    }

    async fn try_asking(&self, instance: &Instance, wish: Wish) -> Result<(), ReadError> {
        let (deps, trail) = (&instance.deps, self.trail());
        let loaded = self.load(instance).await?;
        let need = match wish {
            Wish::Accounts => {
                let mut reader = Reader::new(Arc::clone(deps), trail, loaded, Attendance::Background)?;
                match reader.accounts().await {
                    // Nothing may be read any more. Whether the consent works is another question.
                    Err(ReadError::Trouble(Trouble::Held(Held::Quota { .. }))) => {}
                    outcome => return outcome.map(drop),
                }
                let loaded = self.load(instance).await?;
                return refresh::usable(deps, &self.trail(), loaded, Need::Fresh).await.map(drop).map_err(Into::into);
            }
            Wish::Attended | Wish::Background => {
                let psu = Attendance::Attended(Box::new(PsuContext::at(IpAddr::V4(Ipv4Addr::LOCALHOST))));
                let attendance = if wish == Wish::Attended { psu } else { Attendance::Background };
                let mut reader = Reader::new(Arc::clone(deps), trail, loaded, attendance)?;
                return reader.accounts().await.map(drop);
            }
            Wish::Usable => Need::Fresh,
            Wish::Newer => Need::NewerThan(loaded.record.access.as_ref().map_or(0, |access| access.grant.generation)),
        };
        refresh::usable(deps, &trail, loaded, need).await.map(drop).map_err(|error: RefreshError| error.into())
    }

    /// The session, as that instance reads it.
    pub async fn load(&self, instance: &Instance) -> Result<Loaded<Session>, Trouble> {
        instance.deps.store.load(self.session.as_str()).await?.ok_or(Trouble::Integrity)
    }

    /// Ends the session at some time, and tries until an instance says that it did.
    pub async fn end_sometime(self) {
        sleep(self.world.chance.millis(1_000, 100_000)).await;
        loop {
            let (outside, instance) = (self.clone(), self.fleet.any());
            let work = tokio::spawn(async move {
                let loaded = outside.load(&instance).await?;
                disconnect::disconnect(&instance.deps, &outside.trail(), loaded).await
            });
            if let Ok(Ok(Ok(_))) = timeout(PATIENCE, work).await {
                self.world.ended.now();
                self.world.note(|| "the end is acknowledged".to_owned());
                return;
            }
            sleep(self.world.chance.millis(100, 3_000)).await;
        }
    }

    /// Runs upkeep now and then, for ever.
    pub async fn keep_up(self) {
        loop {
            sleep(self.world.chance.millis(20_000, 60_000)).await;
            let (outside, instance) = (self.clone(), self.fleet.any());
            let work = tokio::spawn(async move { outside.keep_up_once(&instance).await });
            drop(timeout(PATIENCE, work).await);
        }
    }

    /// Runs upkeep once.
    pub async fn keep_up_once(&self, instance: &Instance) {
        drop(upkeep::run(&instance.deps, &self.trail()).await);
    }

    /// Renews the QWAC at some time: the bank takes the access tokens that were bound to the old one no more.
    pub async fn renew_qwac_sometime(self) {
        sleep(self.world.chance.millis(1_000, 100_000)).await;
        self.world.bank.inner().end_access();
        self.world.note(|| "the QWAC is renewed".to_owned());
    }

    /// The trail of one request.
    pub fn trail(&self) -> Arc<Trail> {
        Arc::new(Trail::new(RequestId::from_random(self.world.chance.bytes())))
    }
}

impl Answer {
    fn word(&self) -> String {
        match self {
            Self::Good => "good".to_owned(),
            Self::NotWorking(session, status) => {
                format!("{status:?} {:?}", session.lapse.as_ref().map(|lapse| lapse.reason))
            }
            Self::NotNow(error) => error.clone(),
        }
    }
}
