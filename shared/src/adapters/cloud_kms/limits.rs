//! How long the hub waits for Cloud KMS, and for how long it believes what it was told.

use std::time::Duration;

/// Bounds on every exchange with Cloud KMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloudKmsLimits {
    /// How often a call is tried, the first time included.
    pub attempts: u32,
    /// How long one attempt may take, getting credentials for it included.
    pub attempt: Duration,
    /// How long all attempts and the pauses between them may take together.
    pub total: Duration,
    /// The pause before the second attempt; each further one doubles it.
    pub first_pause: Duration,
    /// How long the call for readiness may take.
    pub readiness: Duration,
    /// How long the answer about readiness, good or bad, is given again without asking: anybody may ask the hub, and
    /// Cloud KMS answers only so many of these calls a minute.
    pub readiness_for: Duration,
    /// How long the public keys are given again without asking. So long, at most, a disabled key stays published.
    pub public_keys_for: Duration,
    /// How long a failure to get the public keys is.
    pub failure_for: Duration,
}

impl Default for CloudKmsLimits {
    fn default() -> Self {
        Self {
            attempts: 3,
            attempt: Duration::from_secs(2),
            total: Duration::from_secs(5),
            first_pause: Duration::from_millis(50),
            readiness: Duration::from_secs(2),
            readiness_for: Duration::from_secs(5),
            public_keys_for: Duration::from_mins(5),
            failure_for: Duration::from_secs(1),
        }
    }
}
