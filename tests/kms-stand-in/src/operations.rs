//! What Cloud KMS does with keys, on the stand-in's ring.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use crate::{
    permission::Denials,
    refusal::Refusal,
    resource::Resource,
    ring::{Ring, Version, VersionState},
    wire::{self, Decrypt, Encrypt, Sign, TestPermissions, bytes, checksum, enumeration},
};

/// The most that is encrypted at once, and the most associated data.
const LONGEST: usize = 64 * 1024;

/// How often the service would rotate a key by itself: as `infra/keys.tf` has it.
const ROTATION: &str = "7776000s";

/// Ciphertexts start with the number of the version, big endian.
const VERSION_BYTES: usize = 4;

/// Encrypts under the primary version, or the one that is named.
pub(crate) fn encrypt(ring: &Ring, resource: &Resource, body: &[u8]) -> Result<Value, Refusal> {
    let request: Encrypt = wire::read(body)?;
    let (plaintext, associated) = (&request.plaintext.0, &request.additional_authenticated_data.0);
    let number = resource.version.map_or_else(|| ring.primary(&resource.key), Ok)?;
    let (_, material) = ring.usable(&resource.key, number)?;
    bounded("plaintext", plaintext)?;
    bounded("additional_authenticated_data", associated)?;
    let verified = request.plaintext_crc32c.verified("plaintext_crc32c", plaintext)?;
    let aad = "additional_authenticated_data_crc32c";
    let verified_aad = request.additional_authenticated_data_crc32c.verified(aad, associated)?;
    let text = material.encrypt(plaintext, associated).map_err(|_| wrong_purpose())?;
    let ciphertext = [&number.to_be_bytes()[..], &text].concat();
    Ok(json!({
        "name": ring.version_name(&resource.key, number),
        "ciphertext": bytes(&ciphertext),
        "ciphertextCrc32c": checksum(&ciphertext),
        "verifiedPlaintextCrc32c": verified,
        "verifiedAdditionalAuthenticatedDataCrc32c": verified_aad,
    }))
}

/// Decrypts under the version that the ciphertext names.
pub(crate) fn decrypt(ring: &Ring, resource: &Resource, body: &[u8]) -> Result<Value, Refusal> {
    let request: Decrypt = wire::read(body)?;
    let (ciphertext, associated) = (&request.ciphertext.0, &request.additional_authenticated_data.0);
    let primary = ring.primary(&resource.key)?;
    request.ciphertext_crc32c.verified("ciphertext_crc32c", ciphertext)?;
    let aad = "additional_authenticated_data_crc32c";
    request.additional_authenticated_data_crc32c.verified(aad, associated)?;
    let refused = || Refusal::invalid("Decryption failed: the ciphertext is invalid.");
    let (number, text) = ciphertext.split_first_chunk::<VERSION_BYTES>().ok_or_else(refused)?;
    let number = u32::from_be_bytes(*number);
    if !ring.versions(&resource.key)?.contains_key(&number) {
        return Err(refused());
    }
    let (_, material) = ring.usable(&resource.key, number)?;
    let plaintext = material.decrypt(text, associated).map_err(|_| refused())?;
    Ok(json!({
        "plaintext": bytes(&plaintext),
        "plaintextCrc32c": checksum(&plaintext),
        "usedPrimary": number == primary,
    }))
}

/// Signs a digest, or the digest of data.
pub(crate) fn sign(ring: &Ring, resource: &Resource, body: &[u8]) -> Result<Value, Refusal> {
    let request: Sign = wire::read(body)?;
    let number = resource.version.unwrap_or_default();
    let (_, material) = ring.usable(&resource.key, number)?;
    let (digest, field) = match (&request.digest, &request.data) {
        (Some(given), None) => {
            let verified = request.digest_crc32c.verified("digest_crc32c", &given.sha256.0)?;
            (given.sha256.0.clone(), ("verifiedDigestCrc32c", verified))
        }
        (None, Some(data)) => {
            bounded("data", &data.0)?;
            let verified = request.data_crc32c.verified("data_crc32c", &data.0)?;
            (digest(&SHA256, &data.0).as_ref().to_vec(), ("verifiedDataCrc32c", verified))
        }
        _ => return Err(Refusal::invalid("Exactly one of digest and data must be given.")),
    };
    let signature = material.sign(&digest).map_err(|_| wrong_purpose())?;
    Ok(json!({
        "name": ring.version_name(&resource.key, number),
        "signature": bytes(&signature),
        "signatureCrc32c": checksum(&signature),
        field.0: field.1,
    }))
}

/// A version's public key, PEM.
pub(crate) fn public_key(ring: &Ring, resource: &Resource, numbers: bool) -> Result<Value, Refusal> {
    let number = resource.version.unwrap_or_default();
    let (version, material) = ring.usable(&resource.key, number)?;
    let pem = pem(&material.public_key().map_err(|_| wrong_purpose())?);
    Ok(json!({
        "name": ring.version_name(&resource.key, number),
        "pem": pem,
        "pemCrc32c": checksum(pem.as_bytes()),
        "algorithm": enumeration(numbers, version.algorithm, version.algorithm.number()),
        "publicKeyFormat": enumeration(numbers, "PEM", 1),
    }))
}

/// A key with its primary version.
pub(crate) fn get_key(ring: &Ring, resource: &Resource, numbers: bool) -> Result<Value, Refusal> {
    let number = ring.primary(&resource.key)?;
    let version = ring.versions(&resource.key)?.get(&number).ok_or_else(|| Refusal::not_found(&resource.key))?;
    let mut key = Map::new();
    key.insert("versionTemplate".to_owned(), json!({ "protectionLevel": enumeration(numbers, "HSM", 2) }));
    key.insert("name".to_owned(), format!("{}/cryptoKeys/{}", ring.name, resource.key).into());
    if version.algorithm.encrypts() {
        key.insert("purpose".to_owned(), enumeration(numbers, "ENCRYPT_DECRYPT", 1));
        key.insert("rotationPeriod".to_owned(), ROTATION.into());
        key.insert("primary".to_owned(), describe(ring, &resource.key, number, version, numbers));
    } else {
        key.insert("purpose".to_owned(), enumeration(numbers, "ASYMMETRIC_SIGN", 5));
    }
    Ok(key.into())
}

/// One version.
pub(crate) fn get_version(ring: &Ring, resource: &Resource, numbers: bool) -> Result<Value, Refusal> {
    let number = resource.version.unwrap_or_default();
    let missing = || Refusal::not_found(&ring.version_name(&resource.key, number));
    let version = ring.versions(&resource.key)?.get(&number).ok_or_else(missing)?;
    Ok(describe(ring, &resource.key, number, version, numbers))
}

/// Those of the permissions asked about that the caller has. Anybody may ask.
pub(crate) fn test_permissions(
    ring: &Ring,
    resource: &Resource,
    denials: &Denials,
    body: &[u8],
) -> Result<Value, Refusal> {
    ring.versions(&resource.key)?;
    let asked: TestPermissions = wire::read(body)?;
    Ok(json!({ "permissions": denials.held(&resource.key, &asked.permissions) }))
}

/// What a listing asks for.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Listing {
    filter: String,
    page_size: usize,
    page_token: String,
}

/// The versions of a key, oldest first, page by page.
pub(crate) fn list_versions(
    ring: &Ring,
    resource: &Resource,
    listing: &Listing,
    numbers: bool,
) -> Result<Value, Refusal> {
    let wanted = match listing.filter.as_str() {
        "" => None,
        "state=ENABLED" => Some(VersionState::Enabled),
        _ => return Err(Refusal::invalid("The stand-in knows no other filter than state=ENABLED.")),
    };
    let after: u32 = if listing.page_token.is_empty() { 0 } else { page(&listing.page_token)? };
    let size = if listing.page_size == 0 { 100 } else { listing.page_size };
    let versions = ring.versions(&resource.key)?.iter();
    let matching: Vec<_> =
        versions.filter(|(_, version)| wanted.is_none_or(|wanted| wanted == version.state)).collect();
    let rest: Vec<_> = matching.iter().filter(|(number, _)| **number > after).collect();
    let page = rest.iter().take(size);
    let shown: Vec<_> =
        page.map(|(number, version)| describe(ring, &resource.key, **number, version, numbers)).collect();
    let next = if rest.len() > size { rest.get(size - 1).map(|(number, _)| number.to_string()) } else { None };
    Ok(json!({
        "cryptoKeyVersions": shown,
        "nextPageToken": next.unwrap_or_default(),
        "totalSize": matching.len(),
    }))
}

fn page(token: &str) -> Result<u32, Refusal> {
    token.parse().map_err(|_| Refusal::invalid("The page token is not one of ours."))
}

fn describe(ring: &Ring, key: &str, number: u32, version: &Version, numbers: bool) -> Value {
    json!({
        "name": ring.version_name(key, number),
        "state": enumeration(numbers, version.state, version.state.number()),
        "algorithm": enumeration(numbers, version.algorithm, version.algorithm.number()),
        "protectionLevel": enumeration(numbers, "HSM", 2),
    })
}

fn bounded(field: &str, data: &[u8]) -> Result<(), Refusal> {
    if data.len() <= LONGEST { Ok(()) } else { Err(Refusal::invalid(format!("{field} is too long."))) }
}

fn wrong_purpose() -> Refusal {
    Refusal::invalid("The key is not for this operation.")
}

/// PEM (RFC 7468) with lines of 64 characters.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = String::from("-----BEGIN PUBLIC KEY-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out.push_str("-----END PUBLIC KEY-----\n");
    out
}
