//! A consent that is being granted: from the CRM's wish to its redeeming the activation code.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Access, SessionStatus, lapse::LapseReason};
use crate::domain::{grant::StoredGrant, ids::FlowId};

/// A consent being granted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// The flow that carries it.
    pub flow: FlowId,
    /// Where the browser goes at the end; registered by the tenant.
    pub return_url: Url,
    /// When the CRM asked for it.
    pub started_at: Timestamp,
    /// When the present stage ends by itself.
    pub expires_at: Timestamp,
    /// When to ask the bank again how the consent stands, while it is pending there.
    pub look_again_at: Option<Timestamp>,
    /// How far it has come.
    pub stage: AttemptStage,
    /// What an earlier leg of the journey brought, sealed: ended at the bank if the journey comes to nothing.
    #[serde(default)]
    pub kept: Option<StoredGrant>,
    /// Whether the PSU authenticates on another device, so that no browser comes back.
    #[serde(default)]
    pub is_decoupled: bool,
    /// Whether the bank ends the PSU's other consents when this one becomes valid.
    #[serde(default)]
    pub ends_others: bool,
}

/// How far a consent being granted has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptStage {
    /// The PSU has not come back from the bank.
    AwaitingPsu,
    /// The PSU came back and the code is being redeemed; nobody else may redeem it.
    Redeeming,
    /// The bank has granted; the CRM must redeem the activation code that came back with the browser.
    AwaitingActivation(
        /// What will be in force.
        Box<Access>,
    ),
}

impl Attempt {
    /// When upkeep must see to it.
    pub(super) fn due_at(&self) -> Timestamp {
        self.look_again_at.map_or(self.expires_at, |look| look.min(self.expires_at))
    }

    /// Whether the PSU has yet to authenticate on another device.
    pub const fn awaits_another_device(&self) -> bool {
        match &self.stage {
            AttemptStage::AwaitingActivation(access) => self.is_decoupled && access.consent.status.is_pending(),
            AttemptStage::AwaitingPsu | AttemptStage::Redeeming => false,
        }
    }

    /// Where it stands, as the CRM sees it.
    pub const fn status(&self) -> SessionStatus {
        match self.stage {
            AttemptStage::AwaitingPsu => SessionStatus::AwaitingPsu,
            AttemptStage::Redeeming => SessionStatus::Confirming,
            AttemptStage::AwaitingActivation(_) if self.awaits_another_device() => SessionStatus::AwaitingPsu,
            AttemptStage::AwaitingActivation(_) => SessionStatus::AwaitingActivation,
        }
    }

    /// What it means that this stage ended by itself.
    pub const fn lapse_reason(&self) -> LapseReason {
        match self.stage {
            AttemptStage::AwaitingPsu => LapseReason::ScaExpired,
            AttemptStage::Redeeming => LapseReason::ScaFailed,
            AttemptStage::AwaitingActivation(_) if self.awaits_another_device() => LapseReason::ScaExpired,
            AttemptStage::AwaitingActivation(_) => LapseReason::NotActivated,
        }
    }
}
