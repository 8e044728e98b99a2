//! How lists are asked for and how they go on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which transactions a list has (Berlin Group 1.3, `bookingStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BookingStatus {
    /// Those that will not change. Every bank must have them.
    Booked,
    /// Those that may change or vanish.
    Pending,
    /// Booked and pending ones.
    Both,
    /// Standing orders.
    Information,
    /// Everything.
    All,
}

impl BookingStatus {
    /// The standard's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Pending => "pending",
            Self::Both => "both",
            Self::Information => "information",
            Self::All => "all",
        }
    }
}

/// Which transactions can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BookingRules {
    /// What the bank has. Others are not asked for.
    pub offered: Vec<BookingStatus>,
    /// Whether booked transactions are asked for instead of what the bank has not, and that is told; otherwise the
    /// caller is refused.
    pub fallback: bool,
}

impl Default for BookingRules {
    fn default() -> Self {
        use BookingStatus::{All, Booked, Both, Information, Pending};
        Self { offered: vec![Booked, Pending, Both, Information, All], fallback: true }
    }
}

impl BookingRules {
    /// Whether the bank has these.
    pub fn offers(&self, status: BookingStatus) -> bool {
        status == BookingStatus::Booked || self.offered.contains(&status)
    }
}

/// Which days can be asked for. Days are counted back from today by the bank's calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DateWindow {
    /// The oldest day while the PSU is there; none if there is no bound.
    pub oldest_days_attended: Option<u16>,
    /// The oldest day while nobody is there; none if there is no bound.
    pub oldest_days_background: Option<u16>,
    /// How far back a list goes if the caller names no day.
    pub default_days: u16,
    /// How far back the hub goes after the bank refused a period that it set no bound for.
    pub clamp_days: u16,
    /// The longest period of one call; longer ones are read slice by slice, the newest first. None if there is no
    /// bound.
    pub slice_days: Option<u16>,
}

impl Default for DateWindow {
    fn default() -> Self {
        Self {
            oldest_days_attended: None,
            oldest_days_background: None,
            default_days: 90,
            clamp_days: 89,
            slice_days: None,
        }
    }
}

impl DateWindow {
    /// The bound on how old a day may be.
    pub const fn oldest_days(&self, attended: bool) -> Option<u16> {
        if attended { self.oldest_days_attended } else { self.oldest_days_background }
    }
}

/// How long lists go on, and which known lies of the bank's links are forgiven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Paging {
    /// Where the next page is found.
    pub style: PageStyle,
    /// The number of the first page, for pages by index.
    pub first: u32,
    /// How many entries a page has, for pages by index. A page with fewer is the last.
    pub size: u32,
    /// What a link of a page to itself means.
    pub self_link: LinkLie,
    /// What a link to another resource of the bank's means.
    pub other_resource: LinkLie,
    /// What becomes of a link to the host `null`.
    pub null_host: NullHost,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            style: PageStyle::default(),
            first: 0,
            size: 100,
            self_link: LinkLie::default(),
            other_resource: LinkLie::default(),
            null_host: NullHost::default(),
        }
    }
}

/// Where the next page of a list is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PageStyle {
    /// A link in the answer (`_links.next`).
    #[default]
    Links,
    /// The next number (`pageIndex`, `itemsPerPage`; Berlin Group 1.3.11).
    Index,
    /// There is one page.
    None,
}

/// What a link that is not a next page means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LinkLie {
    /// The answer is not taken: what is missing cannot be known.
    #[default]
    Refuse,
    /// The list ends here: this bank is known for it.
    End,
}

/// What becomes of a link to the host `null`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NullHost {
    /// It is foreign like any other.
    #[default]
    Refuse,
    /// The bank's own host is meant.
    Repair,
}

/// What becomes of a list that is offered as a download.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Downloads {
    /// The answer is not taken.
    #[default]
    Refuse,
    /// The download is the next page, if it lies below the list and is JSON.
    Follow,
}
