//! The sandbox bank beside the hub. It keeps its state in the data folder, and its ports too, so that addresses in
//! documents and in consents stay the same from one start to the next.

use sandbox_bank::{SandboxBank, Settings, StartError};
use serde::{Deserialize, Serialize};
use url::Url;

use super::data_folder::{self, DataFolder, DataFolderError};

/// The sandbox bank's three ports on 127.0.0.1; 0 stands for any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Ports {
    api: u16,
    web: u16,
    control: u16,
}

/// The sandbox bank does not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Its ports cannot be remembered.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// It refuses.
    #[error("HUB_DATA: the sandbox bank does not start in this folder")]
    Bank(#[from] StartError),
}

/// Starts the bank, on the ports of last time if nobody else has taken one.
pub async fn start(folder: &DataFolder) -> Result<SandboxBank, SandboxError> {
    let remembered = data_folder::read_json(&folder.bank_ports())?.unwrap_or_default();
    let bank = match open(folder, remembered).await {
        Err(StartError::Port { .. }) => open(folder, Ports::default()).await?,
        outcome => outcome?,
    };
    data_folder::write_json(&folder.bank_ports(), &Ports::of(&bank))?;
    Ok(bank)
}

async fn open(folder: &DataFolder, ports: Ports) -> Result<SandboxBank, StartError> {
    let Ports { api, web, control } = ports;
    let data_dir = Some(folder.sandbox_bank());
    let settings = Settings { data_dir, api_port: api, web_port: web, control_port: control, ..Settings::default() };
    sandbox_bank::start(settings).await
}

impl Ports {
    fn of(bank: &SandboxBank) -> Self {
        Self { api: port(bank.api_url()), web: port(bank.web_url()), control: port(bank.control_url()) }
    }
}

fn port(address: &str) -> u16 {
    Url::parse(address).ok().and_then(|url| url.port()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[tokio::test]
    async fn a_second_start_keeps_the_ports_unless_somebody_took_one() {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(place.path().to_owned());
        let bank = start(&folder).await.unwrap();
        let first = Ports::of(&bank);
        bank.stop().await;

        let bank = start(&folder).await.unwrap();
        assert_eq!(Ports::of(&bank), first);
        bank.stop().await;

        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first.web)).unwrap();
        let bank = start(&folder).await.unwrap();
        assert_ne!(Ports::of(&bank).web, first.web);
        let remembered: Ports = data_folder::read_json(&folder.bank_ports()).unwrap().unwrap();
        assert_eq!(remembered, Ports::of(&bank));
        bank.stop().await;
    }
}
