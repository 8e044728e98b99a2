//! What is looked at. Each check is a function of ports, so that tests need no cloud.

pub mod banks;
pub mod clock;
pub mod crm;
pub mod egress;
pub mod files;
pub mod keys;
pub mod revisions;
pub mod setup;
pub mod signing;
pub mod store;
