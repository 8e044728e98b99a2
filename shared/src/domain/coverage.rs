//! What a list of transactions really covers, when that is not what was asked for.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::data_profile::BookingStatus;

/// What a list of transactions covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Coverage {
    /// Which transactions.
    pub status: BookingStatus,
    /// From this day on; absent where the list begins after an entry.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub from: Option<Date>,
    /// To this day; absent for today.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<String>, format = Date)]
    pub to: Option<Date>,
    /// Why this is not what was asked for; empty if it is.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notes: Vec<CoverageNote>,
}

/// Why a list is not what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoverageNote {
    /// The bank does not have the transactions of that status: only booked ones are listed.
    BookedOnly,
    /// The bank gives no data for days as old as that: the list begins later.
    PeriodShortened,
    /// The last good answer is told, and of that the first page only: the list goes on at the bank.
    FirstPageOnly,
    /// The bank ends the list with a link that leads nowhere: it may go on.
    MayBeIncomplete,
}

impl Coverage {
    /// Adds a note, once.
    pub fn note(&mut self, note: CoverageNote) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}
