//! Everything sealed in a session, in one list, so that a change of keys reaches all of it.

use super::{Access, Attempt, AttemptStage, Session};
use crate::domain::{place::Place, purpose::Purpose, sealed::Sealed};

/// A sealed value and what it is bound to.
#[derive(Debug)]
pub struct SealedValue<'a> {
    /// What kind of key protects it.
    pub purpose: Purpose,
    /// Where it lives.
    pub place: Place,
    /// The value.
    pub sealed: &'a mut Sealed,
}

impl Session {
    /// Every sealed value of the session.
    pub fn sealed_values(&mut self) -> Vec<SealedValue<'_>> {
        let (document, tenant) = (self.id.as_str().to_owned(), self.tenant.clone());
        let value = |field, generation, sealed| {
            let place =
                Place { collection: "sessions", document: document.clone(), field, tenant: tenant.clone(), generation };
            SealedValue { purpose: Purpose::Tokens, place, sealed }
        };
        let mut values = Vec::new();
        let mut granted = None;
        if let Some(Attempt { stage, kept, .. }) = &mut self.attempt {
            if let Some(kept) = kept {
                values.push(value("grant", kept.generation, &mut kept.sealed));
            }
            if let AttemptStage::AwaitingActivation(access) = stage {
                granted = Some(&mut **access);
            }
        }
        for Access { grant, directory, .. } in self.access.iter_mut().chain(granted) {
            values.push(value("grant", grant.generation, &mut grant.sealed));
            if let Some(directory) = directory {
                values.push(value("directory", directory.generation, &mut directory.sealed));
            }
        }
        for grant in self.retiring.iter_mut().filter_map(|old| old.grant.as_mut()) {
            values.push(value("grant", grant.generation, &mut grant.sealed));
        }
        values
    }
}
