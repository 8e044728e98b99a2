//! What single kinds of calls to one bank need: headers, parameters, paths, times.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use http::{HeaderName, HeaderValue};

use super::CallLimits;
use crate::domain::operation::Operation;

/// What calls to one bank need besides what the standard says.
#[derive(Clone, Debug, Default)]
pub struct Operations {
    /// For every call.
    pub every: OperationProfile,
    /// For calls of one kind, over what is said for every call.
    pub single: BTreeMap<Operation, OperationProfile>,
}

/// What one kind of call needs.
#[derive(Clone, Debug, Default)]
pub struct OperationProfile {
    /// Where it goes below the bank's root, instead of the standard's path; `{consent_id}`, `{authorisation_id}`,
    /// `{account_id}` and `{transaction_id}` are filled in.
    pub path: Option<String>,
    /// The media type to ask for instead of `application/json`.
    pub accept: Option<HeaderValue>,
    /// Headers that are sent besides.
    pub headers: Vec<StaticHeader>,
    /// Headers that are not sent.
    pub without_headers: HashSet<HeaderName>,
    /// Query parameters that are sent besides.
    pub query: BTreeMap<String, String>,
    /// Query parameters that are not sent.
    pub without_query: BTreeSet<String>,
    /// From the call to the last byte of the answer.
    pub total: Option<Duration>,
    /// Whether a read that failed in passing is made once more; it is, unless this says otherwise.
    pub repeated: Option<bool>,
}

/// A header that goes with every call, such as an API key's. The value is marked as secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticHeader {
    /// Its name.
    pub name: HeaderName,
    /// Its value; never printed.
    pub value: HeaderValue,
}

impl Operations {
    /// What is said for every call and for this kind, the general first.
    pub fn of(&self, operation: Operation) -> impl Iterator<Item = &OperationProfile> {
        std::iter::once(&self.every).chain(self.single.get(&operation))
    }

    /// The path of calls of this kind, if it is not the standard's.
    pub fn path(&self, operation: Operation) -> Option<&str> {
        self.single.get(&operation)?.path.as_deref()
    }

    /// How long a call of this kind may take.
    pub fn total(&self, operation: Operation, limits: &CallLimits) -> Duration {
        self.single.get(&operation).and_then(|profile| profile.total).unwrap_or(limits.total)
    }

    /// Whether a read of this kind that failed in passing is made once more.
    pub fn is_repeated(&self, operation: Operation) -> bool {
        let single = self.single.get(&operation).and_then(|profile| profile.repeated);
        single.or(self.every.repeated).unwrap_or(true)
    }
}
