//! Doors: further addresses of the stand-in, each for one account. What the account has no right to is refused there as
//! Cloud KMS refuses it, and what was asked for is written down. To look at a key, without using it, no account of the hub
//! has a right: that is refused at every door, and not written down.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::{Request, State as FromState},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::Method;

use crate::{permission::Permission, refusal::Refusal, resource, server::Serving};

/// What may be asked for: keys by their names in the ring, with what may be done with each.
pub type Rights = BTreeSet<(String, Permission)>;

/// An address of the stand-in for one account. It is closed when it is dropped.
pub struct Door {
    address: SocketAddr,
    book: Arc<Book>,
    _serving: Serving,
}

impl Door {
    pub(crate) const fn new(address: SocketAddr, book: Arc<Book>, serving: Serving) -> Self {
        Self { address, book, _serving: serving }
    }

    /// The endpoint, for instance `http://127.0.0.1:8086`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked for so far with a right to it.
    pub fn used(&self) -> Rights {
        self.book.lock().used.clone()
    }

    /// What was asked for so far without a right, and refused.
    pub fn refused(&self) -> Rights {
        self.book.lock().refused.clone()
    }
}

/// What an account may do, and what it did.
pub(crate) struct Book {
    rights: Rights,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    used: Rights,
    refused: Rights,
}

impl Book {
    pub(crate) fn of(rights: Rights) -> Arc<Self> {
        Arc::new(Self { rights, seen: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what is asked for. Answers whether there is a right to it.
    fn allows(&self, wanted: (String, Permission)) -> bool {
        let is_allowed = self.rights.contains(&wanted);
        let mut seen = self.lock();
        let list = if is_allowed { &mut seen.used } else { &mut seen.refused };
        list.insert(wanted);
        is_allowed
    }
}

/// The stand-in's routes behind that book. Those below `/control` are not for accounts.
pub(crate) fn router(inside: Router, book: Arc<Book>) -> Router {
    inside.layer(middleware::from_fn_with_state(book, guard))
}

async fn guard(FromState(book): FromState<Arc<Book>>, request: Request, next: Next) -> Response {
    let Some((operation, resource)) = resource::read(request.method() == Method::POST, request.uri().path()) else {
        return Refusal::not_found(request.uri().path()).into_response();
    };
    let wanted = operation.permission().filter(|wanted| !is_a_look(*wanted));
    if wanted.is_some_and(|wanted| book.allows((resource.key.clone(), wanted))) {
        next.run(request).await
    } else {
        let message = format!("Permission denied on '{}' (or it may not exist).", resource.key);
        Refusal::of_status(403, message).into_response()
    }
}

const fn is_a_look(wanted: Permission) -> bool {
    matches!(wanted, Permission::GetKey | Permission::GetVersion)
}
