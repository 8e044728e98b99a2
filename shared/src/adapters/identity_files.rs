//! Identities in files: the port [`Identities`], and what seals in files are read with.
//!
//! A file is looked at again on a call, some seconds after the last look, and only its content is compared. So it makes
//! no difference how it was replaced: written anew, renamed over, or a version of a mounted secret.

mod key;
mod pem;
mod report;
mod watched;

use std::{
    collections::HashMap,
    fmt,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use async_trait::async_trait;

pub use self::pem::KeyPlace;
use self::watched::{Wanted, Watched};
use crate::{
    domain::{
        bank::TlsProfile,
        certificate::{CertificateFacts, Demand, Usage},
    },
    ports::{
        clock::Clock,
        identities::{Identities, Identity, IdentityFault},
    },
};

/// How long a file is believed before it is looked at again.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Every identity that was asked for.
pub struct IdentityFiles {
    clock: Arc<dyn Clock>,
    every: Duration,
    files: RwLock<HashMap<Wanted, Arc<Watched>>>,
}

impl IdentityFiles {
    /// Knows no file yet; each is met when it is asked for, and looked at again after that time at the earliest.
    pub fn new(clock: Arc<dyn Clock>, every: Duration) -> Self {
        Self { clock, every, files: RwLock::default() }
    }

    /// The last good identity in a file. Whether it is in its time is for the caller to judge.
    pub async fn current(&self, path: &Path, demand: Demand, key: KeyPlace) -> Result<Arc<Identity>, IdentityFault> {
        self.wanted(Wanted { path: path.to_owned(), demand, key }).await
    }

    async fn wanted(&self, wanted: Wanted) -> Result<Arc<Identity>, IdentityFault> {
        let file = self.file(&wanted).unwrap_or_else(|| self.meet(wanted));
        file.current(self.every, self.clock.now()).await
    }

    fn file(&self, wanted: &Wanted) -> Option<Arc<Watched>> {
        self.files.read().unwrap_or_else(PoisonError::into_inner).get(wanted).cloned()
    }

    fn meet(&self, wanted: Wanted) -> Arc<Watched> {
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        let file = files.entry(wanted.clone()).or_insert_with(|| Arc::new(Watched::new(wanted)));
        Arc::clone(file)
    }
}

/// Reads a file once, without remembering it: for checks by hand. Says nothing of the certificate's time.
pub fn read(path: &Path, demand: Demand, key: KeyPlace) -> Result<Identity, IdentityFault> {
    parse(&watched::content(path)?, demand, key)
}

/// The identity in a file's bytes.
pub fn parse(content: &[u8], demand: Demand, key: KeyPlace) -> Result<Identity, IdentityFault> {
    pem::identity(content, demand, key)
}

/// The QWAC of a bank's document.
fn qwac(profile: &TlsProfile) -> Wanted {
    let (path, demand) = (profile.identity_file.clone(), profile.demand(Usage::Transport));
    Wanted { path, demand, key: KeyPlace::Beside }
}

#[async_trait]
impl Identities for IdentityFiles {
    async fn transport(&self, profile: &TlsProfile) -> Result<Arc<Identity>, IdentityFault> {
        self.wanted(qwac(profile)).await
    }

    fn facts(&self, profile: &TlsProfile) -> Option<CertificateFacts> {
        self.file(&qwac(profile))?.known().map(|identity| identity.facts.clone())
    }

    fn is_refused(&self, profile: &TlsProfile) -> bool {
        self.file(&qwac(profile)).is_some_and(|file| file.is_refused())
    }
}

/// Shows nothing of the files.
impl fmt::Debug for IdentityFiles {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("IdentityFiles").field("every", &self.every).finish_non_exhaustive()
    }
}
