//! Public keys of others, at the addresses where they publish them (JWK sets, RFC 7517 §5).
//!
//! Promises:
//!
//! - **Fresh enough.** A set is asked for again after [`FRESH_FOR`], and earlier when a key is missing from it: keys
//!   change without notice. A missing key causes at most one call a [`MISS_PAUSE`], however many tokens name it.
//! - **One at a time.** Callers that need the same set at the same time share one call.
//! - **Rides out a breakdown.** While the source is down, the last set serves until it is [`USABLE_FOR`] old.
//! - **Bounded.** The source decides neither the time nor the memory it takes.
//! - **Public.** A set that holds a private or symmetric key is refused, and the sets before it are no longer used:
//!   whoever reads it can sign with it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jsonwebtoken::jwk::JwkSet;
use url::Url;

/// How long a set is used before it is asked for again.
pub const FRESH_FOR: Duration = Duration::from_mins(10);

/// How long a set may serve while its source is down.
pub const USABLE_FOR: Duration = Duration::from_hours(24);

/// The time between two calls that were made because a key was missing.
pub const MISS_PAUSE: Duration = Duration::from_mins(1);

/// Bytes of one set.
pub const MAX_SET_BYTES: usize = 256 * 1024;

/// Keys of one set.
pub const MAX_KEYS: usize = 100;

/// There is no set to be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeySetError {
    /// The address is neither `https` nor `http` on this machine, or carries a password.
    #[error("keys are not fetched from such an address")]
    AddressRefused,
    /// The source does not answer, or not with a set, and no older one may be used.
    #[error("the key set is not available")]
    Unavailable(#[source] Source),
    /// The source publishes private keys: nothing that is signed with any of them can be trusted.
    #[error("the key set holds private keys")]
    PrivateKeys,
}

/// The cause below, for the log. Shared, because one failed call answers every caller that waited for it.
pub type Source = Arc<dyn std::error::Error + Send + Sync>;

/// Finds key sets. See the module's text for the promises.
#[async_trait]
pub trait KeySets: Send + Sync + 'static {
    /// The set in which the key of that id should be, asked for again if the set at hand does not have it. If the set
    /// that comes back does not have it either, then nobody knows of such a key.
    ///
    /// Without an id the set at hand is as good as any. Keys that the hub cannot read are left out of the set; two
    /// keys may have the same id (RFC 7517 §4.5).
    async fn find(&self, source: &Url, key_id: Option<&str>) -> Result<Arc<JwkSet>, KeySetError>;
}
