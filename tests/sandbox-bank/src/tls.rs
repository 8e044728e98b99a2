//! What happens on the banking port before HTTP: TLS with client certificates.

pub(crate) mod arrival;
pub(crate) mod caller;
pub(crate) mod door;
pub(crate) mod guard;
