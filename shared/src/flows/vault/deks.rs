//! Unwrapped data keys (DEKs), remembered for a while and wiped when they are forgotten.

use std::sync::{Arc, Mutex, PoisonError};

use moka::future::Cache;

use super::DekCache;
use crate::{
    domain::secret::Secret32,
    ports::{keys::KeyError, measuring::INSIDE},
};

/// What a DEK is remembered by.
pub(super) type DekName = [u8; 32];

/// The remembered DEKs. Clones share them; with the last of them they are gone.
#[derive(Clone)]
pub(super) struct Deks(Arc<Slots>);

struct Slots(Cache<DekName, Arc<Slot>>);

/// The cache frees what it held some time later, so each slot is emptied now.
impl Drop for Slots {
    fn drop(&mut self) {
        self.0.iter().for_each(|(_, slot)| slot.clear());
    }
}

/// Where a remembered DEK is. The cache frees what it evicts some time later, so each slot is emptied at once.
struct Slot(Mutex<Option<Arc<Secret32>>>);

impl Slot {
    fn of(dek: Arc<Secret32>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(dek))))
    }

    fn dek(&self) -> Option<Arc<Secret32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets go of the DEK, which wipes itself once nobody is using it.
    fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Deks {
    /// None yet.
    pub(super) fn new(bounds: DekCache) -> Self {
        let cache = Cache::builder().max_capacity(bounds.capacity).time_to_live(bounds.time_to_live);
        Self(Arc::new(Slots(cache.eviction_listener(|_, slot: Arc<Slot>, _| slot.clear()).build())))
    }

    /// The DEK of that name. Of several who miss it at once, one unwraps it; failures are not remembered.
    pub(super) async fn get<F>(
        &self,
        name: DekName,
        unwrap: impl Fn() -> F + Send + Sync,
    ) -> Result<Arc<Secret32>, Arc<KeyError>>
    where
        F: Future<Output = Result<Secret32, KeyError>> + Send,
    {
        let mut own = None;
        let fill = async {
            let dek = Arc::new(unwrap().await?);
            own = Some(Arc::clone(&dek));
            Ok(Slot::of(dek))
        };
        let slot = self.0.0.try_get_with(name, fill).await?;
        let memory = if own.is_some() { "miss" } else { "hit" };
        tracing::trace!(target: INSIDE, { data_key.memory = memory }, "a data key is at hand");
        match own.or_else(|| slot.dek()) {
            Some(dek) => Ok(dek),
            // Forgotten between being found and being taken.
            None => Ok(Arc::new(unwrap().await?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Weak,
            atomic::{AtomicU32, Ordering},
        },
        time::Duration,
    };

    use super::*;

    async fn unwrapped() -> Result<Secret32, KeyError> {
        Ok(Secret32::new(Box::new([7; 32])))
    }

    /// The keys of twenty names, of which none is in use any more.
    async fn twenty(deks: &Deks) -> Vec<Weak<Secret32>> {
        let mut taken = Vec::new();
        for number in 0..20 {
            taken.push(Arc::downgrade(&deks.get([number; 32], unwrapped).await.unwrap()));
        }
        taken
    }

    fn alive(deks: &[Weak<Secret32>]) -> usize {
        deks.iter().filter(|dek| dek.upgrade().is_some()).count()
    }

    #[tokio::test]
    async fn keeps_no_more_than_it_has_room_for() {
        let deks = Deks::new(DekCache { capacity: 3, ..DekCache::default() });
        let taken = twenty(&deks).await;
        deks.0.0.run_pending_tasks().await;
        assert_eq!((deks.0.0.entry_count(), alive(&taken)), (3, 3));
    }

    #[tokio::test]
    async fn keeps_none_longer_than_it_may() {
        let deks = Deks::new(DekCache { time_to_live: Duration::from_nanos(1), ..DekCache::default() });
        let taken = twenty(&deks).await;
        let start = std::time::Instant::now();
        while alive(&taken) > 0 {
            deks.0.0.run_pending_tasks().await;
            assert!(start.elapsed() < Duration::from_mins(1), "{} are left", alive(&taken));
        }
    }

    #[tokio::test]
    async fn leaves_none_behind() {
        let deks = Deks::new(DekCache::default());
        let taken = twenty(&deks).await;
        assert_eq!(alive(&taken), 20);
        drop(deks);
        assert_eq!(alive(&taken), 0);
    }

    #[tokio::test]
    async fn leaves_a_key_to_those_who_use_it() {
        let deks = Deks::new(DekCache::default());
        let dek = deks.get([1; 32], unwrapped).await.unwrap();
        deks.0.0.invalidate_all();
        deks.0.0.run_pending_tasks().await;
        drop(deks);
        assert_eq!(Arc::strong_count(&dek), 1);
    }

    #[tokio::test]
    async fn unwraps_again_what_was_just_forgotten() {
        let deks = Deks::new(DekCache::default());
        let (name, unwraps) = ([1; 32], AtomicU32::new(0));
        let unwrap = || {
            unwraps.fetch_add(1, Ordering::Relaxed);
            unwrapped()
        };
        deks.get(name, unwrap).await.unwrap();
        deks.0.0.get(&name).await.unwrap().clear();
        deks.get(name, unwrap).await.unwrap();
        assert_eq!(unwraps.into_inner(), 2);
    }
}
