//! What every instance shares: the seed's will, the store, the bank, and the trace of what happened.

use std::{
    collections::VecDeque,
    fmt::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use shared::{domain::bank::Rotation, testing::memory_keys::MemoryKeys};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

use crate::{
    bank::BankState,
    chance::Chance,
    judge::{Acknowledged, Book, Gate, LIMIT},
    life::Life,
    store::Contents,
};

/// What a schedule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Minutes with short-lived tokens, at a bank that rotates refresh tokens so.
    Tokens(Rotation),
    /// Days of reading, with the PSU and without, at a bank that is ill for hours and then well again.
    Reads,
}

impl Mode {
    /// What the bank does with refresh tokens that were used.
    pub const fn rotation(self) -> Rotation {
        match self {
            Self::Tokens(rotation) => rotation,
            Self::Reads => Rotation::None,
        }
    }
}

/// How the bank is, for hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Well.
    Well,
    /// Calls for data fail.
    WithoutData,
    /// Every call fails.
    Failing,
    /// Nobody can even connect.
    Gone,
}

/// Which kinds of trouble a schedule has. A schedule with few of them goes deeper into those.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each kind of trouble is there or not")]
pub struct Weather {
    /// Calls take seconds now and then.
    pub slow: bool,
    /// Calls fail before they have an effect.
    pub failing: bool,
    /// Calls have an effect and their answer is lost; commits land after they were given up.
    pub losing: bool,
    /// Instances crash and begin anew.
    pub crashing: bool,
    /// Instances stand still, for longer than a lease too.
    pub freezing: bool,
    /// Callers hang up in mid-request.
    pub hanging_up: bool,
    /// The bank answers with faults.
    pub bank_failing: bool,
    /// The CRM ends the session.
    pub ending: bool,
    /// The QWAC is changed, which kills access tokens.
    pub renewing_qwac: bool,
    /// Clocks of instances are up to an hour off; otherwise a few seconds.
    pub clocks_off: bool,
}

impl Weather {
    fn drawn(chance: &Chance, mode: Mode) -> Self {
        let half = || chance.one_in(2);
        let drawn = Self {
            slow: half(),
            failing: half(),
            losing: half(),
            crashing: half(),
            freezing: half(),
            hanging_up: half(),
            bank_failing: half(),
            ending: half(),
            renewing_qwac: half(),
            clocks_off: false,
        };
        match mode {
            Mode::Tokens(_) => drawn,
            Mode::Reads => {
                let clocks_off = chance.one_in(3);
                let bank_failing = drawn.bank_failing && !clocks_off;
                Self { ending: false, renewing_qwac: false, clocks_off, bank_failing, ..drawn }
            }
        }
    }
}

impl Weather {
    /// Whether every look at the store comes soon and is true, so that an open circuit is seen in time.
    pub const fn is_clear(&self) -> bool {
        !(self.slow || self.failing || self.losing || self.freezing || self.clocks_off)
    }

    /// Whether the bank may have granted tokens that no instance lived to store or to revoke. Slowness is enough: an answer
    /// may come when the call's time is over (found by seed 201116).
    pub const fn may_lose_tokens(&self) -> bool {
        self.slow || self.failing || self.losing || self.crashing || self.freezing || self.bank_failing
    }
}

/// Where in the code the seed may strike. The further down the list, the more often it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// A read, a query, a key unwrapped.
    Look,
    /// A key wrapped, a call to the bank that uses no refresh token.
    Step,
    /// A commit, a use of the refresh token.
    Deed,
}

/// What happens to one call.
#[derive(Debug)]
pub struct Fate {
    /// How long until it has its effect.
    pub before: Duration,
    /// How long from then on until its answer.
    pub after: Duration,
    /// What goes wrong with it.
    pub mishap: Mishap,
    /// What befalls the caller, and whether before the effect.
    pub blow: Option<(Blow, bool)>,
}

impl Fate {
    /// All goes well and takes a moment.
    pub const SMOOTH: Self =
        Self { before: Duration::from_millis(2), after: Duration::from_millis(2), mishap: Mishap::None, blow: None };
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing.
    None,
    /// It fails and has no effect.
    Fails,
    /// It has its effect and fails.
    LosesAnswer,
    /// It fails, and has its effect so much later.
    Late(Duration),
}

/// What befalls an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// It ends, and its memory with it.
    Crash,
    /// It stands still for so long.
    Freeze(Duration),
}

/// What all instances share.
pub struct World {
    /// The seed's will.
    pub chance: Chance,
    /// Which kinds of trouble there are.
    pub weather: Weather,
    /// When it began.
    pub began: Instant,
    /// What the store holds.
    pub contents: Contents,
    /// The bank.
    pub bank: BankState,
    /// The key service.
    pub keys: MemoryKeys,
    /// When the CRM was told that the session has ended.
    pub ended: Acknowledged,
    /// Reads without the PSU that the bank allows in a day, which is longer than a schedule about tokens.
    pub reads_allowed: u32,
    /// Those that it has answered.
    pub reads: AtomicU32,
    /// What it is about.
    pub mode: Mode,
    /// Since when the circuit lets nobody read.
    pub gate: Gate,
    health: Mutex<Health>,
    /// Reads without the PSU that reached the bank over days.
    pub book: Book,
    calm: AtomicBool,
    is_over: AtomicBool,
    fallen: mpsc::UnboundedSender<usize>,
    script: Mutex<VecDeque<Fate>>,
    trace: Option<Mutex<String>>,
    complaints: Mutex<Vec<String>>,
}

impl World {
    /// A calm world, and where it tells of instances that crashed.
    pub fn new(seed: u64, mode: Mode, traced: bool) -> (Arc<Self>, mpsc::UnboundedReceiver<usize>) {
        let chance = Chance::new(seed);
        let weather = Weather::drawn(&chance, mode);
        let bank = BankState::new(mode, &chance);
        let (fallen, falls) = mpsc::unbounded_channel();
        let world = Self {
            chance,
            weather,
            began: Instant::now(),
            contents: Contents::default(),
            bank,
            keys: MemoryKeys::default(),
            ended: Acknowledged::default(),
            reads_allowed: if mode == Mode::Reads { LIMIT } else { reads_allowed(seed) },
            reads: AtomicU32::new(0),
            mode,
            gate: Gate::default(),
            health: Mutex::new(Health::Well),
            book: Book::default(),
            calm: AtomicBool::new(true),
            is_over: AtomicBool::new(false),
            fallen,
            script: Mutex::default(),
            trace: traced.then(Mutex::default),
            complaints: Mutex::default(),
        };
        (Arc::new(world), falls)
    }

    /// Begins the time in which things go wrong as the seed wants.
    pub fn begin_trouble(&self) {
        self.calm.store(false, Ordering::Relaxed);
    }

    /// Ends it for good: blows that were to fall fall no more.
    pub fn end_trouble(&self) {
        self.calm.store(true, Ordering::Relaxed);
        self.be(Health::Well);
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Whether nothing goes wrong.
    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// The bank is so from now on.
    pub fn be(&self, health: Health) {
        *self.health.lock().unwrap() = health;
        self.note(|| format!("the bank is {health:?}"));
    }

    /// How the bank is.
    pub fn health(&self) -> Health {
        *self.health.lock().unwrap()
    }

    /// The bank falls ill and gets well again, again and again.
    pub async fn fall_ill(self: Arc<Self>) {
        loop {
            for health in [Health::Well, *self.chance.of(&[Health::WithoutData, Health::Failing, Health::Gone])] {
                self.be(health);
                sleep(self.chance.millis(60_000, 10_000_000)).await;
            }
        }
    }

    /// Adds a line to the trace, if there is one.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let _ = writeln!(trace.lock().unwrap(), "{:9.3} {}", self.began.elapsed().as_secs_f64(), line());
        }
    }

    /// Notes that an invariant does not hold.
    pub fn complain(&self, complaint: impl Into<String>) {
        let complaint = complaint.into();
        self.note(|| format!("VIOLATION {complaint}"));
        self.complaints.lock().unwrap().push(complaint);
    }

    /// Every invariant that did not hold, and the trace.
    pub fn verdict(&self) -> (Vec<String>, String) {
        let trace = self.trace.as_ref().map(|trace| trace.lock().unwrap().clone()).unwrap_or_default();
        (self.complaints.lock().unwrap().clone(), trace)
    }

    /// Sets what happens to the next calls at [`Point::Deed`], whatever the seed wants.
    pub fn script(&self, fates: impl IntoIterator<Item = Fate>) {
        self.script.lock().unwrap().extend(fates);
    }

    /// What happens to a call at that point.
    pub fn fate(&self, point: Point) -> Fate {
        let scripted = if point == Point::Deed { self.script.lock().unwrap().pop_front() } else { None };
        if let Some(fate) = scripted {
            return fate;
        }
        if self.is_calm() {
            return Fate::SMOOTH;
        }
        let (before, after) = (self.delay(), self.delay());
        Fate { before, after, mishap: self.mishap(point), blow: self.blow(point) }
    }

    fn delay(&self) -> Duration {
        match self.chance.below(40) {
            0 if self.weather.slow => self.chance.millis(1_000, 30_000),
            1 | 2 if self.weather.slow => self.chance.millis(100, 3_000),
            _ => self.chance.millis(1, 20),
        }
    }

    fn mishap(&self, point: Point) -> Mishap {
        let rarity = match point {
            Point::Look => 40,
            Point::Step => 15,
            Point::Deed => 5,
        };
        if !self.chance.one_in(rarity) {
            return Mishap::None;
        }
        match self.chance.below(3) {
            0 if self.weather.failing => Mishap::Fails,
            1 if self.weather.losing => Mishap::LosesAnswer,
            2 if self.weather.losing => Mishap::Late(self.chance.millis(1, 5_000)),
            _ => Mishap::None,
        }
    }

    fn blow(&self, point: Point) -> Option<(Blow, bool)> {
        let rarity = match point {
            Point::Look => 80,
            Point::Step => 25,
            Point::Deed => 10,
        };
        if !self.chance.one_in(rarity) {
            return None;
        }
        let is_before = self.chance.one_in(2);
        match self.chance.below(3) {
            0 if self.weather.crashing => Some((Blow::Crash, is_before)),
            1 if self.weather.freezing => Some((Blow::Freeze(self.chance.millis(100, 20_000)), is_before)),
            2 if self.weather.freezing => Some((Blow::Freeze(self.chance.millis(20_000, 100_000)), is_before)),
            _ => None,
        }
    }

    /// Lets the blow fall.
    pub fn strike(&self, life: &Life, blow: Blow) {
        if life.is_dead() || self.is_over.load(Ordering::Relaxed) {
            return;
        }
        self.note(|| format!("{} suffers {blow:?}", life.name));
        match blow {
            Blow::Crash => {
                life.crash();
                let _ = self.fallen.send(life.instance);
            }
            Blow::Freeze(time) => life.freeze(time),
        }
    }
}

/// Every other schedule has few reads; in the others nothing keeps anybody from refreshing.
fn reads_allowed(seed: u64) -> u32 {
    if seed.is_multiple_of(2) { 10_000 } else { u32::try_from(5 + seed % 12).unwrap() }
}
