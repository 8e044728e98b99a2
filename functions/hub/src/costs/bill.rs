//! The bill of a month.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{CostsArguments, model::Usage, prices::Prices};

/// What a month costs, and what for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bill {
    /// ISO 4217.
    pub currency: String,
    /// Where.
    pub region: String,
    /// When the prices were looked up.
    pub prices_as_of: String,
    /// By position, in the order of their names.
    pub positions: Vec<Position>,
    /// All of it.
    pub total: f64,
    /// What is paid although nobody calls.
    pub idle: f64,
    /// What is paid for the calls.
    pub calls: f64,
    /// What is paid for the sessions.
    pub sessions: f64,
    /// What a million calls more would cost; nothing if no calls were asked for.
    pub million_calls: Option<f64>,
    /// What 10,000 sessions more would cost a month; nothing if no sessions were asked for.
    pub ten_thousand_sessions: Option<f64>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Position {
    /// The position, as in the file of prices.
    pub name: String,
    /// How much.
    pub quantity: f64,
    /// Of what.
    pub unit: String,
    /// Although nobody calls.
    pub idle: f64,
    /// For the calls.
    pub calls: f64,
    /// For the sessions.
    pub sessions: f64,
    /// The price is an estimate.
    pub estimate: bool,
    /// Where the price is from.
    pub from: String,
}

impl Bill {
    /// The bill for that use.
    pub fn of(prices: &Prices, usage: &Usage, wanted: &CostsArguments) -> Self {
        let (idle, calls, sessions) = (summed(&usage.idle), summed(&usage.calls), summed(&usage.sessions));
        let positions: Vec<_> = prices
            .price
            .iter()
            .map(|(name, price)| {
                let units = |units: &BTreeMap<&str, f64>| units.get(name.as_str()).copied().unwrap_or_default();
                Position {
                    name: name.clone(),
                    quantity: units(&idle) + units(&calls) + units(&sessions),
                    unit: price.unit.clone(),
                    idle: prices.of(name, units(&idle)),
                    calls: prices.of(name, units(&calls)),
                    sessions: prices.of(name, units(&sessions)),
                    estimate: price.estimate,
                    from: price.from.clone(),
                }
            })
            .collect();
        let sum = |part: fn(&Position) -> f64| positions.iter().map(part).sum();
        let (idle, calls, sessions) = (sum(|line| line.idle), sum(|line| line.calls), sum(|line| line.sessions));
        Self {
            currency: prices.currency.clone(),
            region: prices.region.clone(),
            prices_as_of: prices.as_of.clone(),
            positions,
            total: idle + calls + sessions,
            idle,
            calls,
            sessions,
            million_calls: share(calls, wanted.calls, 1_000_000.0),
            ten_thousand_sessions: share(sessions, wanted.sessions, 10_000.0),
        }
    }
}

impl Position {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.idle + self.calls + self.sessions
    }
}

/// What so many would cost, if `many` cost that.
fn share(cost: f64, many: u32, so_many: f64) -> Option<f64> {
    (many > 0).then(|| cost / f64::from(many) * so_many)
}

/// The units of each position, however often it is named.
fn summed<'a>(units: &[(&'a str, f64)]) -> BTreeMap<&'a str, f64> {
    units.iter().fold(BTreeMap::new(), |mut sums, (name, units)| {
        *sums.entry(name).or_default() += units;
        sums
    })
}
