//! What a bank allows while no PSU is there, and how its data is kept fresh without one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a bank allows while no PSU is there, and how its data is kept fresh without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BackgroundProfile {
    /// Reads of one account and kind of data in any 24 hours that this bank allows. Four is what the law gives
    /// (Delegated Regulation 2018/389, Art. 36(5)(b)); more only where it was agreed. A consent that grants fewer holds.
    #[schemars(range(min = 1, max = 10_000))]
    pub reads_per_day: u32,
    /// Whether each page of a list counts as a read of its own. Otherwise a list is one read, however many pages it has.
    pub pages_count: bool,
    /// Headers in which the bank tells what is left of a limit.
    pub headers: LimitHeaders,
    /// Refreshes of one consent's tokens in any 24 hours, where the bank bounds them.
    #[schemars(range(min = 1, max = 10_000))]
    pub token_refreshes_per_day: Option<u32>,
    /// How often a day the balances are refreshed without anybody asking; 0 for never. What is left of the reads is the
    /// CRM's.
    #[schemars(range(max = 24))]
    pub refreshes_per_day: u32,
    /// Refreshes that one run of the job has under way at this bank.
    #[schemars(range(min = 1, max = 1_000))]
    pub in_flight: u32,
    /// Refreshes of a cycle that go first, one by one. Where they meet a failure or a form of answers that was not seen
    /// before, the others wait for the next cycle. 0 for none.
    #[schemars(range(max = 100))]
    pub canaries: u32,
}

impl Default for BackgroundProfile {
    fn default() -> Self {
        Self {
            reads_per_day: 4,
            pages_count: false,
            headers: LimitHeaders::default(),
            token_refreshes_per_day: None,
            refreshes_per_day: 2,
            in_flight: 4,
            canaries: 3,
        }
    }
}

/// Headers in which a bank tells what is left of a limit on reads without the PSU.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitHeaders {
    /// How many reads are left, a whole number.
    pub remaining: Option<String>,
    /// When there are new ones: seconds from now, or an instant as RFC 3339 text or seconds since 1970.
    pub reset: Option<String>,
}
