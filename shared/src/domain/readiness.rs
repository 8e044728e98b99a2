//! What a process needs before it can serve.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long a dependency may take to say that it is there.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Something outside the process without which nothing can be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependency {
    /// Where sessions are kept.
    Store,
    /// The key service.
    Keys,
}

impl Dependency {
    /// The name in answers and log lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Keys => "keys",
        }
    }
}

/// Whether a dependency answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// It does.
    Ready,
    /// It does not, or not in time.
    Unavailable,
}
