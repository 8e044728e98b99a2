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
use crate::domain::reach::Reach;

pub use super::audience::{Audience, Hangup};

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
    /// How far a process must reach to serve it.
    pub reach: Reach,
    /// What the document says of it.
    pub doc: Doc,
    /// Which function it belongs to; none if every function has it.
    pub function: Option<&'static str>,
    handler: MethodRouter<App>,
}

impl Route {
    /// A route that reads: a caller who hangs up ends it.
    pub fn get<H, T>(path: &'static str, audience: Audience, handler: H, doc: Doc) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        Self::new((Method::GET, MethodFilter::GET), path, audience, handler, doc)
    }

    /// A route that changes something: it runs to its end whatever the caller does.
    pub fn post<H, T>(path: &'static str, audience: Audience, handler: H, doc: Doc) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        Self::new((Method::POST, MethodFilter::POST), path, audience, handler, doc).running_on()
    }

    /// A route that ends something: it runs to its end whatever the caller does.
    pub fn delete<H, T>(path: &'static str, audience: Audience, handler: H, doc: Doc) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        Self::new((Method::DELETE, MethodFilter::DELETE), path, audience, handler, doc).running_on()
    }

    fn new<H, T>(
        (method, filter): (Method, MethodFilter),
        path: &'static str,
        audience: Audience,
        handler: H,
        doc: Doc,
    ) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let (hangup, reach) = (Hangup::Cancels, Reach::Banks);
        Self { method, path, audience, hangup, reach, doc, function: None, handler: on(filter, handler) }
    }

    /// These routes, as those of the function of that name.
    pub fn all_of(function: &'static str, routes: Vec<Self>) -> Vec<Self> {
        routes.into_iter().map(|route| Self { function: Some(function), ..route }).collect()
    }

    /// The same route, served by processes that call neither banks nor CRMs too.
    #[must_use]
    pub fn calling_nobody(self) -> Self {
        Self { reach: Reach::Google, ..self }
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
    /// Whether the last good answer can be had.
    pub stale: bool,
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
            stale: false,
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

    /// The last good answer can be had, where the bank cannot be asked.
    #[must_use]
    pub const fn or_stale(mut self) -> Self {
        self.stale = true;
        self
    }

    fn refer<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let name = T::name().into_owned();
        self.schemas.push((name.clone(), <T as PartialSchema>::schema()));
        T::schemas(&mut self.schemas);
        RefOr::Ref(utoipa::openapi::Ref::from_schema_name(name))
    }
}
