//! The documents of the local mode: ordinary ones, as an operator would write them, for the sandbox's two banks and the
//! three development issuers. After they are written the hub starts as it does everywhere.

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

/// The banks' ids, in the order that the page shows them.
pub const BANKS: [&str; 2] = ["sandbox-oauth", "sandbox-redirect"];

/// Who the hub is to the sandbox bank: the organisation in the QWAC that the bank mints for it.
const ORGANISATION: &str = "PSDDE-FAKENCA-HUB001";

const IDENTITY: &str = "sandbox-qwac.pem";
const TRUST_ANCHORS: &str = "sandbox-ca.pem";
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

#[derive(Serialize)]
struct OAuth {
    issuer: String,
    metadata_url: String,
    client_id: &'static str,
    scope: &'static str,
    rotation: &'static str,
    chain_days: u16,
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
    let tenants = folder.tenants();
    make_folder(&tenants)?;
    for issuer in IssuerName::ALL {
        write_document(&tenants, issuer.as_str(), &tenant(issuer, hub))?;
    }
    Ok(())
}

/// The bank that authorises by OAuth.
fn with_oauth<'a>(api: &str, web: &'a str) -> BankDocument<'a> {
    let [id, _] = BANKS;
    let issuer = format!("{api}/oauth");
    let oauth = OAuth {
        metadata_url: format!("{issuer}/.well-known/oauth-authorization-server"),
        issuer: issuer.clone(),
        client_id: ORGANISATION,
        scope: "AIS:{consent_id}",
        rotation: "grace",
        chain_days: 180,
    };
    BankDocument { oauth: Some(oauth), ..document(id, "Sandbox Bank", issuer, web) }
}

/// The bank that authorises by a plain redirect, with no token at all.
fn plain_redirect<'a>(api: &str, web: &'a str) -> BankDocument<'a> {
    let [_, id] = BANKS;
    document(id, "Sandbox Bank (plain redirect)", format!("{api}/redirect"), web)
}

fn document<'a>(id: &'a str, name: &'a str, api: String, web: &'a str) -> BankDocument<'a> {
    BankDocument {
        id,
        name,
        country: "DE",
        bic: "SANDXXXX",
        dialect: "berlin-group",
        addresses: Addresses { api, web: [web] },
        tls: Tls { identity: IDENTITY, trust_anchors: TRUST_ANCHORS, minimum: "1.2" },
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

#[cfg(test)]
mod tests {
    use shared::{
        config::{bank_document::read_banks, environment::Environment, tenant_document::read_tenants},
        domain::tenant::TenantRole,
    };

    use super::*;

    const HUB: &str = "http://127.0.0.1:8080";

    async fn written() -> (tempfile::TempDir, DataFolder, SandboxBank) {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(place.path().to_owned());
        let bank = sandbox_bank::start(sandbox_bank::Settings::default()).await.unwrap();
        write(&folder, HUB, &bank).unwrap();
        (place, folder, bank)
    }

    #[tokio::test]
    async fn the_hub_reads_both_banks() {
        let (_place, folder, bank) = written().await;
        let banks = read_banks(&folder.banks(), Environment::Live).unwrap();
        let [oauth, redirect] = banks.as_slice() else { panic!("{}", banks.len()) };
        assert_eq!([oauth.id.as_str(), redirect.id.as_str()], BANKS);
        assert_eq!(oauth.addresses.api.as_str(), format!("{}/oauth", bank.api_url()));
        assert_eq!(oauth.oauth.as_ref().unwrap().client_id, ORGANISATION);
        assert!(redirect.oauth.is_none());
    }

    #[tokio::test]
    async fn the_hub_reads_every_issuer_and_only_crms_have_return_urls() {
        let (_place, folder, _bank) = written().await;
        let tenants = read_tenants(&folder.tenants()).unwrap();
        let [demo, other, scheduler] = tenants.as_slice() else { panic!("{}", tenants.len()) };
        assert_eq!(demo.issuer, format!("{HUB}/dev/issuers/demo"));
        assert!(demo.registered_return_url(&format!("{HUB}/demo/return")).is_some());
        assert!(other.registered_return_url(&format!("{HUB}/dev/return")).is_some());
        assert_eq!(scheduler.role, TenantRole::Scheduler);
        assert!(scheduler.return_urls.is_empty());
    }

    #[tokio::test]
    async fn a_second_writing_keeps_documents_of_others() {
        let (_place, folder, bank) = written().await;
        let own = folder.banks().join("my-bank.txt");
        std::fs::write(&own, "mine").unwrap();
        write(&folder, HUB, &bank).unwrap();
        assert_eq!(std::fs::read_to_string(own).unwrap(), "mine");
    }
}
