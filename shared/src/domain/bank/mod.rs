//! A bank as data: everything the hub knows of one ASPSP, checked. Documents are read in `config`.
//!
//! Types that stand in a document as they are derive `Deserialize` and `JsonSchema`; their defaults are the plain
//! standard, so that a document tells only what a bank does otherwise.

mod addresses;
mod background;
mod circuit;
mod consent;
mod facts;
mod limits;
mod maintenance;
mod oauth;
mod operations;
mod psu;
mod seal;
mod spike;
mod tls;

pub use addresses::{Addresses, WebOrigin};
pub use background::{BackgroundProfile, LimitHeaders};
pub use circuit::CircuitProfile;
pub use consent::{
    AccessRejected, Authorisation, ConsentKind, ConsentProfile, FirstMinutes, Polling, Preference, StatePlace,
};
pub use facts::{Assurance, Facts, Registration, RegistrationKind};
pub use limits::CallLimits;
pub use maintenance::{MaintenanceWindow, Weekday};
pub use oauth::{
    ApplicationToken, AuthorizeBy, AuthorizeProfile, Endpoints, OAuthProfile, Pkce, Rotation, ScaOAuthLink, Stage,
    TokenCallProfile,
};
pub use operations::{OperationProfile, Operations, StaticHeader};
pub use psu::{Incomplete, PsuHeader, PsuIdRejected, PsuIdRule, PsuProfile};
pub use seal::{SealKey, SealProfile};
pub use spike::SpikeProfile;
pub use tls::{HttpVersion, TlsProfile, TlsVersion};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{data_profile::DataProfile, ids::BankId};

/// One bank.
#[derive(Clone, Debug)]
pub struct Bank {
    /// The hub's name of it.
    pub id: BankId,
    /// What people call it.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 9362.
    pub bic: Option<String>,
    /// What people know of it and of its document.
    pub facts: Facts,
    /// How we are registered there.
    pub registration: Registration,
    /// Which standard it speaks.
    pub dialect: Dialect,
    /// Where its interfaces are.
    pub addresses: Addresses,
    /// Who we are to it, and whom we trust there.
    pub tls: TlsProfile,
    /// How requests are signed, if they are.
    pub seal: Option<SealProfile>,
    /// Its authorisation server, if it has one.
    pub oauth: Option<OAuthProfile>,
    /// What its consents allow.
    pub consent: ConsentProfile,
    /// What it wants to know of the PSU.
    pub psu: PsuProfile,
    /// What single kinds of calls need.
    pub operations: Operations,
    /// Bounds on calls.
    pub limits: CallLimits,
    /// When its circuit opens.
    pub circuit: CircuitProfile,
    /// How many calls it gets in a time, if that is bounded.
    pub spike_arrest: Option<SpikeProfile>,
    /// What it allows while no PSU is there.
    pub background: BackgroundProfile,
    /// When it is not there by announcement.
    pub maintenance: Vec<MaintenanceWindow>,
    /// How its data calls differ from the standard.
    pub data: DataProfile,
}

/// Which standard a bank speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Berlin Group NextGenPSD2 1.3.
    BerlinGroup,
}

impl Dialect {
    /// The name and version told to the CRM.
    pub const fn name_and_version(self) -> (&'static str, &'static str) {
        match self {
            Self::BerlinGroup => ("berlin-group", "1.3"),
        }
    }
}
