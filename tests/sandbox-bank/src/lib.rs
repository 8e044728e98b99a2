//! A Berlin Group 1.3.11 bank for tests and demonstrations, on loopback, with real mutual TLS.
//!
//! One process plays several logical banks (*moods*), told apart by the first segment of the path.
//! It has three ports: the banking interface (TLS with client certificates), the pages that the
//! customer's browser sees, and a control port on which tests script the customer, arm faults and
//! read the journal. The journal is the ground truth: what reached the bank, in which order.
//!
//! ```no_run
//! # async fn demo() -> Result<(), sandbox_bank::StartError> {
//! let bank = sandbox_bank::start(sandbox_bank::Settings::default()).await?;
//! println!("{}", bank.api_url());
//! bank.stop().await;
//! # Ok(())
//! # }
//! ```

mod accounts;
mod api;
mod bank;
mod clock;
mod consent;
mod control;
mod fault;
mod fingerprint;
mod incident;
mod journal;
mod mood;
mod oauth;
mod pki;
mod policy;
mod port;
mod quota;
mod random;
mod refusal;
mod sca;
mod seal;
mod settings;
mod start;
mod state;
mod state_file;
mod tls;

pub use fault::FaultError;
pub use incident::{Incident, IncidentError};
pub use journal::{JournalEntry, JournalFileError, Operation};
pub use mood::Mood;
pub use pki::{MintError, Pki, PkiError};
pub use policy::PolicyError;
pub use settings::{Clock, Rotation, Settings, TokenPolicy};
pub use start::{SandboxBank, StartError, start};
pub use state_file::DataDirError;
pub use tls::door::DoorError;
