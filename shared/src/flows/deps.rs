//! What flows are made of.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use jiff::Timestamp;
use tokio_util::task::TaskTracker;
use url::Url;
use uuid::Uuid;

use super::{bank_call::BankCalls, single_flight::SingleFlight, trouble::Trouble, vault::Vault};
use crate::{
    domain::{
        bank::Bank,
        ids::{BankId, OwnerId, TenantId},
        pseudonym::PseudonymKey,
        tenant::Webhook,
    },
    ports::{
        clock::Clock,
        entropy::{Entropy, NoEntropy, random},
        identities::Identities,
        store::Store,
    },
    protocol::cursor::Cursors,
};

/// Everything that a flow may use. One per process.
pub struct Deps {
    /// Sessions, flows and audit records.
    pub store: Store,
    /// Seals and opens.
    pub vault: Vault,
    /// Calls banks, on the record.
    pub calls: BankCalls,
    /// Who we are to banks.
    pub identities: Arc<dyn Identities>,
    /// Every bank there is a document for.
    pub banks: Banks,
    /// Where tenants want to be told of what happens.
    pub webhooks: Webhooks,
    /// Turns customers' references and account numbers into names of the hub's own.
    pub pseudonyms: PseudonymKey,
    /// Seals paging positions.
    pub cursors: Cursors,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// This instance, as leases name it.
    pub owner: OwnerId,
    /// Refreshes under way in this instance.
    pub refreshing: SingleFlight,
    /// Work that outlives its caller. The process waits for it at its end, as long as the platform lets it.
    pub work: TaskTracker,
    /// Where browsers reach the hub; ends with a slash.
    pub public_url: Url,
    /// The address that banks see us come from, sent as `PSU-IP-Address` where a bank wants one and no PSU is there.
    pub egress_address: IpAddr,
}

/// The banks, by id.
pub type Banks = BTreeMap<BankId, Arc<Bank>>;

/// The webhooks, by whose they are. A tenant without one is told nothing.
pub type Webhooks = BTreeMap<TenantId, Webhook>;

impl Deps {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// When our certificate for a bank ends, as far as that is known.
    pub fn certificate_ends_at(&self, bank: &Bank) -> Option<Timestamp> {
        self.identities.facts(&bank.tls).map(|facts| facts.not_after)
    }

    /// Random bytes.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], NoEntropy> {
        random(&*self.entropy)
    }

    /// The bank that a session names.
    pub fn bank(&self, id: &BankId) -> Result<&Arc<Bank>, Trouble> {
        self.banks.get(id).ok_or(Trouble::BankUnknown)
    }

    /// An id for one call to a bank.
    pub fn call_id(&self) -> Result<Uuid, NoEntropy> {
        Ok(uuid::Builder::from_random_bytes(self.random()?).into_uuid())
    }

    /// Where a bank sends browsers back to.
    pub fn redirect_uri(&self, bank: &BankId) -> Result<Url, Trouble> {
        self.public_url.join(&format!("callback/{bank}")).map_err(|_| Trouble::Address)
    }
}
