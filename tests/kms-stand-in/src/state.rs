//! What the stand-in knows: the ring, the calls so far, the fault that is played.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    calls::Calls,
    fault::Armed,
    keys_file::{self, KeysFileError},
    material::Algorithm,
    permission::{Denials, Permission},
    resource::Operation,
    ring::{Ring, RingError, VersionState},
};

/// Everything that changes, behind one lock.
pub(crate) struct State {
    inner: Mutex<Inner>,
    keys_file: Option<PathBuf>,
}

pub(crate) struct Inner {
    pub(crate) ring: Ring,
    pub(crate) calls: Calls,
    pub(crate) armed: Armed,
    pub(crate) denials: Denials,
}

impl State {
    /// Opens the file, if one is named, or makes fresh keys.
    pub(crate) fn open(key_ring: &str, keys_file: Option<PathBuf>) -> Result<Self, RingError> {
        let stored = keys_file.as_deref().map(keys_file::read).transpose()?.flatten();
        if stored.as_ref().is_some_and(|ring| ring.name != key_ring) {
            return Err(KeysFileError::Malformed.into());
        }
        let ring = stored.map_or_else(|| Ring::fresh(key_ring), Ok)?;
        let inner =
            Mutex::new(Inner { ring, calls: Calls::default(), armed: Armed::default(), denials: Denials::default() });
        let state = Self { inner, keys_file };
        state.save(&state.lock().ring)?;
        Ok(state)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a version to a key, and saves it.
    pub(crate) fn rotate(&self, key: &str, algorithm: Option<Algorithm>) -> Result<u32, RingError> {
        let mut inner = self.lock();
        let number = inner.ring.rotate(key, algorithm)?;
        self.save(&inner.ring)?;
        Ok(number)
    }

    /// Moves a version to a state, and saves that.
    pub(crate) fn set_state(&self, key: &str, number: u32, state: VersionState) -> Result<(), RingError> {
        let mut inner = self.lock();
        inner.ring.set_state(key, number, state)?;
        Ok(self.save(&inner.ring)?)
    }

    /// Takes a permission on a key away from every caller.
    pub(crate) fn deny(&self, key: &str, permission: Permission) {
        self.lock().denials.deny(key, permission);
    }

    /// Takes a key out of the ring, as if it had never been made.
    pub(crate) fn remove(&self, key: &str) -> Result<(), RingError> {
        let mut inner = self.lock();
        inner.ring.keys.remove(key).ok_or(RingError::Unknown)?;
        Ok(self.save(&inner.ring)?)
    }

    fn save(&self, ring: &Ring) -> Result<(), KeysFileError> {
        self.keys_file.as_deref().map_or(Ok(()), |path| keys_file::write(path, ring))
    }
}

impl Inner {
    /// Counts a call.
    pub(crate) const fn count(&mut self, operation: &Operation) {
        let calls = &mut self.calls;
        *match operation {
            Operation::Encrypt => &mut calls.encrypt,
            Operation::Decrypt => &mut calls.decrypt,
            Operation::Sign => &mut calls.asymmetric_sign,
            Operation::PublicKey => &mut calls.get_public_key,
            Operation::GetKey | Operation::GetVersion => &mut calls.get,
            Operation::ListVersions => &mut calls.list,
            Operation::TestPermissions => &mut calls.test_permissions,
        } += 1;
    }
}
