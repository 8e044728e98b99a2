//! A stand-in for Cloud KMS for tests and demonstrations, on loopback: the REST interface v1 as far as the hub uses it,
//! with real keys, checksums and versions, and with faults on demand.
//!
//! It looks after no secrets: whoever reaches its port may use and destroy every key. One key ring is there from the
//! start, with the keys `flow`, `tokens` and `payloads` (AES-256-GCM) and `signing` (ES256).
//!
//! ```no_run
//! # async fn demo() -> Result<(), kms_stand_in::StartError> {
//! use kms_stand_in::{Fault, KmsStandIn};
//!
//! let kms = KmsStandIn::start().await?;
//! println!("{} serves {}", kms.url(), kms.key_ring());
//! kms.fault_times(Fault::UNAVAILABLE, 2);
//! # Ok(())
//! # }
//! ```
//!
//! [`KmsStandIn::door`] opens a further address for one account, where only what that account has a right to is answered.
//!
//! The same over HTTP, for a stand-in that runs as a process: `GET` and `DELETE /control/calls`; `POST` and `DELETE
//! /control/faults`, with `{"kind": "status", "status": 503, "times": 2}` and the like; `POST
//! /control/keys/{key}/versions`, with `{"algorithm": "RSA_SIGN_PSS_2048_SHA256"}` for another algorithm; `PUT
//! /control/keys/{key}/versions/{number}` with `{"state": "DISABLED"}`; `DELETE /control/keys/{key}`; `POST` and `DELETE
//! /control/denials`, with `{"key": "tokens", "permission": "cloudkms.cryptoKeyVersions.useToDecrypt"}`.

mod calls;
mod control;
mod door;
mod fault;
mod keys_file;
mod material;
mod operations;
mod permission;
mod refusal;
mod resource;
mod ring;
mod server;
mod service;
mod state;
mod wire;

pub use calls::Calls;
pub use door::{Door, Rights};
pub use fault::Fault;
pub use keys_file::KeysFileError;
pub use material::{Algorithm, MaterialError};
pub use permission::Permission;
pub use ring::{RingError, VersionState};
pub use server::{KmsStandIn, Settings, StartError};
