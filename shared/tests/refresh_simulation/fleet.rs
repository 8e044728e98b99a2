//! The instances: each the hub's own flows on ports of the simulation, begun anew after a crash with nothing in memory.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::SignedDuration;
use shared::{
    domain::{
        bank::{BackgroundProfile, Bank, CircuitProfile, OAuthProfile},
        ids::OwnerId,
        pseudonym::PseudonymKey,
        secret::Secret32,
    },
    flows::{
        bank_call::BankCalls,
        deps::Deps,
        single_flight::SingleFlight,
        traffic::Traffic,
        vault::{DekCache, Vault},
    },
    ports::store::Store,
    protocol::cursor::Cursors,
    testing::{certificates::NoCertificates, entropy::SeededEntropy, samples},
};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::task::TaskTracker;

use crate::{
    bank_port::SimulatedBank,
    life::{Life, SkewedClock},
    ports::{CountedAudit, SimulatedKeys},
    store::SimulatedStore,
    world::{Mode, World},
};

/// How far clocks may be off, in milliseconds to either side.
const SKEW: u64 = 2_500;

/// One life of an instance, and the hub in it.
#[derive(Clone)]
pub struct Instance {
    /// Its life.
    pub life: Arc<Life>,
    /// The hub.
    pub deps: Arc<Deps>,
}

/// All instances.
pub struct Fleet {
    world: Arc<World>,
    lives: Mutex<Vec<Instance>>,
    /// Where each instance's newest life stands in the list.
    newest: Mutex<Vec<usize>>,
}

impl Fleet {
    /// So many instances.
    pub fn of(world: &Arc<World>, count: usize) -> Arc<Self> {
        let fleet = Self { world: Arc::clone(world), lives: Mutex::default(), newest: Mutex::new(vec![0; count]) };
        (0..count).for_each(|instance| fleet.begin(instance));
        Arc::new(fleet)
    }

    /// Begins crashed instances anew after a while.
    pub async fn revive(self: Arc<Self>, mut falls: mpsc::UnboundedReceiver<usize>) {
        while let Some(instance) = falls.recv().await {
            let fleet = Arc::clone(&self);
            let pause = self.world.chance.millis(500, 15_000);
            tokio::spawn(async move {
                sleep(pause).await;
                fleet.begin(instance);
            });
        }
    }

    /// The newest life of one instance or another.
    pub fn any(&self) -> Instance {
        let newest = self.newest.lock().unwrap();
        let instance = usize::try_from(self.world.chance.below(newest.len() as u64)).unwrap();
        self.lives.lock().unwrap()[newest[instance]].clone()
    }

    /// The newest life of that instance.
    pub fn instance(&self, instance: usize) -> Instance {
        let newest = self.newest.lock().unwrap()[instance];
        self.lives.lock().unwrap()[newest].clone()
    }

    /// Every life there was.
    pub fn lives(&self) -> Vec<Instance> {
        self.lives.lock().unwrap().clone()
    }

    /// Thaws all that are frozen and begins all anew that have crashed.
    pub fn heal(&self) {
        let newest = self.newest.lock().unwrap().clone();
        for (instance, life) in newest.into_iter().enumerate() {
            let life = Arc::clone(&self.lives.lock().unwrap()[life].life);
            life.thaw();
            if life.is_dead() {
                self.begin(instance);
            }
        }
    }

    fn begin(&self, instance: usize) {
        let mut lives = self.lives.lock().unwrap();
        let mut newest = self.newest.lock().unwrap();
        if lives.get(newest[instance]).is_some_and(|known| known.life.instance == instance && !known.life.is_dead()) {
            return;
        }
        let count = lives.iter().filter(|known| known.life.instance == instance).count();
        newest[instance] = lives.len();
        let begun = begun(&self.world, instance, format!("{instance}.{count}"));
        self.world.note(|| format!("{} begins", begun.life.name));
        lives.push(begun);
    }
}

fn begun(world: &Arc<World>, instance: usize, name: String) -> Instance {
    let owner = OwnerId::from_random(world.chance.bytes());
    let most = if world.weather.clocks_off { 3_600_000 } else { SKEW };
    let ahead = world.chance.millis(0, 2 * most);
    let skew = SignedDuration::try_from(ahead).unwrap() - SignedDuration::from_millis(i64::try_from(most).unwrap());
    let clock = SkewedClock::new(world.began, skew);
    let life = Arc::new(Life::new(instance, name, owner.clone(), clock));
    let ports = || (Arc::clone(world), Arc::clone(&life));
    let ((store_world, store_life), (keys_world, keys_life), (bank_world, bank_life)) = (ports(), ports(), ports());
    let entropy = Arc::new(SeededEntropy::new(world.chance.next()));
    let keys = Arc::new(SimulatedKeys { world: keys_world, life: keys_life });
    let http = Arc::new(SimulatedBank { world: bank_world, life: bank_life });
    let clock = Arc::new(clock);
    let bank = bank(world);
    let store = Store::new(Arc::new(SimulatedStore { world: store_world, life: store_life }));
    let work = TaskTracker::new();
    let traffic = Traffic::new(store.clone(), clock.clone(), owner.clone(), work.clone());
    let deps = Deps {
        store,
        vault: Vault::new(keys, entropy.clone(), DekCache::default()),
        calls: BankCalls::new(
            http,
            Arc::new(NoCertificates),
            Arc::new(CountedAudit { life: Arc::clone(&life) }),
            clock.clone(),
            entropy.clone(),
            traffic,
        ),
        identities: Arc::new(NoCertificates),
        banks: [(bank.id.clone(), Arc::new(bank))].into(),
        webhooks: [].into(),
        pseudonyms: PseudonymKey::new(secret(1)),
        cursors: Cursors::new(&secret(2)).unwrap(),
        clock,
        entropy,
        owner,
        refreshing: SingleFlight::default(),
        work,
        public_url: "https://hub.example/".parse().unwrap(),
        egress_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    Instance { life, deps: Arc::new(deps) }
}

fn secret(byte: u8) -> Secret32 {
    Secret32::new(Box::new([byte; 32]))
}

fn bank(world: &World) -> Bank {
    let profile = OAuthProfile {
        rotation: world.bank.rotation,
        default_access_lifetime: Duration::from_mins(1),
        ..samples::oauth("https://api.bank.example/oauth")
    };
    let background = BackgroundProfile { reads_per_day: world.reads_allowed, ..BackgroundProfile::default() };
    let circuit = CircuitProfile { failures: 3, longest_cool_down_seconds: 120, ..CircuitProfile::default() };
    let circuit = if world.mode == Mode::Reads { circuit } else { CircuitProfile::default() };
    Bank { oauth: Some(profile), background, circuit, ..samples::bank() }
}
