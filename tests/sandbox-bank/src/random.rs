//! Identifiers and secrets nobody can guess. Handlers draw them here and pass them on, so that the
//! rules behind the handlers stay free of randomness.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gave no random bytes")]
pub(crate) struct NoRandomness;

/// A fresh UUID, for things that are named in paths and headers.
pub(crate) fn id() -> Result<String, NoRandomness> {
    Ok(uuid::Builder::from_random_bytes(bytes()?).into_uuid().to_string())
}

/// A fresh secret of 256 bits in base64url, for codes and tokens.
pub(crate) fn secret() -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<32>()?))
}

/// Whether a text has the form of [`id`].
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_repeats_an_id_or_a_secret() {
        assert_ne!(id().unwrap(), id().unwrap());
        assert_ne!(secret().unwrap(), secret().unwrap());
    }

    #[test]
    fn knows_the_form_of_its_own_ids() {
        assert!(is_id(&id().unwrap()));
        assert!(!is_id(&secret().unwrap()));
        assert!(!is_id("DE02999999990000000001"));
    }
}
