//! `hub token`: signs with the running hub's development issuers, from outside its process.

use std::net::Ipv4Addr;

use shared::{adapters::system::SystemClock, ports::clock::Clock};

use super::{
    data_folder::{DataFolder, DataFolderError},
    issuer::{Issuer, IssuerError, IssuerName},
    local_json::LocalJson,
    settings::LocalSettings,
    tokens::{PresentCustomer, TokenSigner, Whose, crm_scope},
};
use crate::{cli::TokenArguments, terminal};

/// No token can be printed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No hub runs on the folder.
    #[error("HUB_DATA: no hub runs on the folder {0}; start one first, or name the folder of the one that runs")]
    NoHub(String),
    /// A file of the folder cannot be used.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// The issuer cannot sign.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
}

/// Prints the token alone on one line, ready for `$(...)`.
pub fn print(settings: &LocalSettings, wanted: &TokenArguments) -> Result<(), TokenError> {
    let folder = DataFolder::at(settings.data.clone());
    terminal::tell(token(&folder, wanted, &SystemClock)?);
    Ok(())
}

fn token(folder: &DataFolder, wanted: &TokenArguments, clock: &dyn Clock) -> Result<String, TokenError> {
    let no_hub = || TokenError::NoHub(folder.root().display().to_string());
    let running = LocalJson::read(folder)?.ok_or_else(no_hub)?;
    let issuer = Issuer::open(folder, IssuerName::from(wanted.tenant))?.ok_or_else(no_hub)?;
    let signer = TokenSigner::new(issuer, running.hub);
    if let Some(session) = &wanted.presence {
        return Ok(signer.presence(Whose::Session(session), &somebody_at_a_terminal(), clock.now())?);
    }
    let scope = wanted.scope.clone().unwrap_or_else(crm_scope);
    Ok(signer.access(&scope, clock.now(), i64::from(wanted.minutes) * 60)?)
}

fn somebody_at_a_terminal() -> PresentCustomer {
    PresentCustomer {
        ip: Ipv4Addr::LOCALHOST.into(),
        user_agent: Some("curl".to_owned()),
        accept: None,
        accept_encoding: None,
        accept_language: None,
        http_method: None,
    }
}
