//! Whom a route is for, and what happens to its calls.

use crate::domain::scope::Scope;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody: liveness, documents, public keys.
    Public,
    /// A browser that carries a one-time secret.
    Browser,
    /// A CRM whose token has this scope.
    Crm(Scope),
    /// The scheduler.
    Scheduler,
}

/// What happens to a call whose caller hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// It is dropped.
    Cancels,
    /// It runs to its end: what a bank was told must be written down.
    RunsOn,
}
