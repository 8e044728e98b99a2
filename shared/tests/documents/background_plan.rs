//! The schedule of background refreshes over a day, for the paper plan: two hundred thousand sessions, a twenty-fifth of what
//! the plan is about. Everything is counted, nothing is measured, so every run gives the same numbers.

use std::{collections::BTreeMap, fmt::Write, sync::LazyLock};

use jiff::{SignedDuration, Timestamp, civil::Time};
use shared::{
    domain::{
        bank::{BackgroundProfile, Bank, MaintenanceWindow},
        consent::{ConsentStatus, ConsentTerms},
        ids::SessionId,
        schedule::next_balances,
        session::SHARDS,
    },
    testing::samples,
};

use crate::markdown::hold_to;

/// How many sessions are counted, and how many times as many the plan is about.
const SESSIONS: u64 = 200_000;
const SCALE: u64 = 25;

/// Refreshes that one place under way makes in a minute: a run begins refreshes for 20 s of it, and a session takes 0.9 s (two
/// accounts one after the other and a new token, at a bank that answers in 0.3 s).
const EACH_PLACE: u64 = 22;

/// The shares of twelve banks, in hundredths of all sessions. The third is closed every night from 01:00 to 03:00.
const SHARES: [u64; 12] = [25, 16, 12, 9, 8, 7, 6, 5, 4, 3, 3, 2];
const CLOSED: usize = 2;

/// Midnight of the day that is counted.
const MIDNIGHT: i64 = 20_000 * 86_400;

/// Refreshes in each minute of the day, of something.
struct Minutes(Vec<u64>);

impl Minutes {
    fn new() -> Self {
        Self(vec![0; 1440])
    }

    fn peak(&self) -> u64 {
        self.0.iter().copied().max().unwrap()
    }

    fn sum(&self) -> u64 {
        self.0.iter().sum()
    }

    /// A row of the table, scaled to the whole.
    fn row(&self, what: &str) -> String {
        let (peak, sum) = (self.peak() * SCALE, self.sum() * SCALE);
        let (mean, hundredths) = (sum / 1440, peak * 144_000 / sum);
        format!("| {what} | {sum} | {mean} | {peak} | {}.{:02} |\n", hundredths / 100, hundredths % 100)
    }
}

fn id(number: u64) -> SessionId {
    // Bits that look random and are the same every time: a linear congruential generator, seeded by the number.
    let mut state = number.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x5851_f42d_4c95_7f2d;
    let bits: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        state.to_be_bytes()[0]
    })
    .take(16)
    .collect();
    SessionId::from_random(bits.try_into().unwrap())
}

fn banks() -> Vec<Bank> {
    let closed = MaintenanceWindow { weekday: None, from: Time::constant(1, 0, 0, 0), minutes: 120 };
    let bank = |place| Bank {
        background: BackgroundProfile::default(),
        maintenance: if place == CLOSED { vec![closed.clone()] } else { Vec::new() },
        ..samples::bank()
    };
    (0..SHARES.len()).map(bank).collect()
}

/// At which bank a session is.
fn bank_of(number: u64) -> usize {
    let hundredth = number % 100;
    let mut sum = 0;
    SHARES
        .iter()
        .position(|share| {
            sum += share;
            hundredth < sum
        })
        .unwrap()
}

struct Day {
    all: Minutes,
    shards: BTreeMap<u8, Minutes>,
    banks: BTreeMap<usize, Minutes>,
    at_a_shard: BTreeMap<(usize, u8), Minutes>,
}

/// The day, counted once.
static DAY: LazyLock<Day> = LazyLock::new(day);

/// Every refresh of one day, each claimed when it is due.
fn day() -> Day {
    let banks = banks();
    let consent =
        ConsentTerms { status: ConsentStatus::Valid, valid_until: None, frequency_per_day: 4, recurring: true };
    let begins = Timestamp::from_second(MIDNIGHT).unwrap();
    let ends = begins + SignedDuration::from_hours(24);
    let mut day =
        Day { all: Minutes::new(), shards: BTreeMap::new(), banks: BTreeMap::new(), at_a_shard: BTreeMap::new() };
    for number in 0..SESSIONS {
        let (id, place) = (id(number), bank_of(number));
        let shard = id.shard(SHARDS);
        let bank = &banks[place];
        let mut due = next_balances(bank, &id, &consent, begins).unwrap();
        while due < ends {
            let minute = usize::try_from((due.as_second() - MIDNIGHT) / 60).unwrap();
            day.all.0[minute] += 1;
            day.shards.entry(shard).or_insert_with(Minutes::new).0[minute] += 1;
            day.banks.entry(place).or_insert_with(Minutes::new).0[minute] += 1;
            day.at_a_shard.entry((place, shard)).or_insert_with(Minutes::new).0[minute] += 1;
            due = next_balances(bank, &id, &consent, due).unwrap();
        }
    }
    day
}

#[test]
fn the_paper_plan_tells_what_the_schedule_does() {
    let day = &*DAY;
    let fullest = day.shards.values().max_by_key(|minutes| minutes.peak()).unwrap();
    let mut table = "| refreshes of sessions | a day | a minute, mean | fullest minute | fullest : mean |\n\
                     | --- | --- | --- | --- | --- |\n"
        .to_owned();
    table += &day.all.row("all");
    table += &fullest.row("the fullest of 16 shards");
    table += &day.banks[&0].row("the largest bank, a quarter of all");
    table += &day.banks[&CLOSED].row("a bank with 12 %, closed from 01:00 to 03:00");
    hold_to("docs/background-refresh.md", "minutes", &table);

    let mut table =
        "| bank | a minute at one shard, mean | `in_flight` that this wants |\n| --- | --- | --- |\n".to_owned();
    for (place, what) in [(0, "a quarter of all"), (3, "9 %"), (11, "2 %")] {
        let of_bank = day.at_a_shard.iter().filter(|((bank, _), _)| *bank == place);
        let most = of_bank.map(|(_, minutes)| minutes.sum()).max().unwrap() * SCALE;
        let a_minute = most.div_ceil(1440);
        writeln!(table, "| {what} | {a_minute} | {} |", a_minute.div_ceil(EACH_PLACE)).unwrap();
    }
    hold_to("docs/background-refresh.md", "in_flight", &table);

    let mut table = "| hour | refreshes |\n| --- | --- |\n".to_owned();
    for hour in 0..24 {
        let count: u64 = day.all.0[hour * 60..(hour + 1) * 60].iter().sum::<u64>() * SCALE;
        writeln!(table, "| {hour:02}:00 | {count} |").unwrap();
    }
    hold_to("docs/background-refresh.md", "hours", &table);
}

/// Q7, at the plan's scale: no minute is much fuller than another, and the day is as full as it should be.
#[test]
fn no_minute_is_much_fuller_than_another() {
    let day = &*DAY;
    let expected = SESSIONS * 2;
    assert!(day.all.sum().abs_diff(expected) < expected / 100, "{}", day.all.sum());
    let mean = day.all.sum() / 1440;
    // But for what one bank puts off until after its nightly window, and that is spread as well.
    assert!(day.all.peak() < mean * 3 / 2, "{} against {mean}", day.all.peak());
    let closed = &day.banks[&CLOSED].0;
    assert_eq!(closed[60..180].iter().sum::<u64>(), 0, "nothing in the window");
    let (usual, after) = (closed[300..420].iter().sum::<u64>(), closed[180..300].iter().sum::<u64>());
    assert!(after > usual * 9 / 5 && after < usual * 11 / 5, "twice as many for as long: {after} against {usual}");
}
