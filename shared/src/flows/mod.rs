//! What the hub does, one module per use case, on ports and pure decisions.

pub mod activate;
pub mod application_token;
pub mod authorize;
pub mod bank_call;
pub mod callback;
pub mod change;
pub mod confirm;
pub mod connect;
pub mod deps;
pub mod disconnect;
pub mod events;
pub mod jobs;
pub mod journey;
pub mod oauth_server;
pub mod read;
pub mod redeem;
pub mod refresh;
pub mod revoke;
pub mod rewrap;
pub mod single_flight;
pub mod snapshots;
pub mod traffic;
pub mod trail;
pub mod trouble;
pub mod upkeep;
pub mod vault;
