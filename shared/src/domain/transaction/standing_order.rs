//! Standing orders, as entries for information tell of them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Money;

/// A standing order (Berlin Group 1.3.11, `standingOrderDetails`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StandingOrder {
    /// From this day on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub start_date: Option<Date>,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub end_date: Option<Date>,
    /// How often: a word of ISO 20022 `EventFrequency7Code`, such as `Monthly`, as the bank wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<String>,
    /// `following` or `preceding`: what happens on a day when banks are closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_rule: Option<String>,
    /// The day of the month, as the bank wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_of_execution: Option<String>,
    /// The months, as the bank wrote them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub months_of_execution: Vec<String>,
    /// Every how many of the frequency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiplicator: Option<u32>,
    /// The most that is transferred, where that is agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Money>,
}
