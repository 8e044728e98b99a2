//! What every handler gets: the flows' dependencies and the gate.

use std::sync::Arc;

use http::HeaderName;

use super::access::Gate;
use crate::{
    flows::{deps::Deps, events::Courier},
    ports::keys::{KeyWrap, Signer},
};

/// One process's application state.
#[derive(Clone)]
pub struct App {
    /// What flows are made of.
    pub deps: Arc<Deps>,
    /// Judges tokens.
    pub gate: Arc<Gate>,
    /// Where the load balancer tells the fingerprint of the caller's certificate, if it does.
    pub client_certificate_header: Option<HeaderName>,
    /// Asked whether it answers.
    pub keys: Arc<dyn KeyWrap>,
    /// The hub's own signing key.
    pub signer: Arc<dyn Signer>,
    /// Brings events to CRMs.
    pub courier: Arc<Courier>,
}
