//! Remembers what was last found missing, so that `/ready` can name it without asking anybody.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::domain::readiness::Component;

/// What was last found missing, by what found it out.
#[derive(Debug)]
pub(super) struct Missing<T>(Mutex<BTreeMap<T, Component>>);

impl<T: Ord> Missing<T> {
    /// Nothing is missing.
    pub(super) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Notes what this kind of use found missing, or that it found everything.
    pub(super) fn note(&self, found_by: T, missing: Option<Component>) {
        match missing {
            Some(component) => _ = self.known().insert(found_by, component),
            None => _ = self.known().remove(&found_by),
        }
    }

    /// What is missing, each once and in order.
    pub(super) fn all(&self) -> Vec<Component> {
        let mut all: Vec<_> = self.known().values().cloned().collect();
        all.sort();
        all.dedup();
        all
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<T, Component>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_again_is_no_longer_missing() {
        let missing = Missing::new();
        missing.note("wrap", Some(Component::Key("tokens")));
        missing.note("unwrap", Some(Component::Key("tokens")));
        missing.note("other", Some(Component::Key("flow")));
        assert_eq!(missing.all(), [Component::Key("flow"), Component::Key("tokens")]);
        missing.note("wrap", None);
        assert!(missing.all().contains(&Component::Key("tokens")), "the other use still lacks it");
        missing.note("unwrap", None);
        missing.note("other", None);
        assert!(missing.all().is_empty());
    }
}
