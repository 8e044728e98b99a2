//! How the key of a signature is named.

use std::fmt::Write;

use super::{
    certificate::SigningCertificate,
    errors::{UnsignableRequest, is_visible},
};
use crate::domain::{
    code_hash::sha256,
    signature_profile::{Fingerprint, KeyIdForm, SerialForm},
};

/// The key's name: visible ASCII, not empty.
///
/// `SN=…,CA=…` is of Berlin Group (`OpenAPI` 1.3.11, `Signature`), an address of STET.
pub(super) fn text(form: &KeyIdForm, certificate: &SigningCertificate) -> Result<String, UnsignableRequest> {
    let text = match form {
        KeyIdForm::SerialAndIssuer { serial, issuer } => {
            format!("SN={},CA={}", serial_text(*serial, certificate), certificate.issuer().text(*issuer))
        }
        KeyIdForm::Serial(serial) => format!("SN={}", serial_text(*serial, certificate)),
        KeyIdForm::Address { certificate: url, fingerprint: Fingerprint::None } => url.as_str().to_owned(),
        KeyIdForm::Address { certificate: url, fingerprint: Fingerprint::Sha256 } => {
            format!("{url}_{}", hex(&sha256(certificate.der())))
        }
        KeyIdForm::Fixed(text) => text.clone(),
    };
    if is_visible(&text) { Ok(text) } else { Err(UnsignableRequest::Parameter("keyId")) }
}

fn serial_text(form: SerialForm, certificate: &SigningCertificate) -> String {
    match form {
        SerialForm::HexLower => certificate.serial_hex().to_owned(),
        SerialForm::HexUpper => certificate.serial_hex().to_uppercase(),
        SerialForm::Decimal => certificate.serial_decimal().to_owned(),
    }
}

/// The bytes in small hexadecimal letters.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{super::fixtures::certificate, *};
    use crate::domain::signature_profile::{IssuerForm, NameEscaping};

    fn told(form: &KeyIdForm) -> String {
        text(form, &certificate()).unwrap()
    }

    #[test]
    fn names_the_key_by_its_certificate() {
        let issuer = IssuerForm::default();
        let by_issuer = |serial, issuer| told(&KeyIdForm::SerialAndIssuer { serial, issuer });
        assert_eq!(
            by_issuer(SerialForm::HexLower, issuer),
            "SN=5f3a9c1b20d4e7,CA=CN=Sandbox%20QTSP%20CA%201,O=Sandbox%20QTSP%20GmbH,C=DE"
        );
        let plain = IssuerForm { escaping: NameEscaping::Backslash, ..issuer };
        assert_eq!(
            by_issuer(SerialForm::HexUpper, plain),
            "SN=5F3A9C1B20D4E7,CA=CN=Sandbox QTSP CA 1,O=Sandbox QTSP GmbH,C=DE"
        );
        assert_eq!(told(&KeyIdForm::Serial(SerialForm::Decimal)), "SN=26804564931957991");
    }

    #[test]
    fn names_the_key_by_where_its_certificate_is() {
        let at = |fingerprint| {
            let certificate = "https://tpp.example/qseal".parse().unwrap();
            told(&KeyIdForm::Address { certificate, fingerprint })
        };
        assert_eq!(at(Fingerprint::None), "https://tpp.example/qseal");
        let fingerprint = hex(&sha256(certificate().der()));
        assert_eq!(at(Fingerprint::Sha256), format!("https://tpp.example/qseal_{fingerprint}"));
    }

    #[test]
    fn names_the_key_as_the_bank_does() {
        assert_eq!(told(&KeyIdForm::Fixed("client-1".to_owned())), "client-1");
    }

    #[test]
    fn bytes_have_two_letters_each() {
        assert_eq!(hex(&[0, 0x0a, 0xff]), "000aff");
    }
}
