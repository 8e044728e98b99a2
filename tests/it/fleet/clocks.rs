//! One process's clock is an hour off (V17, Q6): no limit is exceeded for it, and nothing that has ended begins again.

use http::{Method, StatusCode};
use it::{
    bench::crm::Answer,
    fleet::{Function, Size},
};
use jiff::SignedDuration;
use sandbox_bank::{JournalEntry, Rotation};
use serde_json::json;

use crate::{
    quota::{A_LITTLE, DAY, LIMIT, Watched, assert_no_day_has_too_many, reads},
    world::{World, seed},
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A process whose clock is off, and one whose clock is right.
struct Clocks {
    world: World,
    off: SignedDuration,
}

impl Clocks {
    /// Nobody's clock is off yet: a CRM that does not know of it would not be believed.
    async fn start(off: SignedDuration) -> Self {
        let world = World::of(Rotation::Grace, "", Size::of_each(1).with(Function::AccountProxy, 2)).await;
        Self { world, off }
    }

    fn put_off(&self) {
        self.world.hub.fleet.put_off(self.wrong(), self.off);
    }

    fn wrong(&self) -> usize {
        self.world.hub.fleet.of(Function::AccountProxy)[0]
    }

    fn right(&self) -> usize {
        self.world.hub.fleet.of(Function::AccountProxy)[1]
    }

    /// Asks the one with the wrong clock, by tokens that it takes for good.
    async fn ask_wrong(&self, path: &str) -> Answer {
        let crm = self.world.bench.crm().with_a_clock_off(self.off);
        crm.call_at(&self.world.url(self.wrong()), Method::GET, path, None, &[]).await
    }

    async fn ask_right(&self, path: &str) -> Answer {
        self.world.bench.crm().call_at(&self.world.url(self.right()), Method::GET, path, None, &[]).await
    }
}

/// The reads of a process that lags must not leave the window an hour early, and one that is ahead must not see them
/// leave an hour early.
#[tokio::test]
async fn a_clock_that_is_an_hour_off_gives_nobody_a_fifth_read() {
    for off in [HOUR, -HOUR] {
        let clocks = Clocks::start(off).await;
        let world = &clocks.world;
        let watched = Watched::connect(world).await;
        clocks.put_off();
        for day in 1..=3 {
            for read in 0..LIMIT {
                let answer = if read % 2 == 0 {
                    clocks.ask_wrong(&watched.balances).await
                } else {
                    clocks.ask_right(&watched.balances).await
                };
                assert_eq!(answer.status, StatusCode::OK, "seed {}, {off}, day {day}: {:?}", seed(), answer.body);
            }
            for hours in [0, 12, 11] {
                world.bench.advance(hours * 3600);
                for answer in [clocks.ask_wrong(&watched.balances).await, clocks.ask_right(&watched.balances).await] {
                    assert_eq!(answer.problem(), (429, "quota_exhausted"), "seed {}, {off}: {:?}", seed(), answer.body);
                }
            }
            // Half an hour before the day is over, the one that is ahead thinks it is.
            world.bench.advance(1800);
            for answer in [clocks.ask_wrong(&watched.balances).await, clocks.ask_right(&watched.balances).await] {
                assert_eq!(answer.problem(), (429, "quota_exhausted"), "seed {}, {off}: {:?}", seed(), answer.body);
            }
            assert_eq!(reads(world).len(), LIMIT * day, "seed {}, {off}", seed());
            world.bench.advance(DAY.as_secs() - 23 * 3600 - 1800 + A_LITTLE);
        }
        assert_no_day_has_too_many(world);
    }
}

/// Data that the bank gave.
fn given(world: &World) -> usize {
    let is_given = |entry: &JournalEntry| entry.status == Some(200);
    world.bench.reached("accounts").into_iter().filter(is_given).count()
}

/// A consent ends for everybody at its end. A process that is ahead does not end it for the others before that, one that
/// lags does not begin it again.
#[tokio::test]
async fn a_clock_that_is_an_hour_off_neither_ends_a_consent_nor_revives_one() {
    for off in [HOUR, -HOUR] {
        let clocks = Clocks::start(off).await;
        let world = &clocks.world;
        world.bench.control("POST", "/policy", json!({"longest_days": 2})).await;
        let session = world.bench.crm().connect("oauth").await;
        let path = format!("/v1/sessions/{session}");
        let accounts = format!("{path}/accounts");
        clocks.put_off();
        let shown = clocks.ask_right(&path).await;
        let end: jiff::Timestamp = end_of(&shown).parse().unwrap();
        let half_an_hour_before = end.as_second() - 1800 - world.bench.now().as_second();
        world.bench.advance(half_an_hour_before);
        let early = clocks.ask_wrong(&accounts).await;
        assert!([200, 409].contains(&early.status.as_u16()), "seed {}: {:?}", seed(), early.body);
        let answer = clocks.ask_right(&accounts).await;
        assert_eq!(answer.status, StatusCode::OK, "seed {}, {off}: {:?}", seed(), answer.body);
        world.bench.advance(3600);
        let over = clocks.ask_right(&accounts).await;
        assert_eq!(over.status, StatusCode::CONFLICT, "seed {}, {off}: {:?}", seed(), over.body);
        let before = given(world);
        let late = clocks.ask_wrong(&accounts).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "seed {}, {off}: {:?}", seed(), late.body);
        assert_eq!(clocks.ask_right(&accounts).await.problem(), over.problem(), "seed {}, {off}", seed());
        assert_eq!(given(world), before, "seed {}, {off}: the bank gave nothing any more", seed());
    }
}

/// When the consent ends, as the session is shown.
fn end_of(shown: &Answer) -> String {
    shown.body["ends"]["consent_at"].as_str().unwrap_or_else(|| panic!("{:?}", shown.body)).to_owned()
}
