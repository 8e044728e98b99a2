//! What fields promise each other: one wrong document for each promise.

mod wrong;

use self::wrong::WRONG;
use super::{
    GOOD,
    full::{FULL, KEY},
    read, read_files,
};
use crate::domain::{bank::SealKey, signature_profile::Scheme};

#[test]
fn every_broken_promise_is_told_by_its_field() {
    for (from, to, expected) in WRONG {
        assert!(FULL.contains(from), "{from}");
        let outcome = read_files(&[("bank.toml", &FULL.replacen(from, to, 1)), KEY]);
        if expected.is_empty() {
            assert!(outcome.is_ok(), "{to}: {outcome:?}");
            continue;
        }
        let told = outcome.map(|_| "nothing").expect_err(to);
        let (place, _) = told.split_once(": ").unwrap();
        assert!(place.starts_with("bank.toml:"), "{told}");
        assert!(told.contains(&format!(": {expected}")), "{to}\n told    {told}\n wanted  {expected}");
    }
}

#[test]
fn a_fixed_server_needs_no_metadata() {
    let metadata = "metadata_url = \"https://api.bank.example/.well-known/oauth-authorization-server\"\n";
    let without = GOOD.replace(metadata, "");
    let told = read(&without).unwrap_err();
    for endpoint in ["token", "authorization"] {
        let expected = format!("oauth.endpoints.{endpoint}: missing, for there is no metadata_url");
        assert!(told.contains(&expected), "{told}");
    }
    let fixed =
        "[oauth.endpoints]\ntoken = \"https://api.bank.example/t\"\nauthorization = \"https://www.bank.example/a\"";
    assert!(read(&format!("{without}{fixed}")).is_ok());
    let linked = "sca_link = \"authorization_endpoint\"\n[oauth.endpoints]\ntoken = \"https://api.bank.example/t\"\n";
    assert!(read(&format!("{without}{linked}")).is_ok());
}

#[test]
fn a_seal_has_other_forms() {
    let kms = "[seal]\nkms_key = \"projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1\"\n\
        certificate = \"ca.pem\"\n[seal.signature]\nscheme = \"rfc9421\"\nlabel = \"sig\"\nlifetime_seconds = 60\ntag = \"ais\"\n\
        covered = [\"@method\", \"@target-uri\", \"content-digest\"]\n\
        [seal.signature.key_id]\nform = \"fixed\"\nname = \"our key\"\n[seal.signature.certificate]\nform = \"none\"\n";
    let banks = read(&format!("{GOOD}{kms}")).unwrap();
    let seal = banks[0].seal.as_ref().unwrap();
    assert!(matches!((&seal.key, &seal.signature.scheme), (SealKey::CloudKms { .. }, Scheme::Rfc9421(_))));
    assert_eq!(seal.signature.certificate, None);
    let stet = "[seal]\nidentity = \"qwac.pem\"\n[seal.signature.key_id]\nform = \"address\"\nfingerprint = \"sha256\"\n\
        address = \"https://tpp.example/qseal.pem\"\n[seal.signature.certificate]\nform = \"address\"\n\
        address = \"https://tpp.example/qseal.pem\"\n";
    assert!(read(&format!("{GOOD}{stet}")).is_ok());
    let told =
        read(&format!("{GOOD}[seal]\nidentity = \"qwac.pem\"\n[seal.signature]\nscheme = \"rfc9421\"\n")).unwrap_err();
    assert!(told.contains("seal.signature.covered: missing"), "{told}");
}
