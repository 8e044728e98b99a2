//! The certificates of the sandbox: a trust service provider's CA, the bank's server certificate and
//! a set of third parties' certificates, right and wrong ones.

mod mint;
pub(crate) mod qc_statements;

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use jiff::civil::Date;

pub use mint::MintError;

/// All certificates, as PEM texts. They are worth nothing outside this sandbox.
#[derive(Clone)]
pub struct Pki {
    /// The CA that the bank's and the third parties' certificates come from.
    pub ca: String,
    /// The bank's server certificate with its chain, without its key.
    pub server_chain: String,
    /// A QWAC for the hub: private key, certificate and chain in one text.
    pub qwac: String,
    /// A QSEAL for the hub: private key (RSA 2048), certificate and chain. The bank refuses it in TLS.
    pub qseal: String,
    /// A QWAC of another third party.
    pub other_qwac: String,
    /// A QWAC for the hub that ran out yesterday.
    pub expired_qwac: String,
    /// A certificate like the hub's QWAC from a CA that the bank does not know.
    pub stranger: String,
    /// The hub's QSEAL (the same key), which ran out yesterday.
    pub qseal_expired: String,
    /// A QSEAL of another third party (the same key, to save time).
    pub qseal_other: String,
    /// The hub's next QWAC: the same organisation, a new key.
    pub qwac_renewed: String,
    /// A QWAC for the hub whose owner has no PSD2 role. The bank refuses it in TLS.
    pub qwac_without_roles: String,
    /// A QWAC for the hub whose `QcStatements` are one bare statement, as some sandboxes make them. The
    /// bank refuses it in TLS.
    pub qwac_bare_statement: String,
    pub(crate) server_key: String,
}

/// The certificates cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// They cannot be made.
    #[error("the certificates cannot be made")]
    Mint(#[from] MintError),
    /// They cannot be read or written.
    #[error("the certificates cannot be read or written")]
    Io(#[from] io::Error),
}

impl Pki {
    /// Makes a complete set.
    pub(crate) fn mint(today: Date) -> Result<Self, PkiError> {
        Ok(mint::all(today)?)
    }

    /// The set saved in a directory, made and saved first if it is not there or not complete, as one of
    /// an earlier bank. A set is saved as a
    /// whole by renaming its directory, so a killed start leaves none.
    pub(crate) fn load_or_mint(directory: &Path, today: Date) -> Result<Self, PkiError> {
        match Self::load(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            loaded => return Ok(loaded?),
        }
        let pki = Self::mint(today)?;
        let fresh = directory.with_extension("new");
        remove(&fresh)?;
        pki.save(&fresh)?;
        remove(directory)?;
        fs::rename(fresh, directory)?;
        Ok(pki)
    }

    fn load(directory: &Path) -> io::Result<Self> {
        let text = |name: &str| fs::read_to_string(directory.join(name));
        Ok(Self {
            ca: text("ca.pem")?,
            server_chain: text("server-chain.pem")?,
            server_key: text("server-key.pem")?,
            qwac: text("qwac.pem")?,
            qseal: text("qseal.pem")?,
            other_qwac: text("other-qwac.pem")?,
            expired_qwac: text("expired-qwac.pem")?,
            stranger: text("stranger.pem")?,
            qseal_expired: text("qseal-expired.pem")?,
            qseal_other: text("qseal-other.pem")?,
            qwac_renewed: text("qwac-renewed.pem")?,
            qwac_without_roles: text("qwac-without-roles.pem")?,
            qwac_bare_statement: text("qwac-bare-statement.pem")?,
        })
    }

    fn save(&self, directory: &Path) -> io::Result<()> {
        fs::create_dir_all(directory)?;
        for (name, text) in [
            ("ca.pem", &self.ca),
            ("server-chain.pem", &self.server_chain),
            ("server-key.pem", &self.server_key),
            ("qwac.pem", &self.qwac),
            ("qseal.pem", &self.qseal),
            ("other-qwac.pem", &self.other_qwac),
            ("expired-qwac.pem", &self.expired_qwac),
            ("stranger.pem", &self.stranger),
            ("qseal-expired.pem", &self.qseal_expired),
            ("qseal-other.pem", &self.qseal_other),
            ("qwac-renewed.pem", &self.qwac_renewed),
            ("qwac-without-roles.pem", &self.qwac_without_roles),
            ("qwac-bare-statement.pem", &self.qwac_bare_statement),
        ] {
            fs::write(directory.join(name), text)?;
        }
        Ok(())
    }
}

/// Removes a directory, if it is there.
fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Shows no keys, however little they are worth.
impl fmt::Debug for Pki {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pki").field("ca", &self.ca).field("server_chain", &self.server_chain).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn gives_back_the_set_it_saved() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pki");
        let minted = Pki::load_or_mint(&path, date(2026, 11, 20)).unwrap();
        let loaded = Pki::load_or_mint(&path, date(2026, 11, 20)).unwrap();
        assert_eq!((minted.qwac, minted.server_key), (loaded.qwac, loaded.server_key));
    }

    #[test]
    fn makes_an_incomplete_set_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pki");
        let first = Pki::load_or_mint(&path, date(2026, 11, 20)).unwrap();
        fs::remove_file(path.join("qwac-renewed.pem")).unwrap();
        let second = Pki::load_or_mint(&path, date(2026, 11, 20)).unwrap();
        assert_ne!(first.ca, second.ca);
        assert_eq!(second.ca, Pki::load_or_mint(&path, date(2026, 11, 20)).unwrap().ca);
    }

    #[test]
    fn shows_no_key_in_its_debug_form() {
        assert!(!format!("{:?}", Pki::mint(date(2026, 11, 20)).unwrap()).contains("PRIVATE"));
    }
}
