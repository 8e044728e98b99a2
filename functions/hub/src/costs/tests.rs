//! The bill grows with the use and by nothing else; a file of prices is taken as a whole or not at all.

mod limits;

use std::fs;

use clap::Parser;

use super::{CostsArguments, bill::Bill, bill_for, counts::Counts, prices, prices::Prices, printing};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    costs: CostsArguments,
}

fn wanted(arguments: &str) -> CostsArguments {
    Line::try_parse_from(format!("costs {arguments}").split_whitespace()).unwrap().costs
}

fn bill(arguments: &str) -> Bill {
    bill_for(&wanted(arguments), &Prices::parse(prices::BUILT_IN).unwrap(), &Counts::counted().unwrap())
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1.0)
}

/// Kinds of use to try everything with.
const USES: [&str; 6] = [
    "--calls 0 --sessions 0",
    "--calls 1000000 --sessions 0",
    "--calls 0 --sessions 10000",
    "--calls 7 --sessions 3 --accounts 1 --refreshes-per-day 4",
    "--calls 300000000 --sessions 2000000 --calls-per-visit 1",
    "--calls 5000 --sessions 500 --accounts 40 --refreshes-per-day 0 --lasting-tokens",
];

#[test]
fn twice_the_use_is_twice_the_cost_beside_what_is_idle() {
    for (calls, sessions) in [(1_000, 50), (2_000_000, 30_000), (10, 900_000)] {
        let once = bill(&format!("--calls {calls} --sessions {sessions}"));
        let twice = bill(&format!("--calls {} --sessions {}", 2 * calls, 2 * sessions));
        assert!(near(once.idle, twice.idle));
        assert!(near(2.0 * once.calls, twice.calls), "{} {}", once.calls, twice.calls);
        assert!(near(2.0 * once.sessions, twice.sessions), "{} {}", once.sessions, twice.sessions);
        assert!(near(once.million_calls.unwrap(), twice.million_calls.unwrap()));
        assert!(near(once.ten_thousand_sessions.unwrap(), twice.ten_thousand_sessions.unwrap()));
    }
}

#[test]
fn no_position_is_ever_negative_and_they_sum_up() {
    for arguments in USES {
        let bill = bill(arguments);
        for position in &bill.positions {
            assert!(position.idle >= 0.0 && position.calls >= 0.0 && position.sessions >= 0.0, "{position:?}");
            assert!(position.quantity >= 0.0 && position.total().is_finite(), "{position:?}");
        }
        let sum: f64 = bill.positions.iter().map(super::bill::Position::total).sum();
        assert!(near(sum, bill.total) && near(bill.idle + bill.calls + bill.sessions, bill.total), "{arguments}");
    }
}

#[test]
fn who_asks_for_no_calls_and_no_sessions_pays_what_is_idle() {
    let bill = bill(USES[0]);
    assert!(bill.idle > 0.0 && near(bill.idle, bill.total));
    assert_eq!((bill.million_calls, bill.ten_thousand_sessions), (None, None));
}

#[test]
fn more_of_anything_never_costs_less() {
    let least = bill("--calls 1000 --sessions 1000 --accounts 1 --refreshes-per-day 1 --lasting-tokens");
    for more in [
        "--calls 1001 --sessions 1000 --accounts 1 --refreshes-per-day 1 --lasting-tokens",
        "--calls 1000 --sessions 1001 --accounts 1 --refreshes-per-day 1 --lasting-tokens",
        "--calls 1000 --sessions 1000 --accounts 2 --refreshes-per-day 1 --lasting-tokens",
        "--calls 1000 --sessions 1000 --accounts 1 --refreshes-per-day 2 --lasting-tokens",
        "--calls 1000 --sessions 1000 --accounts 1 --refreshes-per-day 1",
        "--calls 1000 --calls-per-visit 4 --sessions 1000 --accounts 1 --refreshes-per-day 1 --lasting-tokens",
    ] {
        assert!(bill(more).total > least.total, "{more}");
    }
}

/// A refresh of two accounts with a new token, as docs/background-refresh.md counts it: three reads, seven writes, six uses
/// of keys at most.
#[test]
fn a_refresh_is_what_was_counted() {
    let counts = Counts::counted().unwrap();
    let all = counts.refresh_with_token.plus(counts.refreshed_account.times(2.0));
    assert!((2.0..=4.0).contains(&all.reads) && near(all.writes, 7.0) && near(all.bank, 3.0), "{all:?}");
    assert!(all.keys > 3.0 && all.keys <= 6.0, "{all:?}");
    assert!(near(counts.warm_call.reads, 1.0) && near(counts.warm_call.writes, 0.0), "{:?}", counts.warm_call);
}

#[test]
fn a_price_that_is_unknown_missing_or_none_is_a_mistake() {
    let mistakes = |from: &str, to: &str| {
        assert!(prices::BUILT_IN.contains(from), "{from}");
        Prices::parse(&prices::BUILT_IN.replacen(from, to, 1)).unwrap_err().to_string()
    };
    assert_eq!(
        mistakes("[price.nat_data]", "[price.nat_date]"),
        "price.nat_date: there is no such position; price.nat_data: is missing",
    );
    assert_eq!(mistakes("price = 0.045", "price = -0.045"), "price.nat_data: is no price");
    assert_eq!(mistakes("price = 0.045", "price = inf"), "price.nat_data: is no price");
    assert_eq!(mistakes("per = 10_000", "per = 0"), "price.kms_operations: is no price");
    assert_eq!(mistakes("calls_at_once = 48", "calls_at_once = 0"), "assumed.calls_at_once: must be above 0");
    assert_eq!(mistakes("armor_rules = 10", "armor_rules = -1"), "deployment.armor_rules: is no quantity");
    assert!(mistakes("months_kept = 60", "month_kept = 60").contains("month_kept"));
    assert!(mistakes("currency = \"USD\"", "").contains("currency"));
}

#[test]
fn every_price_says_where_it_is_from() {
    let prices = Prices::parse(prices::BUILT_IN).unwrap();
    assert!(prices.price.values().all(|price| price.from.len() > 10 && !price.unit.is_empty()));
    assert!(!prices::BUILT_IN.contains("://"), "documents are named by their titles");
}

#[test]
fn the_table_tells_each_position_and_the_sums() {
    let bill = bill(USES[3]);
    let text = printing::table(&bill);
    for position in bill.positions.iter().filter(|position| position.total() > 0.0) {
        assert!(text.contains(&position.name), "{}", position.name);
    }
    assert!(text.contains(&format!("{:.2}", bill.total)) && text.contains("a million calls"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 120), "{text}");
}

/// What stands idle is what infra/ makes for production.
#[test]
fn the_deployment_is_the_one_of_infra() {
    let infra = |file: &str| {
        let path = format!("{}/../../infra/{file}", env!("CARGO_MANIFEST_DIR"));
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let deployment = Prices::parse(prices::BUILT_IN).unwrap().deployment;
    let (_, scaling) =
        infra("envs/prod.tfvars").split_once("\nscaling = {").map(|(a, b)| (a.len(), b.to_owned())).unwrap();
    let scaling = scaling.split_once("\n}").unwrap().0.to_owned();
    let least = |line: &str| Some(line.split_once("least = ")?.1.split(',').next()?.parse::<f64>().unwrap());
    let behind_nat = scaling.lines().filter(|line| !line.contains("authorize-page")).filter_map(least).sum::<f64>();
    assert!(near(deployment.instances, scaling.lines().filter_map(least).sum()), "{scaling}");
    assert!(near(deployment.instances_behind_nat, behind_nat), "{scaling}");
    let blocks = |file: &str, block: &str| f64::from(u32::try_from(infra(file).matches(block).count()).unwrap());
    assert!(near(deployment.armor_rules, blocks("armor.tf", "\n  rule {")));
    assert!(near(deployment.armor_policies, blocks("armor.tf", "resource \"google_compute_security_policy\"")));
    let jobs = infra("jobs.tf");
    let jobs = jobs.split_once("\n  jobs = {").unwrap().1.split_once("\n  }").unwrap().0.to_owned();
    assert!(near(deployment.scheduled_jobs, f64::from(u32::try_from(jobs.matches("service = ").count()).unwrap())));
}
