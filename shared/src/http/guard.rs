//! Stands before every handler: method, token, scope, trail; and sees to it that what must run on runs on.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, Method,
    header::{ACCEPT, AUTHORIZATION},
};
use tracing::Instrument;

use super::{
    access::{Bearer, TokenRejected},
    app::App,
    audience::{Audience, Hangup},
    client_certificate,
    page::page,
    problem::{Code, Problem},
};
use crate::{
    domain::{ids::RequestId, scope::Scope},
    flows::trail::Trail,
};

/// What one route demands.
#[derive(Clone)]
pub struct Guard {
    /// The application.
    pub app: App,
    /// The route's method.
    pub method: Method,
    /// Who may call.
    pub audience: Audience,
    /// What a hang-up does.
    pub hangup: Hangup,
}

/// Lets a call pass to its handler, or not.
pub async fn pass(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let wants_page = guard.audience == Audience::Browser && accepts_html(request.headers());
    let mut response = match admit(&guard, &mut request).await {
        Ok(()) => match guard.hangup {
            Hangup::Cancels => next.run(request).await,
            Hangup::RunsOn => run_on(&guard.app, request, next).await,
        },
        Err(problem) => problem.into_response(),
    };
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) if wants_page => page(&problem),
        Some(problem) => problem.into_response(),
        None => response,
    }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.flat_map(|value| value.split(',')).any(|media| media.trim().starts_with("text/html"))
}

/// Runs the handler in a task of its own, which the caller's hanging up does not end.
async fn run_on(app: &App, request: Request, next: Next) -> Response {
    let task = app.deps.work.spawn(next.run(request).instrument(tracing::Span::current()));
    task.await.unwrap_or_else(|error| Problem::caused(Code::Internal, error).into_response())
}

async fn admit(guard: &Guard, request: &mut Request) -> Result<(), Problem> {
    // Axum runs a GET handler for HEAD as well.
    if *request.method() != guard.method {
        return Err(Code::MethodNotAllowed.into());
    }
    let id = request.extensions().get::<RequestId>().cloned().ok_or(Problem::from(Code::Internal))?;
    request.extensions_mut().insert(Arc::new(Trail::new(id)));
    let scope = match guard.audience {
        Audience::Public | Audience::Browser => return Ok(()),
        Audience::Crm(scope) => scope,
        Audience::Scheduler => Scope::JobsRun,
    };
    let bearer = authenticate(&guard.app, request.headers()).await?;
    client_certificate::check(guard.app.client_certificate_header.as_ref(), request.headers(), &bearer.tenant)?;
    if !bearer.may(scope) {
        return Err(Code::ScopeMissing.into());
    }
    request.extensions_mut().insert(bearer);
    Ok(())
}

async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Bearer, Problem> {
    let token = bearer_token(headers).ok_or(Problem::from(Code::Unauthenticated))?;
    app.gate.judge(token).await.map_err(|error| match error {
        TokenRejected::Invalid(_) => Problem::caused(Code::Unauthenticated, error),
        TokenRejected::Keys(_) => Problem::caused(Code::KeysUnavailable, error),
    })
}

/// The one bearer token of the one `Authorization` header (RFC 6750 §2.1). Tokens elsewhere are not looked for.
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, value.parse().unwrap())).collect()
    }

    #[test]
    fn takes_one_bearer_token_and_nothing_else() {
        assert_eq!(bearer_token(&headers(&["Bearer abc"])), Some("abc"));
        assert_eq!(bearer_token(&headers(&["bearer abc"])), Some("abc"));
        assert_eq!(bearer_token(&headers(&[])), None);
        assert_eq!(bearer_token(&headers(&["Basic abc"])), None);
        assert_eq!(bearer_token(&headers(&["Bearer"])), None);
        assert_eq!(bearer_token(&headers(&["Bearer a", "Bearer b"])), None);
    }
}
