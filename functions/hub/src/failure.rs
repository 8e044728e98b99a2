//! Why the program ends early, told in one line that names the setting to change.

use std::{error::Error, io, iter, process::ExitCode};

use shared::{telemetry, wiring};

use crate::{
    bank::BankError,
    costs::CostsError,
    demo::DemoError,
    doctor::DoctorError,
    local::{
        data_folder::DataFolderError, documents::DocumentError, issuer::IssuerError, listener::ListenError,
        sandbox::SandboxError, settings::SettingError, token_command::TokenError,
    },
    restored::RestoredError,
};

/// Why the program ends early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Logging cannot be set up.
    #[error("HUB_LOG")]
    Log(#[from] telemetry::InitError),
    /// The port cannot be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The data folder cannot be used.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// The sandbox bank does not start.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// Documents cannot be written.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A development issuer's key cannot be used.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The hub does not start.
    #[error("HUB_DATA: the hub does not start on this folder")]
    Hub(#[from] wiring::StartError),
    /// The demo CRM does not start.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// No token can be printed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A command about banks fails.
    #[error(transparent)]
    Bank(#[from] BankError),
    /// A restored store cannot be made safe.
    #[error(transparent)]
    Restored(#[from] RestoredError),
    /// Costs cannot be told.
    #[error(transparent)]
    Costs(#[from] CostsError),
    /// A deployment is not in order, or could not be looked at.
    #[error(transparent)]
    Doctor(#[from] DoctorError),
    /// The hub's own address is not one.
    #[error("the hub's address cannot be understood")]
    Address(#[from] url::ParseError),
    /// An HTTP client cannot be made.
    #[error("no HTTP client can be made")]
    Client(#[from] reqwest::Error),
    /// The system does not tell where this program lies.
    #[error("this program's own place cannot be found")]
    Program(#[source] io::Error),
    /// The system does not tell of ctrl-c and SIGTERM.
    #[error("the signals to stop cannot be awaited")]
    Signals(#[source] io::Error),
    /// There is no runtime to run on.
    #[error("the program cannot run here")]
    Runtime(#[source] io::Error),
    /// Serving broke off.
    #[error("serving broke off")]
    Serve(#[source] io::Error),
}

impl Failure {
    /// 2 for what kept the program from starting, as command line programs do; 1 for what broke later, or was found wrong.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Serve(_) | Self::Doctor(DoctorError::Unwell(_)) | Self::Restored(RestoredError::Stopped(_)) => {
                ExitCode::FAILURE
            }
            _ => ExitCode::from(2),
        }
    }
}

/// The error and its causes in one line.
pub fn one_line(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ").replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_and_its_causes_make_one_line() {
        let cause = io::Error::other("two\nlines");
        assert_eq!(one_line(&Failure::Serve(cause)), "serving broke off: two lines");
    }
}
