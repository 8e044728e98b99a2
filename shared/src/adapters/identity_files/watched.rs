//! One file that is looked at again from time to time, and the last good identity that was in it.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use tokio::{
    sync::{Mutex, MutexGuard},
    task,
    time::Instant,
};
use zeroize::Zeroizing;

use super::{
    pem::{self, KeyPlace},
    report,
};
use crate::{
    domain::{certificate::Demand, code_hash::sha256},
    ports::identities::{Identity, IdentityFault},
};

/// The longest file that is read.
const LONGEST: u64 = 256 * 1024;

/// What is looked for, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    pub path: PathBuf,
    pub demand: Demand,
    pub key: KeyPlace,
}

/// A file and what is known of it.
pub(super) struct Watched {
    wanted: Wanted,
    current: ArcSwapOption<Identity>,
    look: Mutex<Look>,
}

/// What was seen when the file was last looked at.
#[derive(Default)]
struct Look {
    /// When to look again.
    next: Option<Instant>,
    /// The hash of the content that the current identity is from.
    taken: Option<[u8; 32]>,
    /// Why the content was not taken the last time, for not to say it twice.
    refused: Option<IdentityFault>,
    /// How many days were left when the operator was last told.
    told_days: Option<u64>,
}

impl Watched {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, current: ArcSwapOption::empty(), look: Mutex::default() }
    }

    /// The last good identity, as it was when last looked at.
    pub(super) fn known(&self) -> Option<Arc<Identity>> {
        self.current.load_full()
    }

    /// Whether the last content was not taken. While somebody looks, nothing is known of it.
    pub(super) fn is_refused(&self) -> bool {
        self.look.try_lock().is_ok_and(|look| look.refused.is_some())
    }

    /// The identity as it is now. Whoever comes while another looks is given the one before; only the first of all is
    /// waited for.
    pub(super) async fn current(&self, every: Duration, now: Timestamp) -> Result<Arc<Identity>, IdentityFault> {
        let Some(known) = self.known() else {
            let look = self.look.lock().await;
            return match self.known() {
                Some(known) => Ok(known),
                None => self.look_again(look, every, now).await,
            };
        };
        match self.look.try_lock() {
            Ok(look) if look.next.is_none_or(|next| Instant::now() >= next) => self.look_again(look, every, now).await,
            _ => Ok(known),
        }
    }

    async fn look_again(
        &self,
        mut look: MutexGuard<'_, Look>,
        every: Duration,
        now: Timestamp,
    ) -> Result<Arc<Identity>, IdentityFault> {
        look.next = Some(Instant::now() + every);
        let known = self.known();
        let outcome = match self.read(look.taken).await {
            Ok(Some((hash, fresh))) => self.judge(known.as_deref(), fresh, now).map(|fresh| Some((hash, fresh))),
            Ok(None) => Ok(None),
            Err(fault) => Err(fault),
        };
        match outcome {
            Ok(Some((hash, fresh))) => {
                let fresh = Arc::new(fresh);
                report::taken(&self.wanted, &fresh, known.is_some());
                self.current.store(Some(Arc::clone(&fresh)));
                *look = Look { next: look.next, taken: Some(hash), ..Look::default() };
            }
            Ok(None) => look.refused = None,
            Err(fault) if known.is_none() => return Err(fault),
            Err(fault) if look.refused.as_ref() == Some(&fault) => {}
            Err(fault) => {
                report::refused(&self.wanted, &fault);
                look.refused = Some(fault);
            }
        }
        let current = self.known().ok_or(IdentityFault::Empty)?;
        look.told_days = report::end(&self.wanted, &current.facts, now, look.told_days);
        Ok(current)
    }

    /// What is in the file, and the hash of it; none if it is what was taken before.
    async fn read(&self, taken: Option<[u8; 32]>) -> Result<Option<([u8; 32], Identity)>, IdentityFault> {
        let wanted = self.wanted.clone();
        let reading = task::spawn_blocking(move || {
            let content = content(&wanted.path)?;
            let hash = sha256(&content);
            if taken == Some(hash) {
                return Ok(None);
            }
            Ok(Some((hash, pem::identity(&content, wanted.demand, wanted.key)?)))
        });
        // Only a process that is ending gives up work that was begun.
        reading.await.unwrap_or(Err(IdentityFault::Unreadable(std::io::ErrorKind::Interrupted)))
    }

    /// A new identity takes the place of one of the same organisation only, and one that is not in its time does not take
    /// the place of one that is.
    fn judge(&self, known: Option<&Identity>, fresh: Identity, now: Timestamp) -> Result<Identity, IdentityFault> {
        let organisation = known.and_then(|known| known.facts.organisation_identifier.as_ref());
        if organisation.is_some() && organisation != fresh.facts.organisation_identifier.as_ref() {
            return Err(IdentityFault::OtherOrganisation);
        }
        let is_good = |identity: &Identity| self.wanted.demand.check_at(&identity.facts, now);
        match is_good(&fresh) {
            Err(misfit) if known.is_some_and(|known| is_good(known).is_ok()) => Err(misfit.into()),
            _ => Ok(fresh),
        }
    }
}

/// The file's bytes, wiped after use.
pub(super) fn content(path: &Path) -> Result<Zeroizing<Vec<u8>>, IdentityFault> {
    let unreadable = |error: std::io::Error| IdentityFault::Unreadable(error.kind());
    let mut content = Zeroizing::new(Vec::new());
    File::open(path).map_err(unreadable)?.take(LONGEST + 1).read_to_end(&mut content).map_err(unreadable)?;
    if content.len() as u64 > LONGEST { Err(IdentityFault::TooLarge) } else { Ok(content) }
}
