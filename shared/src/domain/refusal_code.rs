//! What the access line tells of a request that was refused.

/// The stable code of the problem that was answered. Travels with the response until the access line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusalCode(pub &'static str);
