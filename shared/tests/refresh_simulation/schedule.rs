//! One schedule: a seed's world from its beginning to a verdict.

use std::{sync::Arc, time::Duration};

use shared::{
    domain::{
        grant::{Grant, StoredGrant, Tokens},
        ids::{BankId, SessionId, TenantId},
        purpose::Purpose,
        session::{Access, Session},
    },
    ports::store::Change,
    testing::samples,
};
use tokio::{runtime, time::sleep};

use crate::{
    bank::CONSENT,
    clients::Outside,
    ending,
    fleet::{Fleet, Instance},
    world::{Mode, World},
};

/// How long things go wrong.
const TROUBLED: (u64, u64) = (40_000, 140_000);

/// How long things go wrong where days matter: one to two of them.
const READ: (u64, u64) = (86_400_000, 172_800_000);

/// What a schedule came to.
pub struct Verdict {
    /// Every invariant that did not hold.
    pub complaints: Vec<String>,
    /// What happened, if that was asked for.
    pub trace: String,
    /// How it ended, in a word.
    pub ending: &'static str,
}

/// Runs the schedule of that seed.
pub fn run(seed: u64, mode: Mode, traced: bool) -> Verdict {
    let runtime = runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (world, falls) = World::new(seed, mode, traced);
        world.note(|| format!("{mode:?}, {:?}", world.weather));
        let count = 2 + usize::try_from(world.chance.below(2)).unwrap();
        let fleet = Fleet::of(&world, count);
        let session = SessionId::from_random(world.chance.bytes());
        begin(&world, &fleet.any(), &session).await;
        let outside = Outside { world: Arc::clone(&world), fleet: Arc::clone(&fleet), session };
        world.begin_trouble();
        let revival = tokio::spawn(Arc::clone(&fleet).revive(falls));
        let callers = if mode == Mode::Reads { 2 } else { 3 };
        let mut askers: Vec<_> = (0..callers).map(|_| tokio::spawn(outside.clone().keep_asking())).collect();
        if world.weather.ending {
            askers.push(tokio::spawn(outside.clone().keep_up()));
            tokio::spawn(outside.clone().end_sometime());
        }
        if mode == Mode::Reads && world.weather.bank_failing {
            askers.push(tokio::spawn(Arc::clone(&world).fall_ill()));
        }
        if world.weather.renewing_qwac {
            tokio::spawn(outside.clone().renew_qwac_sometime());
        }
        let (least, most) = if mode == Mode::Reads { READ } else { TROUBLED };
        sleep(world.chance.millis(least, most)).await;
        for asker in askers {
            asker.abort();
        }
        revival.abort();
        world.end_trouble();
        world.note(|| "all is well again".to_owned());
        fleet.heal();
        let ending = ending::judge(&outside).await;
        let (complaints, trace) = world.verdict();
        Verdict { complaints, trace, ending }
    })
}

/// Puts a session with a consent in force into the store.
pub async fn begin(world: &World, instance: &Instance, id: &SessionId) {
    let deps = &instance.deps;
    let lifetime = if world.mode == Mode::Reads { world.bank.lifetime } else { Duration::from_secs(20) };
    let tenant = TenantId::parse("acme").unwrap();
    let psu = deps.pseudonyms.pseudonym(&tenant, "customer-1");
    let mut session = Session::begun(id.clone(), tenant, BankId::parse("bank").unwrap(), psu, deps.now());
    let tokens = Tokens { access: "access-0".into(), refresh: Some("refresh-0".into()), scope: None };
    let grant = Grant { tokens: Some(tokens), ..Grant::of_consent(CONSENT.into()) };
    let generation = session.next_generation();
    let place = session.grant_place(generation);
    let sealed = deps.vault.seal(Purpose::Tokens, &place, &grant.to_plaintext().unwrap()).await.unwrap();
    let access = samples::access(deps.now());
    let grant = StoredGrant {
        sealed,
        generation,
        access_stale_at: Some(deps.now() + lifetime - Duration::from_secs(5)),
        access_ends_at: Some(deps.now() + lifetime),
        refreshable: true,
        ..access.grant
    };
    session.access = Some(Access { grant, ..access });
    deps.store.commit(Change::new().create(&session)).await.unwrap();
}
