//! The key ring in a file, so that a restart keeps the keys. It protects nothing.

use std::{collections::BTreeMap, fs, io, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    material::{Algorithm, Material, MaterialError},
    ring::{Ring, Version, VersionState, Versions},
};

/// The file with the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysFileError {
    /// It cannot be read or written.
    #[error("the file with the keys cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// It is not a file with keys.
    #[error("the file with the keys is malformed")]
    Malformed,
}

impl From<MaterialError> for KeysFileError {
    fn from(_: MaterialError) -> Self {
        Self::Malformed
    }
}

#[derive(Serialize, Deserialize)]
struct Contents {
    key_ring: String,
    keys: BTreeMap<String, BTreeMap<u32, StoredVersion>>,
}

#[derive(Serialize, Deserialize)]
struct StoredVersion {
    algorithm: Algorithm,
    state: VersionState,
    material: Option<String>,
}

/// The ring in the file, if there is a file.
pub(crate) fn read(path: &Path) -> Result<Option<Ring>, KeysFileError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let contents: Contents = serde_json::from_slice(&text).map_err(|_| KeysFileError::Malformed)?;
    let keys = contents.keys.into_iter().map(|(key, versions)| Ok((key, load(versions)?)));
    Ok(Some(Ring { name: contents.key_ring, keys: keys.collect::<Result<_, KeysFileError>>()? }))
}

/// Writes the ring to the file, whole or not at all.
pub(crate) fn write(path: &Path, ring: &Ring) -> Result<(), KeysFileError> {
    let keys = ring.keys.iter().map(|(key, versions)| Ok((key.clone(), store(versions)?)));
    let contents = Contents { key_ring: ring.name.clone(), keys: keys.collect::<Result<_, KeysFileError>>()? };
    let text = serde_json::to_vec_pretty(&contents).map_err(|_| KeysFileError::Malformed)?;
    let draft = path.with_extension("draft");
    fs::write(&draft, text)?;
    fs::rename(&draft, path)?;
    Ok(())
}

fn load(versions: BTreeMap<u32, StoredVersion>) -> Result<Versions, KeysFileError> {
    let load = |version: StoredVersion| {
        let bytes = version.material.map(|text| STANDARD.decode(text)).transpose();
        let bytes = bytes.map_err(|_| KeysFileError::Malformed)?;
        let material = bytes.map(|bytes| Material::read(version.algorithm, &bytes)).transpose()?;
        Ok::<_, KeysFileError>(Version { algorithm: version.algorithm, state: version.state, material })
    };
    versions.into_iter().map(|(number, version)| Ok((number, load(version)?))).collect()
}

fn store(versions: &Versions) -> Result<BTreeMap<u32, StoredVersion>, KeysFileError> {
    let store = |version: &Version| {
        let bytes = version.material.as_ref().map(Material::write).transpose()?;
        let material = bytes.map(|bytes| STANDARD.encode(bytes));
        Ok::<_, KeysFileError>(StoredVersion { algorithm: version.algorithm, state: version.state, material })
    };
    versions.iter().map(|(number, version)| Ok((*number, store(version)?))).collect()
}
