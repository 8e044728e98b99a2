//! Which of a bank's environments a process speaks to.

use std::{fmt, str::FromStr};

/// Which of a bank's environments a process speaks to. Banks' documents may say different things for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Environment {
    /// The bank's real interfaces, with customers' real accounts.
    #[default]
    Live,
    /// What the bank offers to developers.
    Sandbox,
}

impl Environment {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Live, Self::Sandbox];

    /// The word that settings and documents use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Sandbox => "sandbox",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Environment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|environment| environment.name() == text).ok_or("neither live nor sandbox")
    }
}
