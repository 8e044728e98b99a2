//! Runs the hub's own refresh code, thousands of times, under troubles that follow from a seed.
//!
//! Some instances share a store, a key service and a bank, all in memory, on a clock that jumps to the next thing to
//! do. Every call of a port is a point at which the seed may delay it, fail it, lose its answer, or crash or freeze
//! the instance. What reaches the bank and what stands in the end is judged. `docs/refresh-protocol.md` tells more.
//!
//! `SIMULATION_SEEDS=n` runs so many schedules for each rotation mode, `SIMULATION_FIRST_SEED=s` begins at that seed. One
//! seed alone prints what happened.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test stops at the first surprise")]

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

/// How many schedules an ordinary test run explores for each rotation mode.
const SEEDS: u64 = 2_000;

/// How many failing seeds are told.
const TOLD: usize = 5;

#[test]
fn holds_without_rotation() {
    explore(Rotation::None);
}

#[test]
fn holds_with_a_grace() {
    explore(Rotation::Grace);
}

#[test]
fn holds_with_families() {
    explore(Rotation::Family);
}

#[test]
fn a_seed_always_tells_the_same_story() {
    for (seed, rotation) in (1..20).flat_map(|seed| [Rotation::Grace, Rotation::Family].map(|mode| (seed, mode))) {
        let [first, second] = [(), ()].map(|()| schedule::run(seed, rotation, true).trace);
        assert!(first.lines().count() > 10 && first == second, "{rotation:?}, seed {seed}");
    }
}

fn explore(rotation: Rotation) {
    let (first, count) = (setting("SIMULATION_FIRST_SEED", 1), setting("SIMULATION_SEEDS", SEEDS));
    let mut endings: BTreeMap<&str, u64> = BTreeMap::new();
    let mut failed = Vec::new();
    for seed in first..first.saturating_add(count) {
        let verdict = schedule::run(seed, rotation, count == 1);
        *endings.entry(verdict.ending).or_default() += 1;
        if count == 1 {
            println!("{}", verdict.trace);
        }
        if !verdict.complaints.is_empty() {
            failed.push((seed, verdict.complaints));
        }
    }
    println!("{rotation:?}: {count} schedules from seed {first}, {endings:?}");
    let told: Vec<_> = failed.iter().take(TOLD).map(|(seed, complaints)| told(*seed, rotation, complaints)).collect();
    assert!(failed.is_empty(), "{rotation:?}: {} of {count} schedules fail\n{}", failed.len(), told.join("\n"));
}

/// What happened under a seed that failed, and how to see it again.
fn told(seed: u64, rotation: Rotation, complaints: &[String]) -> String {
    let trace = schedule::run(seed, rotation, true).trace;
    format!("{rotation:?}, SIMULATION_FIRST_SEED={seed} SIMULATION_SEEDS=1: {complaints:#?}\n{trace}")
}

fn setting(name: &str, default: u64) -> u64 {
    env::var_os(name).map_or(default, |value| value.to_str().unwrap().parse().unwrap())
}
