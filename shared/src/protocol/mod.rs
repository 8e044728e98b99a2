//! Wire formats and exchanges, without IO: build the request, process the response.

pub mod adjustment;
pub(crate) mod aead;
pub mod berlin_group;
pub mod certificate;
pub mod cursor;
pub mod envelope;
pub mod exchange;
pub mod http_signature;
pub mod jwk;
pub mod oauth;
pub(crate) mod retry_after;
pub mod security_event;
pub mod ticket;
