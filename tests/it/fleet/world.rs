//! A fleet, a bank, and what tests do to them.

use std::{collections::BTreeMap, fmt::Write, future::Future, sync::Arc, time::Duration};

use http::Method;
use it::{
    bench::{Bench, crm::Answer, hub_side::production::Production},
    fleet::{Function, Size},
};
use sandbox_bank::{JournalEntry, Rotation};
use shared::{
    domain::{code_hash::sha256, refresh::LEASE, session::Session},
    ports::{documents::Collection, documents::Key, entropy::random},
    testing::entropy::SeededEntropy,
};
use tokio::time::{Instant, sleep};

/// How long anything may take before a test gives up on it. Nothing waits for so long in order to pass.
const PATIENCE: Duration = Duration::from_mins(2);

/// A little longer than a lease, by the clock that the tests move.
pub const PAST_A_LEASE: i64 = LEASE.as_secs().cast_signed() + 5;

/// Past the time for which a caller waits for somebody else's refresh, by the same clock: without it those who wait for
/// a process that was killed would wait as long as the hub works on any request.
pub const PAST_PATIENCE: i64 = 20;

/// Past the life of an access token, by the same clock.
pub const PAST_A_TOKEN: i64 = 301;

/// A fleet under test.
pub struct World {
    pub bench: Bench,
    pub hub: Arc<Production>,
    dice: SeededEntropy,
}

impl World {
    /// Three processes of each function that has anything to do in the test.
    pub async fn start(rotation: Rotation) -> Self {
        Self::of(rotation, "", Size::of_each(3)).await
    }

    /// So many processes, with these further lines in the banks' documents.
    pub async fn of(rotation: Rotation, further: &str, size: Size) -> Self {
        let (bench, hub) = Bench::on_a_fleet(rotation, further, size).await;
        bench.allow_several_consents().await;
        Self { bench, hub, dice: SeededEntropy::new(seed()) }
    }

    /// A number below that one.
    pub fn dice(&self, below: u64) -> u64 {
        u64::from_be_bytes(random(&self.dice).unwrap()) % below
    }

    /// One process of the function.
    pub fn any(&self, function: Function) -> usize {
        let processes = self.hub.fleet.of(function);
        processes[usize::try_from(self.dice(processes.len() as u64)).unwrap()]
    }

    /// Asks that very process for the session's accounts, the PSU being there.
    pub async fn read_at(&self, process: usize, session: &str) -> Answer {
        self.try_read_at(process, session).await.unwrap()
    }

    /// The same, of a process that may be killed over it.
    pub async fn try_read_at(&self, process: usize, session: &str) -> Option<Answer> {
        let (url, presence) = (self.url(process), self.bench.crm().presence(session));
        let path = format!("/v1/sessions/{session}/accounts");
        self.bench.crm().try_at(&url, Method::GET, &path, None, &[("psu-presence", &presence)]).await.ok()
    }

    /// Where that process is.
    pub fn url(&self, process: usize) -> String {
        format!("http://{}", self.hub.fleet.address(process))
    }

    /// Asks that very process, the PSU not being there. The process may be killed over it.
    pub async fn background_at(&self, process: usize, path: &str) -> Option<Answer> {
        self.bench.crm().try_at(&self.url(process), Method::GET, path, None, &[]).await.ok()
    }

    /// Asks any process for the session's accounts, the PSU being there.
    pub async fn read(&self, session: &str) -> Answer {
        let presence = self.bench.crm().presence(session);
        self.bench.crm().get_with(&format!("/v1/sessions/{session}/accounts"), &[("psu-presence", &presence)]).await
    }

    /// So many such calls at once.
    pub async fn read_many(&self, session: &str, times: usize) -> Vec<Answer> {
        futures::future::join_all((0..times).map(|_| self.read(session))).await
    }

    /// Makes the bank's token endpoint answer late, so many times.
    pub async fn slow_tokens(&self, millis: u64, times: u32) {
        self.bench.fault("token", serde_json::json!({"kind": "delay", "millis": millis}), times).await;
    }

    /// Refreshes that reached the bank, in their order.
    pub fn refreshes(&self) -> Vec<JournalEntry> {
        let is_refresh = |entry: &JournalEntry| entry.grant_type.as_deref() == Some("refresh_token");
        self.bench.reached("token").into_iter().filter(is_refresh).collect()
    }

    /// What is stored of the session.
    pub async fn stored(&self, session: &str) -> Session {
        let key = Key::new(Collection::Sessions, session);
        self.bench.documents().read(&key).await.unwrap().unwrap().document.parse().unwrap()
    }

    /// The SHA-256, in hexadecimal, of the refresh token that is stored of the only session.
    pub async fn stored_refresh_token(&self) -> String {
        let secrets = self.bench.secrets_at_the_bank().await;
        let (_, token) = secrets.into_iter().find(|(name, _)| *name == "the refresh token").unwrap();
        sha256(token.as_bytes()).iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    /// V2: where tokens rotate, one is used again only after the lease of the last use has run out; and where a second
    /// use may be taken for theft there is no third. (A token that does not rotate is used again as a matter of course.)
    pub fn assert_no_token_was_used_too_often(&self, rotation: Rotation) {
        if rotation == Rotation::None {
            return;
        }
        let mut uses: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for entry in self.refreshes() {
            uses.entry(entry.token_sha256).or_default().push(entry.at);
        }
        for (token, instants) in uses {
            let times = instants.len();
            assert!(rotation == Rotation::Grace || times <= 2, "seed {}: {token:?} was used {times} times", seed());
            let pauses = instants.windows(2).map(|pair| pair[1].duration_since(pair[0]));
            for pause in pauses {
                assert!(pause.unsigned_abs() >= LEASE, "seed {}: {token:?} was used again after {pause}", seed());
            }
        }
    }
}

/// Decides everything that is left to chance. `FLEET_SEED` names another.
pub fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "to repeat a run")]
    std::env::var("FLEET_SEED").map_or(1, |seed| seed.parse().unwrap())
}

/// Waits until it is so.
pub async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    until_async(what, || std::future::ready(is_so())).await;
}

/// Waits until it is so.
pub async fn until_async<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let patience_ends = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < patience_ends, "seed {}: never came true: {what}", seed());
        sleep(Duration::from_millis(5)).await;
    }
}
