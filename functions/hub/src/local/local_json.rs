//! `local.json`: what the banner tells people, for scripts.

use serde::{Deserialize, Serialize};

use super::data_folder::{self, DataFolder, DataFolderError};

/// Where everything is, while the hub runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalJson {
    /// The hub's public address.
    pub hub: String,
    /// The page to open.
    pub page: String,
    /// The sandbox bank's API, over mutual TLS.
    pub bank: String,
    /// The sandbox bank's control port.
    pub bank_control: String,
    /// A CRM token with every right.
    pub token: String,
    /// The same for another tenant.
    pub token_other_tenant: String,
    /// The banks' ids.
    pub banks: Vec<String>,
}

impl LocalJson {
    /// Writes the file: from now on scripts may use the hub.
    pub fn write(&self, folder: &DataFolder) -> Result<(), DataFolderError> {
        data_folder::write_json(&folder.local_json(), self)
    }

    /// What the running hub wrote, if one runs.
    pub fn read(folder: &DataFolder) -> Result<Option<Self>, DataFolderError> {
        data_folder::read_json(&folder.local_json())
    }

    /// Deletes the file, so that no script takes a hub that has gone for one that runs.
    pub fn remove(folder: &DataFolder) -> Result<(), DataFolderError> {
        let path = folder.local_json();
        super::private_file::remove(&path).map_err(|error| DataFolderError::File(path, error))
    }
}
