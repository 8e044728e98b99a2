//! Whether a private key is that of a certificate.

use rustls::crypto::aws_lc_rs;
use rustls_pki_types::PrivateKeyDer;

use crate::{ports::identities::IdentityFault, protocol::certificate::public_key_info};

/// The key must be that of the first certificate. The public halves are compared; nothing is signed.
pub(super) fn check(key: &PrivateKeyDer<'static>, chain: &[Vec<u8>]) -> Result<(), IdentityFault> {
    let loaded = aws_lc_rs::default_provider().key_provider.load_private_key(key.clone_key());
    let public = loaded.ok().and_then(|key| key.public_key().map(|public| public.to_vec()));
    let public = public.ok_or(IdentityFault::UnusableKey)?;
    let is_of = |der: &Vec<u8>| public_key_info(der).is_ok_and(|info| info == public);
    match chain.iter().position(is_of) {
        Some(0) => Ok(()),
        Some(position) => Err(IdentityFault::LeafNotFirst(position + 1)),
        None => Err(IdentityFault::KeyMismatch),
    }
}
