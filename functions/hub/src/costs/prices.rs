//! Prices and assumptions from a file. Every name must be known and none may be missing, so that a misspelt price is a mistake
//! and not a position that costs nothing.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The file that comes with the program.
pub const BUILT_IN: &str = include_str!("../../costs/prices.toml");

/// Every position that has a price.
pub const POSITIONS: [&str; 25] = [
    "armor_policies",
    "armor_requests",
    "armor_rules",
    "edge_data",
    "edge_rules",
    "egress_addresses",
    "egress_data",
    "firestore_deletes",
    "firestore_reads",
    "firestore_storage",
    "firestore_writes",
    "images",
    "kms_asymmetric_versions",
    "kms_operations",
    "kms_signatures",
    "kms_symmetric_versions",
    "log_intake",
    "log_keeping",
    "nat_data",
    "nat_instances",
    "run_cpu",
    "run_memory",
    "scheduler_jobs",
    "secret_reads",
    "secret_versions",
];

/// A file of prices.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// ISO 4217.
    pub currency: String,
    /// Where.
    pub region: String,
    /// When the prices were looked up, as a date.
    pub as_of: String,
    /// By position.
    pub price: BTreeMap<String, Price>,
    /// What is there although nobody calls.
    pub deployment: Deployment,
    /// What no test counts.
    pub assumed: Assumed,
}

/// What something costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// In the file's currency.
    #[serde(rename = "price")]
    pub amount: f64,
    /// For so many units.
    pub per: u32,
    /// The unit.
    pub unit: String,
    /// No document with this number was found.
    #[serde(default)]
    pub estimate: bool,
    /// Where the number is from.
    pub from: String,
}

/// What a deployment has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    pub instances: f64,
    pub instances_behind_nat: f64,
    pub instance_cpu: f64,
    pub instance_memory_gib: f64,
    pub symmetric_versions: f64,
    pub asymmetric_versions: f64,
    pub secret_versions: f64,
    pub scheduled_jobs: f64,
    pub armor_policies: f64,
    pub armor_rules: f64,
    pub egress_addresses: f64,
    pub images_gib: f64,
}

/// What is taken for granted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    pub seconds_a_call: f64,
    pub calls_at_once: f64,
    pub identity_looks_a_month: f64,
    pub bank_bytes_a_call: f64,
    pub crm_bytes_a_call: f64,
    pub log_bytes_a_request: f64,
    pub log_bytes_an_operation: f64,
    pub session_bytes: f64,
    pub account_bytes: f64,
    pub audit_bytes: f64,
    pub months_kept: f64,
    pub days_of_consent: f64,
}

/// What is wrong with a file of prices, all of it.
#[derive(Debug, thiserror::Error)]
pub enum WrongPrices {
    /// It is no TOML, or has other fields.
    #[error("{}", .0.message())]
    Form(#[from] toml::de::Error),
    /// Names or values are wrong.
    #[error("{}", .0.join("; "))]
    Values(Vec<String>),
}

impl Prices {
    /// The prices of that text.
    pub fn parse(text: &str) -> Result<Self, WrongPrices> {
        let prices: Self = toml::from_str(text)?;
        let mistakes = prices.mistakes();
        if mistakes.is_empty() { Ok(prices) } else { Err(WrongPrices::Values(mistakes)) }
    }

    /// What so many units of a position cost.
    pub fn of(&self, position: &str, units: f64) -> f64 {
        self.price.get(position).map_or(0.0, |price| price.amount * units / f64::from(price.per))
    }

    fn mistakes(&self) -> Vec<String> {
        let unknown = self.price.keys().filter(|name| !POSITIONS.contains(&name.as_str()));
        let missing = POSITIONS.into_iter().filter(|name| !self.price.contains_key(*name));
        let no_price = self.price.iter().filter(|(_, price)| price.per == 0 || !is_quantity(price.amount));
        let named = unknown.map(|name| format!("price.{name}: there is no such position"));
        let named = named.chain(missing.map(|name| format!("price.{name}: is missing")));
        let named = named.chain(no_price.map(|(name, _)| format!("price.{name}: is no price")));
        let quantities = self.deployment.quantities().into_iter().chain(self.assumed.quantities());
        let wrong = quantities.filter(|(_, value)| !is_quantity(*value));
        let named = named.chain(wrong.map(|(name, _)| format!("{name}: is no quantity")));
        let divisors = self.assumed.divisors().into_iter().filter(|(_, value)| *value == 0.0);
        named.chain(divisors.map(|(name, _)| format!("{name}: must be above 0"))).collect()
    }
}

/// Whether it can be multiplied into a bill: a number, not negative.
fn is_quantity(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

impl Deployment {
    fn quantities(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("deployment.instances", self.instances),
            ("deployment.instances_behind_nat", self.instances_behind_nat),
            ("deployment.instance_cpu", self.instance_cpu),
            ("deployment.instance_memory_gib", self.instance_memory_gib),
            ("deployment.symmetric_versions", self.symmetric_versions),
            ("deployment.asymmetric_versions", self.asymmetric_versions),
            ("deployment.secret_versions", self.secret_versions),
            ("deployment.scheduled_jobs", self.scheduled_jobs),
            ("deployment.armor_policies", self.armor_policies),
            ("deployment.armor_rules", self.armor_rules),
            ("deployment.egress_addresses", self.egress_addresses),
            ("deployment.images_gib", self.images_gib),
        ]
    }
}

impl Assumed {
    fn quantities(&self) -> Vec<(&'static str, f64)> {
        let others = [
            ("assumed.seconds_a_call", self.seconds_a_call),
            ("assumed.identity_looks_a_month", self.identity_looks_a_month),
            ("assumed.bank_bytes_a_call", self.bank_bytes_a_call),
            ("assumed.crm_bytes_a_call", self.crm_bytes_a_call),
            ("assumed.log_bytes_a_request", self.log_bytes_a_request),
            ("assumed.log_bytes_an_operation", self.log_bytes_an_operation),
            ("assumed.session_bytes", self.session_bytes),
            ("assumed.account_bytes", self.account_bytes),
            ("assumed.audit_bytes", self.audit_bytes),
            ("assumed.months_kept", self.months_kept),
        ];
        others.into_iter().chain(self.divisors()).collect()
    }

    fn divisors(&self) -> [(&'static str, f64); 2] {
        [("assumed.calls_at_once", self.calls_at_once), ("assumed.days_of_consent", self.days_of_consent)]
    }
}
