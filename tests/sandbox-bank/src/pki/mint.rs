//! Making the certificates.

use jiff::ToSpan as _;
use jiff::civil::Date;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd,
};

use super::Pki;
use super::qc_statements::{self, QcType};

/// `organizationIdentifier` of ETSI EN 319 412-1.
const ORGANISATION_IDENTIFIER: &[u64] = &[2, 5, 4, 97];

/// How long certificates hold. Real ones hold a year or two; a sandbox's data directory may grow old.
const YEARS: i64 = 5;

/// A certificate cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("a certificate cannot be made")]
pub struct MintError(#[from] rcgen::Error);

type Authority = CertifiedIssuer<'static, KeyPair>;

/// The first and the last day of a certificate.
#[derive(Clone, Copy)]
struct Validity {
    from: Date,
    to: Date,
}

/// A third party as its certificates name it.
#[derive(Clone, Copy)]
struct Owner {
    name: &'static str,
    identifier: &'static str,
    host: &'static str,
}

const HUB: Owner = Owner { name: "Secure Hub TPP", identifier: "PSDDE-FAKENCA-HUB001", host: "hub.example" };
const OTHER: Owner = Owner { name: "Another TPP", identifier: "PSDDE-FAKENCA-OTHER2", host: "other.example" };

/// A complete set, good from yesterday on, so that clocks a little behind accept it.
pub(super) fn all(today: Date) -> Result<Pki, MintError> {
    let validity = Validity { from: today.saturating_sub(1.day()), to: today.saturating_add(YEARS.years()) };
    let past = Validity { from: today.saturating_sub(90.days()), to: today.saturating_sub(1.day()) };
    let ca = authority("Sandbox QTSP Root CA", Validity { from: past.from, ..validity })?;
    let unknown = authority("Unknown Root CA", validity)?;
    let server_key = KeyPair::generate()?;
    let seal_key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let all = || qc_statements::encode(QcType::Web);
    let server = server_params(validity)?.signed_by(&server_key, &ca)?;
    Ok(Pki {
        ca: ca.pem(),
        server_chain: server.pem() + &ca.pem(),
        server_key: server_key.serialize_pem(),
        qwac: qwac(HUB, validity, all(), &ca)?,
        qseal: qseal(HUB, validity, &seal_key, &ca)?,
        other_qwac: qwac(OTHER, validity, all(), &ca)?,
        expired_qwac: qwac(HUB, past, all(), &ca)?,
        stranger: qwac(HUB, validity, all(), &unknown)?,
        qseal_expired: qseal(HUB, past, &seal_key, &ca)?,
        qseal_other: qseal(OTHER, validity, &seal_key, &ca)?,
        qwac_renewed: qwac(HUB, validity, all(), &ca)?,
        qwac_without_roles: qwac(HUB, validity, qc_statements::encode_without_roles(QcType::Web), &ca)?,
        qwac_bare_statement: qwac(HUB, validity, qc_statements::encode_bare(), &ca)?,
    })
}

fn authority(name: &str, validity: Validity) -> Result<Authority, MintError> {
    let mut params = params(Vec::new(), validity)?;
    params.distinguished_name.push(DnType::CountryName, "DE");
    params.distinguished_name.push(DnType::OrganizationName, "Sandbox Trust Services");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn server_params(validity: Validity) -> Result<CertificateParams, MintError> {
    let mut params = params(vec!["127.0.0.1".to_owned(), "localhost".to_owned()], validity)?;
    params.distinguished_name.push(DnType::CommonName, "Sandbox Bank");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn qwac(owner: Owner, validity: Validity, statements: Vec<u8>, issuer: &Authority) -> Result<String, MintError> {
    let mut params = params(vec![owner.host.to_owned()], validity)?;
    params.distinguished_name = subject(owner);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.custom_extensions = vec![CustomExtension::from_oid_content(qc_statements::EXTENSION, statements)];
    let key = KeyPair::generate()?;
    Ok(bundle(&key, &params.signed_by(&key, issuer)?, issuer))
}

/// A QSEAL has RSA, because the signature scheme of the Berlin Group is RSA-SHA256 at most banks.
fn qseal(owner: Owner, validity: Validity, key: &KeyPair, issuer: &Authority) -> Result<String, MintError> {
    let mut params = params(Vec::new(), validity)?;
    params.distinguished_name = subject(owner);
    params.key_usages = vec![KeyUsagePurpose::ContentCommitment];
    let statements = qc_statements::encode(QcType::Seal);
    params.custom_extensions = vec![CustomExtension::from_oid_content(qc_statements::EXTENSION, statements)];
    Ok(bundle(key, &params.signed_by(key, issuer)?, issuer))
}

fn params(names: Vec<String>, validity: Validity) -> Result<CertificateParams, MintError> {
    let midnight =
        |date: Date| date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs());
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.not_before = midnight(validity.from);
    params.not_after = midnight(validity.to);
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn subject(owner: Owner) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "DE");
    name.push(DnType::OrganizationName, owner.name);
    name.push(DnType::from_oid(ORGANISATION_IDENTIFIER), owner.identifier);
    name.push(DnType::CommonName, owner.host);
    name
}

fn bundle(key: &KeyPair, certificate: &Certificate, issuer: &Authority) -> String {
    [key.serialize_pem(), certificate.pem(), issuer.pem()].concat()
}
