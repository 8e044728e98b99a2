//! Reads key and chain out of one PEM text: lenient in what stands around the sections, strict in what they are.

use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject},
};
use zeroize::Zeroizing;

use super::key;
use crate::{
    domain::{
        certificate::{CertificateFacts, Demand},
        secret::SecretSlice,
    },
    ports::identities::{Identity, IdentityFault},
    protocol::certificate::{self, is_issuer_of},
};

/// Where the key of a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPlace {
    /// In the same file.
    Beside,
    /// In a key service; the file must hold none.
    Elsewhere,
}

/// The identity in a file's bytes, if it is what is demanded but for its time.
pub(super) fn identity(bytes: &[u8], demand: Demand, key: KeyPlace) -> Result<Identity, IdentityFault> {
    let text = Text::of(bytes)?;
    let key = match key {
        KeyPlace::Beside => Some(Zeroizing::new(text.only_key()?)),
        KeyPlace::Elsewhere if text.has_key() => return Err(IdentityFault::StrayKey),
        KeyPlace::Elsewhere => None,
    };
    let mut chain = text.certificates()?;
    let facts = facts_of_first(&chain)?;
    if let Some(key) = &key {
        key::check(key, &chain)?;
    }
    check_order(&chain)?;
    demand.check(&facts)?;
    if chain.len() > 1 {
        chain.pop_if(|last| is_issuer_of(last, last));
    }
    let key = SecretSlice::from(key.map(|key| key.secret_der().to_vec()).unwrap_or_default());
    Ok(Identity { facts, chain, key })
}

/// What the first certificate says; all of them must be readable.
fn facts_of_first(chain: &[Vec<u8>]) -> Result<CertificateFacts, IdentityFault> {
    let read = (1..)
        .zip(chain)
        .map(|(position, der)| certificate::facts(der).map_err(|error| IdentityFault::Certificate { position, error }));
    let read = read.collect::<Result<Vec<_>, _>>()?;
    read.into_iter().next().ok_or(IdentityFault::NoCertificate)
}

/// Each certificate must be of the issuer of the one before it (RFC 8446 §4.4.2).
fn check_order(chain: &[Vec<u8>]) -> Result<(), IdentityFault> {
    let stranger = chain.windows(2).position(|pair| !matches!(pair, [one, next] if is_issuer_of(next, one)));
    stranger.map_or(Ok(()), |position| Err(IdentityFault::ChainOrder(position + 2)))
}

/// A PEM text in the form that parsers agree on: no byte order mark, no blanks around lines, no empty lines, line feeds
/// alone. It is wiped after use.
struct Text(Zeroizing<String>);

impl Text {
    fn of(bytes: &[u8]) -> Result<Self, IdentityFault> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.trim_ascii().is_empty() {
            return Err(IdentityFault::Empty);
        }
        // Text around the sections may be in any encoding; the sections themselves are ASCII.
        let mut text = Zeroizing::new(String::with_capacity(bytes.len() + 1));
        for line in bytes.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii) {
            if let Ok(line) = str::from_utf8(line)
                && !line.is_empty()
            {
                text.push_str(line);
                text.push('\n');
            }
        }
        if text.contains("-----BEGIN ") { Ok(Self(text)) } else { Err(IdentityFault::NotPem) }
    }

    /// Whether a section of a private key begins anywhere.
    fn has_key(&self) -> bool {
        self.0.lines().any(|line| line.starts_with("-----BEGIN ") && line.contains("PRIVATE KEY-----"))
    }

    /// Whether a key is under a password: in PKCS #8 (RFC 7468 §11), or in the older way of OpenSSL (RFC 1421 §4.6.1.1).
    fn has_encrypted_key(&self) -> bool {
        self.0.lines().any(|line| line == "-----BEGIN ENCRYPTED PRIVATE KEY-----" || line == "Proc-Type: 4,ENCRYPTED")
    }

    fn only_key(&self) -> Result<PrivateKeyDer<'static>, IdentityFault> {
        if self.has_encrypted_key() {
            return Err(IdentityFault::EncryptedKey);
        }
        let mut keys = PrivateKeyDer::pem_slice_iter(self.0.as_bytes());
        let key = keys.next().ok_or(IdentityFault::NoKey)?.map_err(damaged)?;
        match keys.next() {
            None => Ok(key),
            Some(Ok(_)) => Err(IdentityFault::SeveralKeys),
            Some(Err(error)) => Err(damaged(error)),
        }
    }

    fn certificates(&self) -> Result<Vec<Vec<u8>>, IdentityFault> {
        let read = CertificateDer::pem_slice_iter(self.0.as_bytes());
        let chain = read.map(|der| Ok(der.map_err(damaged)?.to_vec())).collect::<Result<Vec<_>, IdentityFault>>()?;
        if chain.is_empty() { Err(IdentityFault::NoCertificate) } else { Ok(chain) }
    }
}

fn damaged(_: pem::Error) -> IdentityFault {
    IdentityFault::Damaged
}
