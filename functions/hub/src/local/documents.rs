//! The documents of the local mode: ordinary ones, as an operator would write them, for the sandbox's banks and the three
//! development issuers. After they are written the hub starts as it does everywhere.

#[cfg(test)]
mod tests;

use std::{io, path::Path};

use sandbox_bank::SandboxBank;
use serde::Serialize;

use super::{
    data_folder::{DataFolder, DataFolderError},
    dev_routes,
    issuer::IssuerName,
    private_file,
};
use crate::demo;

/// What every bank's id begins with; the sandbox bank's mood follows.
pub const PREFIX: &str = "sandbox-";

/// The bank that authorises by OAuth, and the one that authorises by a plain redirect.
const OAUTH: &str = "sandbox-oauth";
const REDIRECT: &str = "sandbox-redirect";

/// The banks' ids, the simplest first.
pub const BANKS: [&str; 7] = [
    OAUTH,
    REDIRECT,
    "sandbox-prestep",
    "sandbox-explicit",
    "sandbox-token",
    "sandbox-application",
    "sandbox-decoupled",
];

/// Who the hub is to the sandbox bank: the organisation in the QWAC that the bank mints for it.
const ORGANISATION: &str = "PSDDE-FAKENCA-HUB001";

/// What the sandbox's further moods build on.
const BASE: &str = "_sandbox-bank.toml";

/// The documents of those moods, by their banks' ids. Which port the bank has stands in what they build on.
const MOODS: [(&str, &str); 5] = [
    ("sandbox-prestep", include_str!("moods/prestep.toml")),
    ("sandbox-explicit", include_str!("moods/explicit.toml")),
    ("sandbox-token", include_str!("moods/token.toml")),
    ("sandbox-application", include_str!("moods/application.toml")),
    ("sandbox-decoupled", include_str!("moods/decoupled.toml")),
];

const SEAL: &str = "sandbox-qseal.pem";
const IDENTITY: &str = "sandbox-qwac.pem";
const TRUST_ANCHORS: &str = "sandbox-ca.pem";
const COUNTRY: &str = "DE";
const BIC: &str = "SANDXXXX";
const DIALECT: &str = "berlin-group";
const TLS: Tls<'static> = Tls { identity: IDENTITY, trust_anchors: TRUST_ANCHORS, minimum: "1.2" };
const HEADING: &str = "# Written anew at every start of the local hub; other documents in this folder stay.\n\n";

#[derive(Serialize)]
struct BankDocument<'a> {
    id: &'a str,
    name: &'a str,
    country: &'a str,
    bic: &'a str,
    dialect: &'a str,
    addresses: Addresses<'a>,
    tls: Tls<'a>,
    circuit: Circuit,
    #[serde(skip_serializing_if = "Option::is_none")]
    oauth: Option<OAuth>,
}

#[derive(Serialize)]
struct Addresses<'a> {
    api: String,
    web: [&'a str; 1],
}

#[derive(Serialize)]
struct Tls<'a> {
    identity: &'a str,
    trust_anchors: &'a str,
    minimum: &'a str,
}

/// Somebody is watching, so the bank is tried again soon.
#[derive(Serialize)]
struct Circuit {
    cool_down_seconds: u32,
}

const CIRCUIT: Circuit = Circuit { cool_down_seconds: 5 };

#[derive(Serialize)]
struct OAuth {
    issuer: String,
    metadata_url: String,
    client_id: &'static str,
    scope: &'static str,
    rotation: &'static str,
    chain_days: u16,
}

/// What the moods have in common.
#[derive(Serialize)]
struct BaseDocument<'a> {
    country: &'a str,
    bic: &'a str,
    dialect: &'a str,
    addresses: BaseAddresses<'a>,
    tls: Tls<'a>,
    circuit: Circuit,
}

#[derive(Serialize)]
struct BaseAddresses<'a> {
    web: [&'a str; 1],
    values: AddressValues<'a>,
}

/// Host and port of the bank's interface and of its pages.
#[derive(Serialize)]
struct AddressValues<'a> {
    api: &'a str,
    web: &'a str,
}

#[derive(Serialize)]
struct TenantDocument {
    id: &'static str,
    issuer: String,
    jwks_url: String,
    algorithms: [&'static str; 1],
    return_urls: Vec<String>,
    role: &'static str,
}

/// A document cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Its file cannot.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// It has no TOML form.
    #[error("a document of the local hub has no TOML form")]
    Form(#[from] toml::ser::Error),
}

/// Writes all of them for the hub at that public address and the bank that runs.
pub fn write(folder: &DataFolder, hub: &str, bank: &SandboxBank) -> Result<(), DocumentError> {
    let banks = folder.banks();
    make_folder(&banks)?;
    write_file(&banks.join(IDENTITY), &bank.pki().qwac)?;
    write_file(&banks.join(TRUST_ANCHORS), &bank.pki().ca)?;
    for document in [with_oauth(bank.api_url(), bank.web_url()), plain_redirect(bank.api_url(), bank.web_url())] {
        write_document(&banks, document.id, &document)?;
    }
    write_moods(&banks, bank)?;
    let tenants = folder.tenants();
    make_folder(&tenants)?;
    for issuer in IssuerName::ALL {
        write_document(&tenants, issuer.as_str(), &tenant(issuer, hub))?;
    }
    Ok(())
}

/// The further moods of the bank, each a document on the same base.
fn write_moods(banks: &Path, bank: &SandboxBank) -> Result<(), DocumentError> {
    let place = |address: &'_ str| address.split_once("://").map_or_else(String::new, |(_, place)| place.to_owned());
    let (api, web) = (place(bank.api_url()), place(bank.web_url()));
    let base = BaseDocument {
        country: COUNTRY,
        bic: BIC,
        dialect: DIALECT,
        addresses: BaseAddresses { web: [bank.web_url()], values: AddressValues { api: &api, web: &web } },
        tls: TLS,
        circuit: CIRCUIT,
    };
    write_file(&banks.join(SEAL), &bank.pki().qseal)?;
    write_file(&banks.join(BASE), &format!("{HEADING}{}", toml::to_string(&base)?))?;
    for (id, text) in MOODS {
        write_file(&banks.join(format!("{id}.toml")), &format!("{HEADING}{text}"))?;
    }
    Ok(())
}

/// The bank that authorises by OAuth.
fn with_oauth<'a>(api: &str, web: &'a str) -> BankDocument<'a> {
    let issuer = format!("{api}/oauth");
    let oauth = OAuth {
        metadata_url: format!("{issuer}/.well-known/oauth-authorization-server"),
        issuer: issuer.clone(),
        client_id: ORGANISATION,
        scope: "AIS:{consent_id}",
        rotation: "grace",
        chain_days: 180,
    };
    BankDocument { oauth: Some(oauth), ..document(OAUTH, "Sandbox Bank", issuer, web) }
}

/// The bank that authorises by a plain redirect, with no token at all.
fn plain_redirect<'a>(api: &str, web: &'a str) -> BankDocument<'a> {
    document(REDIRECT, "Sandbox Bank (plain redirect)", format!("{api}/redirect"), web)
}

fn document<'a>(id: &'a str, name: &'a str, api: String, web: &'a str) -> BankDocument<'a> {
    BankDocument {
        id,
        name,
        country: COUNTRY,
        bic: BIC,
        dialect: DIALECT,
        addresses: Addresses { api, web: [web] },
        tls: TLS,
        circuit: CIRCUIT,
        oauth: None,
    }
}

fn tenant(issuer: IssuerName, hub: &str) -> TenantDocument {
    let is_crm = issuer != IssuerName::Scheduler;
    let returns = [demo::RETURN_PATH, dev_routes::RETURN_PATH];
    TenantDocument {
        id: issuer.as_str(),
        issuer: issuer.url(hub),
        jwks_url: format!("{hub}{}", issuer.jwks_path()),
        algorithms: ["ES256"],
        return_urls: returns.iter().filter(|_| is_crm).map(|path| format!("{hub}{path}")).collect(),
        role: if is_crm { "crm" } else { "scheduler" },
    }
}

fn write_document<D: Serialize>(folder: &Path, name: &str, document: &D) -> Result<(), DocumentError> {
    let text = format!("{HEADING}{}", toml::to_string(document)?);
    Ok(write_file(&folder.join(format!("{name}.toml")), &text)?)
}

fn make_folder(path: &Path) -> Result<(), DataFolderError> {
    private_file::make_folder(path).map_err(|error| unusable(path, error))
}

fn write_file(path: &Path, text: &str) -> Result<(), DataFolderError> {
    private_file::write(path, text.as_bytes()).map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: io::Error) -> DataFolderError {
    DataFolderError::File(path.to_owned(), error)
}
