//! Where the keys are, as the settings say it.

use std::path::PathBuf;

use url::Url;

use super::{
    address::is_private_enough,
    reader::{Reader, Wrong},
};

/// Where the keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysSetting {
    /// One file, made at the first start.
    File(PathBuf),
    /// A key ring of Cloud KMS.
    CloudKms(CloudKmsSetting),
}

/// A key ring of Cloud KMS and what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudKmsSetting {
    /// The ring's full name: `projects/P/locations/L/keyRings/R`.
    pub key_ring: String,
    /// `HUB_KMS_ENDPOINT`: where the service is, if not at its usual address; https, or http on this machine.
    pub endpoint: Option<Url>,
    /// `HUB_PSEUDONYMS`: the file of the key of keyed hashes. Hashing by a call each would put the key service on the
    /// way of every request, so this one key is a mounted secret.
    pub pseudonym_key: PathBuf,
}

enum Kind {
    File(PathBuf),
    CloudKms(String),
}

impl KeysSetting {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        match reader.required("HUB_KMS", kind) {
            None => None,
            Some(Kind::File(path)) => {
                const WHY: Wrong = "only with HUB_KMS=kms:…";
                let unused = [reader.unused("HUB_KMS_ENDPOINT", WHY), reader.unused("HUB_PSEUDONYMS", WHY)];
                unused.iter().all(Option::is_some).then_some(Self::File(path))
            }
            Some(Kind::CloudKms(key_ring)) => {
                let endpoint = reader.absent_or("HUB_KMS_ENDPOINT", endpoint);
                let pseudonym_key = reader.required("HUB_PSEUDONYMS", |text| file(text).ok_or("not file:PATH"));
                let (endpoint, pseudonym_key) = (endpoint?, pseudonym_key?);
                Some(Self::CloudKms(CloudKmsSetting { key_ring, endpoint, pseudonym_key }))
            }
        }
    }
}

fn kind(text: &str) -> Result<Kind, Wrong> {
    let in_file = file(text).map(Kind::File);
    let in_ring = || text.strip_prefix("kms:").filter(|name| is_key_ring(name)).map(|name| Kind::CloudKms(name.into()));
    in_file.or_else(in_ring).ok_or("neither file:PATH nor kms:projects/P/locations/L/keyRings/R")
}

fn file(text: &str) -> Option<PathBuf> {
    text.strip_prefix("file:").filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn is_key_ring(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    let is_id = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    };
    match parts.as_slice() {
        ["projects", project, "locations", location, "keyRings", ring] => {
            [project, location, ring].into_iter().all(|part| is_id(part))
        }
        _ => false,
    }
}

fn endpoint(text: &str) -> Result<Url, Wrong> {
    let url = Url::parse(text).map_err(|_| "not a URL")?;
    if is_private_enough(&url) { Ok(url) } else { Err("must be https (http only on 127.0.0.1)") }
}
