//! Who is at the other end of a connection, read from the client certificate.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use tokio::sync::Notify;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::X509Name;

use crate::consent::ThirdParty;
use crate::fingerprint::sha256_hex;
use crate::pki::qc_statements::QcStatements;

const ORGANISATION_IDENTIFIER: &str = "2.5.4.97";
const QC_STATEMENTS: &str = "1.3.6.1.5.5.7.1.3";

/// What the bank reads in a client certificate.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    /// Hexadecimal SHA-256 of the DER.
    pub(crate) sha256: String,
    /// The subject's `organizationIdentifier`.
    pub(crate) organisation: Option<String>,
    /// The subject's organisation name, for the customer's eyes.
    pub(crate) name: Option<String>,
    pub(crate) statements: QcStatements,
}

/// The authenticated other end of a connection; every request of the connection carries it.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) tpp: ThirdParty,
    pub(crate) certificate_sha256: String,
    /// Tells the connection to end at once, without an answer.
    pub(crate) hang_up: Arc<Notify>,
}

impl Certificate {
    /// Reads what can be read; a certificate that cannot be parsed has only its digest.
    pub(crate) fn read(der: &CertificateDer<'_>) -> Self {
        let parsed = X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate);
        Self {
            sha256: sha256_hex(der),
            organisation: parsed.as_ref().and_then(|one| attribute(one.subject(), ORGANISATION_IDENTIFIER)),
            name: parsed.as_ref().and_then(|one| attribute(one.subject(), "2.5.4.10")),
            statements: parsed.as_ref().and_then(statements).unwrap_or_default(),
        }
    }

    /// The caller, if the certificate says which organisation it is.
    pub(crate) fn into_caller(self) -> Option<Caller> {
        let organisation = self.organisation?;
        let name = self.name.unwrap_or_else(|| organisation.clone());
        Some(Caller {
            tpp: ThirdParty { organisation, name },
            certificate_sha256: self.sha256,
            hang_up: Arc::new(Notify::new()),
        })
    }
}

fn attribute(name: &X509Name<'_>, oid: &str) -> Option<String> {
    let mut attributes = name.iter_attributes().filter(|attribute| attribute.attr_type().to_id_string() == oid);
    attributes.next()?.as_str().ok().map(str::to_owned)
}

fn statements(certificate: &X509Certificate<'_>) -> Option<QcStatements> {
    let mut extensions = certificate.extensions().iter();
    let extension = extensions.find(|extension| extension.oid.to_id_string() == QC_STATEMENTS)?;
    QcStatements::decode(extension.value)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;
    use crate::pki::Pki;
    use crate::pki::qc_statements::{QcType, Role};

    fn read(pem: &str) -> Certificate {
        Certificate::read(&CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
    }

    #[test]
    fn reads_owner_type_and_roles() {
        let pki = Pki::mint(date(2026, 11, 20)).unwrap();
        let qwac = read(&pki.qwac);
        assert_eq!(qwac.organisation.as_deref(), Some("PSDDE-FAKENCA-HUB001"));
        assert_eq!(qwac.statements.kind, Some(QcType::Web));
        assert_eq!(qwac.statements.roles, [Role::AccountInformation, Role::PaymentInitiation]);
        assert_eq!(read(&pki.qseal).statements.kind, Some(QcType::Seal));
        assert_eq!(read(&pki.other_qwac).organisation.as_deref(), Some("PSDDE-FAKENCA-OTHER2"));
    }

    #[test]
    fn finds_no_organisation_in_a_server_certificate() {
        let pki = Pki::mint(date(2026, 11, 20)).unwrap();
        assert!(read(&pki.server_chain).into_caller().is_none());
    }
}
