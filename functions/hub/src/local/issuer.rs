//! Development issuers: they stand in for the identity systems of two CRMs and of the scheduler, so that the hub
//! verifies real signed tokens by JWKS in local mode as everywhere else.

use std::{fmt, path::Path};

use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde::Serialize;

use super::{
    data_folder::{DataFolder, DataFolderError},
    private_file,
};

/// Whose tokens an issuer signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerName {
    /// The demo CRM.
    Demo,
    /// Another company's CRM.
    Other,
    /// The scheduler of background jobs.
    Scheduler,
}

impl IssuerName {
    /// Every issuer.
    pub const ALL: [Self; 3] = [Self::Demo, Self::Other, Self::Scheduler];

    /// The tenant id that its tokens stand for.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Other => "other",
            Self::Scheduler => "scheduler",
        }
    }

    /// The `iss` claim of its tokens.
    pub fn url(self, hub: &str) -> String {
        format!("{hub}{}", self.path())
    }

    /// Where its key set is, below the hub's address.
    pub fn jwks_path(self) -> String {
        format!("{}/jwks.json", self.path())
    }

    fn path(self) -> String {
        format!("/dev/issuers/{self}")
    }
}

impl fmt::Display for IssuerName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// One issuer with its ES256 key.
pub struct Issuer {
    name: IssuerName,
    key: EncodingKey,
    public: Jwk,
}

/// An issuer's key cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// Its file cannot be used.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
    /// No key could be made.
    #[error("no key can be made for the issuer {0}")]
    Make(IssuerName, #[source] rcgen::Error),
    /// The library does not sign with the key.
    #[error("the key of the issuer {0} does not sign")]
    Sign(IssuerName, #[source] jsonwebtoken::errors::Error),
}

impl Issuer {
    /// The issuer with the key that the folder keeps for it; the first time one is made.
    pub fn open_or_create(folder: &DataFolder, name: IssuerName) -> Result<Self, IssuerError> {
        let path = folder.issuer_key(name.as_str());
        match read_key(&path)? {
            Some(pem) => Self::from_pem(name, &pem).map_err(|error| damaged(&path, error)),
            None => Self::create(name, &path),
        }
    }

    /// The issuer with the key that the folder keeps for it, if the hub has made one.
    pub fn open(folder: &DataFolder, name: IssuerName) -> Result<Option<Self>, IssuerError> {
        let path = folder.issuer_key(name.as_str());
        let issuer = read_key(&path)?.map(|pem| Self::from_pem(name, &pem)).transpose();
        issuer.map_err(|error| damaged(&path, error))
    }

    fn create(name: IssuerName, path: &Path) -> Result<Self, IssuerError> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| IssuerError::Make(name, error))?;
        let pem = pair.serialize_pem();
        let issuer = Self::from_pem(name, &pem).map_err(|error| IssuerError::Sign(name, error))?;
        write_key(path, &pem)?;
        Ok(issuer)
    }

    fn from_pem(name: IssuerName, pem: &str) -> Result<Self, jsonwebtoken::errors::Error> {
        let key = EncodingKey::from_ec_pem(pem.as_bytes())?;
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256)?;
        public.common.key_id = Some(public.thumbprint(ThumbprintHash::SHA256)?);
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { name, key, public })
    }

    /// Whose tokens it signs.
    pub fn name(&self) -> IssuerName {
        self.name
    }

    /// What the hub verifies its tokens with.
    pub fn key_set(&self) -> JwkSet {
        JwkSet { keys: vec![self.public.clone()] }
    }

    /// A JWT with these claims (RFC 7519), signed with ES256.
    pub fn sign<C: Serialize>(&self, claims: &C) -> Result<String, IssuerError> {
        let header = Header { kid: self.public.common.key_id.clone(), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.key).map_err(|error| IssuerError::Sign(self.name, error))
    }
}

fn read_key(path: &Path) -> Result<Option<String>, DataFolderError> {
    private_file::read(path).map_err(|error| DataFolderError::File(path.to_owned(), error))
}

fn write_key(path: &Path, pem: &str) -> Result<(), DataFolderError> {
    let folder = path.parent().map_or(Ok(()), private_file::make_folder);
    let written = folder.and_then(|()| private_file::write(path, pem.as_bytes()));
    written.map_err(|error| DataFolderError::File(path.to_owned(), error))
}

fn damaged(path: &Path, error: jsonwebtoken::errors::Error) -> IssuerError {
    DataFolderError::Damaged(path.to_owned(), Box::new(error)).into()
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation};
    use serde_json::{Value, json};

    use super::*;

    fn folder() -> (tempfile::TempDir, DataFolder) {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::at(place.path().to_owned());
        (place, folder)
    }

    #[test]
    fn its_key_set_verifies_its_tokens() {
        let (_place, folder) = folder();
        let issuer = Issuer::open_or_create(&folder, IssuerName::Demo).unwrap();
        let token = issuer.sign(&json!({"exp": 4_000_000_000_u64, "x": 1})).unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        let set = issuer.key_set();
        let jwk = set.find(header.kid.as_deref().unwrap()).unwrap();
        let key = DecodingKey::from_jwk(jwk).unwrap();
        let decoded = jsonwebtoken::decode::<Value>(&token, &key, &Validation::new(Algorithm::ES256)).unwrap();
        assert_eq!(decoded.claims["x"], 1);
    }

    #[test]
    fn the_published_set_holds_no_private_member() {
        let (_place, folder) = folder();
        let issuer = Issuer::open_or_create(&folder, IssuerName::Demo).unwrap();
        let set = serde_json::to_value(issuer.key_set()).unwrap();
        let mut members: Vec<_> = set["keys"][0].as_object().unwrap().keys().cloned().collect();
        members.sort();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    }

    #[test]
    fn a_second_start_keeps_the_key() {
        let (_place, folder) = folder();
        let first = Issuer::open_or_create(&folder, IssuerName::Other).unwrap().key_set();
        assert_eq!(Issuer::open_or_create(&folder, IssuerName::Other).unwrap().key_set(), first);
        assert_ne!(Issuer::open_or_create(&folder, IssuerName::Demo).unwrap().key_set(), first);
    }

    #[test]
    fn opening_never_makes_a_key() {
        let (_place, folder) = folder();
        assert!(Issuer::open(&folder, IssuerName::Demo).unwrap().is_none());
        assert!(!folder.issuer_key("demo").exists());
    }

    #[test]
    fn a_damaged_key_names_its_file_and_not_its_content() {
        let (_place, folder) = folder();
        write_key(&folder.issuer_key("demo"), "not a key").unwrap();
        let error = Issuer::open_or_create(&folder, IssuerName::Demo).err().unwrap();
        let line = crate::failure::one_line(&error);
        assert!(line.contains("demo.pem is damaged"), "{line}");
        assert!(!line.contains("not a key"), "{line}");
    }
}
