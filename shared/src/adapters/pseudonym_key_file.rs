//! The key of the keyed hashes in a file of its own, for a hub whose other keys are in a key service: a mounted secret.
//!
//! The file has 32 bytes as base64 text (RFC 4648 §4), as `openssl rand -base64 32` writes them. Its mode is not looked at:
//! where a platform mounts secrets, it decides who may read them.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::domain::{pseudonym::PseudonymKey, secret::Secret32};

/// The longest file that is looked at.
const LONGEST: usize = 100;

/// The key could not be had. The message names the file, never what is in it.
#[derive(Debug, thiserror::Error)]
pub enum PseudonymKeyError {
    /// The system did not let us read the file.
    #[error("the file {} with the pseudonym key cannot be read", path.display())]
    Inaccessible {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file has something else in it.
    #[error("the pseudonym key in the file {} must be 32 bytes as base64 text", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

/// The key in the file.
pub fn read(path: &Path) -> Result<PseudonymKey, PseudonymKeyError> {
    let text = start_of(path).map_err(|source| PseudonymKeyError::Inaccessible { path: path.to_owned(), source })?;
    let key = parse(&text).ok_or_else(|| PseudonymKeyError::Malformed { path: path.to_owned() })?;
    Ok(PseudonymKey::new(key))
}

/// As much of the file as is needed to see that it is too long, in a buffer that never grows.
fn start_of(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(Vec::with_capacity(2 * LONGEST));
    File::open(path)?.take(LONGEST as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn parse(text: &[u8]) -> Option<Secret32> {
    let text = text.trim_ascii();
    if text.len() > LONGEST {
        return None;
    }
    let mut bytes = Zeroizing::new([0; LONGEST]);
    let length = STANDARD.decode_slice(text, &mut *bytes).ok()?;
    let key: &[u8; 32] = bytes.get(..length)?.try_into().ok()?;
    Some(Secret32::init_with_mut(|copy| copy.copy_from_slice(key)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::domain::ids::TenantId;

    fn outcome_for(content: &[u8]) -> Result<PseudonymKey, PseudonymKeyError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pseudonym-key");
        fs::write(&path, content).unwrap();
        read(&path)
    }

    #[test]
    fn reads_the_key_with_or_without_a_line_end() {
        let tenant = TenantId::parse("acme").unwrap();
        let expected = PseudonymKey::new(Secret32::new(Box::new([7; 32]))).pseudonym(&tenant, "customer-7");
        for end in ["", "\n", "\r\n"] {
            let key = outcome_for(format!("{}{end}", STANDARD.encode([7; 32])).as_bytes()).unwrap();
            assert_eq!(key.pseudonym(&tenant, "customer-7"), expected);
        }
    }

    #[test]
    fn refuses_what_is_no_key_and_does_not_quote_it() {
        let good = STANDARD.encode([7; 32]);
        let wrong = [
            Vec::new(),
            b"\n".to_vec(),
            vec![7; 32],
            STANDARD.encode([7; 31]).into_bytes(),
            STANDARD.encode([7; 33]).into_bytes(),
            good.trim_end_matches('=').as_bytes().to_vec(),
            good.replace('B', "-").into_bytes(),
            format!("{good}\n{good}").into_bytes(),
            vec![b'A'; 1_000_000],
        ];
        for content in wrong {
            let error = outcome_for(&content).unwrap_err();
            assert!(matches!(error, PseudonymKeyError::Malformed { .. }), "{error:?}");
            let told = format!("{error} {error:?}");
            assert!(told.contains("pseudonym") && !told.contains("BwcH") && !told.contains("AAAA"), "{told}");
        }
    }

    #[test]
    fn says_when_there_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing");
        let error = read(&path).unwrap_err();
        assert!(matches!(error, PseudonymKeyError::Inaccessible { .. }));
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}
