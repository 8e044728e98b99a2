//! Routes as data. The router, the OpenAPI document and the coverage tests read the same rows.

use axum::{
    Router,
    handler::Handler,
    middleware::from_fn_with_state,
    routing::{MethodFilter, MethodRouter, on},
};
use http::{Method, StatusCode};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        RefOr,
        path::{Parameter, ParameterIn},
        schema::Schema,
    },
};

use super::{app::App, guard};
use crate::domain::scope::Scope;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody: liveness, documents, public keys.
    Public,
    /// A browser that carries a one-time secret.
    Browser,
    /// A CRM whose token has this scope.
    Crm(Scope),
    /// The scheduler.
    Scheduler,
}

/// What happens to a call whose caller hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hangup {
    /// It is dropped.
    Cancels,
    /// It runs to its end: what a bank was told must be written down.
    RunsOn,
}

/// One route.
#[derive(Clone)]
pub struct Route {
    /// The method. `HEAD` is not `GET`: link previews must not use anything up.
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// Who may call it.
    pub audience: Audience,
    /// What a hang-up does.
    pub hangup: Hangup,
    /// What the document says of it.
    pub doc: Doc,
    handler: MethodRouter<App>,
}

impl Route {
    /// A route that reads.
    pub fn get<H, T>(path: &'static str, audience: Audience, handler: H, doc: Doc) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let handler = on(MethodFilter::GET, handler);
        Self { method: Method::GET, path, audience, hangup: Hangup::Cancels, doc, handler }
    }

    /// A route that changes something.
    pub fn post<H, T>(path: &'static str, audience: Audience, handler: H, doc: Doc) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let handler = on(MethodFilter::POST, handler);
        Self { method: Method::POST, path, audience, hangup: Hangup::RunsOn, doc, handler }
    }

    /// A route that ends something.
    pub fn delete<H, T>(path: &'static str, audience: Audience, handler: H, doc: Doc) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let handler = on(MethodFilter::DELETE, handler);
        Self { method: Method::DELETE, path, audience, hangup: Hangup::RunsOn, doc, handler }
    }

    /// The same route, run to its end whatever the caller does.
    #[must_use]
    pub fn running_on(self) -> Self {
        Self { hangup: Hangup::RunsOn, ..self }
    }
}

/// The router of these routes, each behind its guard.
pub fn router(routes: &[Route], app: &App) -> Router {
    let add = |router: Router<App>, route: &Route| {
        let guard = guard::Guard {
            app: app.clone(),
            method: route.method.clone(),
            audience: route.audience,
            hangup: route.hangup,
        };
        router.route(route.path, route.handler.clone().layer(from_fn_with_state(guard, guard::pass)))
    };
    routes.iter().fold(Router::new(), add).with_state(app.clone())
}

/// What the document says of a route.
#[derive(Clone)]
pub struct Doc {
    /// One line.
    pub summary: &'static str,
    /// Parameters of the query.
    pub query: Vec<Parameter>,
    /// The JSON body it takes.
    pub body: Option<RefOr<Schema>>,
    /// The status and JSON body of a success.
    pub answer: (StatusCode, Option<RefOr<Schema>>),
    /// Whether the bank's own JSON can be had too.
    pub raw: bool,
    /// Whether it takes a presence token.
    pub presence: bool,
    /// Every schema referred to, by name.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

impl Doc {
    /// A route that answers 200 without a described body.
    pub const fn new(summary: &'static str) -> Self {
        Self {
            summary,
            query: Vec::new(),
            body: None,
            answer: (StatusCode::OK, None),
            raw: false,
            presence: false,
            schemas: Vec::new(),
        }
    }

    /// It takes this JSON body.
    #[must_use]
    pub fn takes<T: ToSchema>(mut self) -> Self {
        self.body = Some(self.refer::<T>());
        self
    }

    /// It takes these query parameters.
    #[must_use]
    pub fn asks<T: IntoParams>(mut self) -> Self {
        self.query = T::into_params(|| Some(ParameterIn::Query));
        self
    }

    /// It answers this JSON body.
    #[must_use]
    pub fn answers<T: ToSchema>(mut self, status: StatusCode) -> Self {
        self.answer = (status, Some(self.refer::<T>()));
        self
    }

    /// It answers with this status and no JSON.
    #[must_use]
    pub fn ends(mut self, status: StatusCode) -> Self {
        self.answer = (status, None);
        self
    }

    /// The bank's own JSON can be had too.
    #[must_use]
    pub const fn or_raw(mut self) -> Self {
        self.raw = true;
        self
    }

    /// It takes a presence token.
    #[must_use]
    pub const fn with_presence(mut self) -> Self {
        self.presence = true;
        self
    }

    fn refer<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let name = T::name().into_owned();
        self.schemas.push((name.clone(), <T as PartialSchema>::schema()));
        T::schemas(&mut self.schemas);
        RefOr::Ref(utoipa::openapi::Ref::from_schema_name(name))
    }
}
