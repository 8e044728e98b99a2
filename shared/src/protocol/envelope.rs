//! The format of a sealed value: envelope encryption with a fresh data key (DEK) per payload, itself wrapped by a key
//! encryption key (KEK) that this code never sees. No IO; keys and nonces come in as arguments.
//!
//! | bytes | what |
//! | --- | --- |
//! | 2 | magic: `SH` (0x53 0x48) |
//! | 1 | format version: 1 |
//! | 1 | purpose: 1 `flow`, 2 `tokens`, 3 `payloads` |
//! | 1 | `v`, the length of the KEK version, 1 to 255 |
//! | `v` | KEK version, UTF-8 |
//! | 2 | `w`, the length of the wrapped DEK, 1 to 1,024, big endian |
//! | `w` | wrapped DEK, as the key service gave it |
//! | 12 | nonce |
//! | rest | AES-256-GCM ciphertext, then its tag of 16 bytes |
//!
//! Payload and DEK are both bound to [`Binding::associated_data`]: format version, purpose and place. KEK version and
//! wrapped DEK stay outside, so that a DEK can be wrapped again without touching the payload ([`Envelope::rewrapped`]);
//! changing them only leads to a DEK that does not unwrap or does not open the payload.

use crate::domain::{
    place::Place,
    purpose::Purpose,
    sealed::Sealed,
    secret::{Secret32, SecretSlice},
};

use super::aead::{self, NONCE_BYTES, NotAuthentic, TAG_BYTES};

const MAGIC: [u8; 2] = *b"SH";
const FORMAT_VERSION: u8 = 1;
const LONGEST_KEY_VERSION: usize = 255;
const LONGEST_WRAPPED_KEY: usize = 1_024;

/// A sealed value is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The bytes are not an envelope of a known format, or of another purpose.
    #[error("the sealed value is malformed")]
    Malformed,
    /// The payload was not sealed with this key, or not for this place. Which, nobody is told.
    #[error("the sealed value does not open")]
    Rejected,
}

impl From<NotAuthentic> for EnvelopeError {
    fn from(_: NotAuthentic) -> Self {
        Self::Rejected
    }
}

/// What a sealed value is bound to.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// Which KEK protects it.
    pub purpose: Purpose,
    /// Where it lives.
    pub place: &'a Place,
}

impl Binding<'_> {
    /// The associated data of payload and DEK: format version, purpose code, then the place.
    pub fn associated_data(&self) -> Vec<u8> {
        let mut out = vec![FORMAT_VERSION, purpose_code(self.purpose)];
        out.extend(self.place.associated_data());
        out
    }
}

/// A DEK as the key service wrapped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrappedDek<'a> {
    version: &'a str,
    bytes: &'a [u8],
}

impl<'a> WrappedDek<'a> {
    /// Checks that the format has room for it: 1 to 255 bytes of version, 1 to 1,024 bytes of wrapped key.
    pub fn new(version: &'a str, bytes: &'a [u8]) -> Result<Self, EnvelopeError> {
        let fits =
            (1..=LONGEST_KEY_VERSION).contains(&version.len()) && (1..=LONGEST_WRAPPED_KEY).contains(&bytes.len());
        if fits { Ok(Self { version, bytes }) } else { Err(EnvelopeError::Malformed) }
    }

    /// The version of the KEK that wrapped it.
    pub fn version(&self) -> &'a str {
        self.version
    }

    /// The wrapped bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// Seals a payload. The DEK must be fresh, used for this payload only.
pub fn seal(
    dek: &Secret32,
    wrapped: WrappedDek<'_>,
    nonce: [u8; NONCE_BYTES],
    binding: Binding<'_>,
    plaintext: &[u8],
) -> Result<Sealed, EnvelopeError> {
    let mut out = header(binding.purpose, wrapped)?;
    out.extend_from_slice(&nonce);
    aead::seal_onto(&mut out, dek, nonce, &binding.associated_data(), plaintext)?;
    Ok(Sealed::from_bytes(out))
}

/// The parts of a sealed value, well-formed but not yet known to be authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    purpose: Purpose,
    wrapped: WrappedDek<'a>,
    nonce: [u8; NONCE_BYTES],
    ciphertext: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Reads the parts.
    pub fn parse(sealed: &'a Sealed) -> Result<Self, EnvelopeError> {
        parse(sealed.as_bytes()).ok_or(EnvelopeError::Malformed)
    }

    /// What kind of key protects it.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The wrapped DEK, to be unwrapped with the binding's associated data.
    pub fn wrapped(&self) -> WrappedDek<'a> {
        self.wrapped
    }

    /// The payload, if it was sealed with this DEK for this binding.
    pub fn open(&self, dek: &Secret32, binding: Binding<'_>) -> Result<SecretSlice<u8>, EnvelopeError> {
        if binding.purpose != self.purpose {
            return Err(EnvelopeError::Malformed);
        }
        Ok(aead::open(dek, self.nonce, &binding.associated_data(), self.ciphertext)?)
    }

    /// The same payload behind the same DEK, wrapped anew.
    pub fn rewrapped(&self, wrapped: WrappedDek<'_>) -> Result<Sealed, EnvelopeError> {
        let mut out = header(self.purpose, wrapped)?;
        out.extend_from_slice(&self.nonce);
        out.extend_from_slice(self.ciphertext);
        Ok(Sealed::from_bytes(out))
    }
}

/// Everything before the nonce.
fn header(purpose: Purpose, wrapped: WrappedDek<'_>) -> Result<Vec<u8>, EnvelopeError> {
    let version_length = u8::try_from(wrapped.version.len()).map_err(|_| EnvelopeError::Malformed)?;
    let wrapped_length = u16::try_from(wrapped.bytes.len()).map_err(|_| EnvelopeError::Malformed)?;
    let mut out = MAGIC.to_vec();
    out.extend([FORMAT_VERSION, purpose_code(purpose), version_length]);
    out.extend_from_slice(wrapped.version.as_bytes());
    out.extend(wrapped_length.to_be_bytes());
    out.extend_from_slice(wrapped.bytes);
    Ok(out)
}

fn parse(bytes: &[u8]) -> Option<Envelope<'_>> {
    let rest = bytes.strip_prefix(&MAGIC)?.strip_prefix(&[FORMAT_VERSION])?;
    let (&purpose, rest) = rest.split_first()?;
    let (&version_length, rest) = rest.split_first()?;
    let (version, rest) = rest.split_at_checked(version_length.into())?;
    let (wrapped_length, rest) = rest.split_first_chunk()?;
    let (wrapped, rest) = rest.split_at_checked(u16::from_be_bytes(*wrapped_length).into())?;
    let (nonce, ciphertext) = rest.split_first_chunk()?;
    let wrapped = WrappedDek::new(str::from_utf8(version).ok()?, wrapped).ok()?;
    let long_enough = ciphertext.len() >= TAG_BYTES;
    long_enough.then_some(Envelope { purpose: purpose_of(purpose)?, wrapped, nonce: *nonce, ciphertext })
}

const fn purpose_code(purpose: Purpose) -> u8 {
    match purpose {
        Purpose::Flow => 1,
        Purpose::Tokens => 2,
        Purpose::Payloads => 3,
    }
}

fn purpose_of(code: u8) -> Option<Purpose> {
    Purpose::ALL.into_iter().find(|purpose| purpose_code(*purpose) == code)
}

#[cfg(test)]
mod tests;
