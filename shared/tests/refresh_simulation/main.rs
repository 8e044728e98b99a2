//! Runs the hub's own code of refreshes, reads, quota and circuit, thousands of times, under troubles that follow from a
//! seed.
//!
//! Some instances share a store, a key service and a bank, all in memory, on a clock that jumps to the next thing to
//! do. Every call of a port is a point at which the seed may delay it, fail it, lose its answer, or crash or freeze
//! the instance. What reaches the bank and what stands in the end is judged. `docs/refresh-protocol.md` tells more.
//!
//! `SIMULATION_SEEDS=n` runs so many schedules for each rotation mode, `SIMULATION_FIRST_SEED=s` begins at that seed. One
//! seed alone prints what happened.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::large_futures, reason = "flows lie on the stack of a test one in the other")]

mod bank;
mod bank_port;
mod chance;
mod clients;
mod ending;
mod fleet;
mod judge;
mod life;
mod ports;
mod scenarios;
mod schedule;
mod store;
mod world;

use std::{collections::BTreeMap, env};

use shared::domain::bank::Rotation;
use world::Mode;

/// How many schedules an ordinary test run explores for each rotation mode.
const SEEDS: u64 = 2_000;

/// How many failing seeds are told.
const TOLD: usize = 5;

#[test]
fn holds_without_rotation() {
    explore(Mode::Tokens(Rotation::None));
}

#[test]
fn holds_with_a_grace() {
    explore(Mode::Tokens(Rotation::Grace));
}

#[test]
fn holds_with_families() {
    explore(Mode::Tokens(Rotation::Family));
}

#[test]
fn holds_over_days_of_reading() {
    explore(Mode::Reads);
}

#[test]
fn a_seed_always_tells_the_same_story() {
    let modes = [Mode::Tokens(Rotation::Grace), Mode::Tokens(Rotation::Family), Mode::Reads];
    for (seed, mode) in (1..20).flat_map(|seed| modes.map(|mode| (seed, mode))) {
        let [first, second] = [(), ()].map(|()| schedule::run(seed, mode, true).trace);
        assert!(first.lines().count() > 10 && first == second, "{mode:?}, seed {seed}");
    }
}

fn explore(mode: Mode) {
    let (first, count) = (setting("SIMULATION_FIRST_SEED", 1), setting("SIMULATION_SEEDS", SEEDS));
    let mut endings: BTreeMap<&str, u64> = BTreeMap::new();
    let mut failed = Vec::new();
    for seed in first..first.saturating_add(count) {
        let verdict = schedule::run(seed, mode, count == 1);
        *endings.entry(verdict.ending).or_default() += 1;
        if count == 1 {
            println!("{}", verdict.trace);
        }
        if !verdict.complaints.is_empty() {
            failed.push((seed, verdict.complaints));
        }
    }
    println!("{mode:?}: {count} schedules from seed {first}, {endings:?}");
    let told: Vec<_> = failed.iter().take(TOLD).map(|(seed, complaints)| told(*seed, mode, complaints)).collect();
    assert!(failed.is_empty(), "{mode:?}: {} of {count} schedules fail\n{}", failed.len(), told.join("\n"));
}

/// What happened under a seed that failed, and how to see it again.
fn told(seed: u64, mode: Mode, complaints: &[String]) -> String {
    let trace = schedule::run(seed, mode, true).trace;
    format!("{mode:?}, SIMULATION_FIRST_SEED={seed} SIMULATION_SEEDS=1: {complaints:#?}\n{trace}")
}

fn setting(name: &str, default: u64) -> u64 {
    env::var_os(name).map_or(default, |value| value.to_str().unwrap().parse().unwrap())
}
