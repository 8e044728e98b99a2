//! Starts, renews and activates sessions, and sends browsers to banks.

mod banks;
mod sessions;
mod wishes;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{LOCATION, SET_COOKIE},
};
use shared::{
    domain::scope::Scope,
    flows::authorize,
    http::{
        app::App,
        caller::Audit,
        cookie,
        problem::{Code, Problem},
        route::{Audience, Doc, Route},
        session_view::SessionView,
    },
};

/// The function's routes.
pub fn routes() -> Vec<Route> {
    let write = Audience::Crm(Scope::SessionsWrite);
    let read = Audience::Crm(Scope::BanksRead);
    let routes = vec![
        Route::post(
            "/v1/sessions",
            write,
            sessions::start,
            Doc::new("Start a session: connect a PSU at a bank")
                .takes::<sessions::NewSession>()
                .answers::<sessions::StartedView>(StatusCode::CREATED)
                .with_presence(),
        ),
        Route::post(
            "/v1/sessions/{session}/renewal",
            write,
            sessions::renew,
            Doc::new("Ask for a new consent in a session")
                .takes::<sessions::Renewal>()
                .answers::<sessions::StartedView>(StatusCode::CREATED)
                .with_presence(),
        ),
        Route::post(
            "/v1/sessions/{session}/activation",
            write,
            sessions::activate,
            Doc::new("Redeem the activation code that came back with the browser")
                .takes::<sessions::Activation>()
                .answers::<SessionView>(StatusCode::OK),
        ),
        Route::get(
            "/authorize/{ticket}",
            Audience::Browser,
            authorize,
            Doc::new("Send the browser to the bank").ends(StatusCode::FOUND),
        )
        .running_on()
        .calling_nobody(),
        Route::get(
            "/v1/banks",
            read,
            banks::list,
            Doc::new("The banks there are").answers::<banks::BankList>(StatusCode::OK),
        ),
        Route::get(
            "/v1/banks/{bank}",
            read,
            banks::show,
            Doc::new("One bank").answers::<banks::BankView>(StatusCode::OK),
        ),
    ];
    Route::all_of("authorize-redirect", routes)
}

async fn authorize(
    State(app): State<App>,
    Audit(trail): Audit,
    Path(ticket): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let opened = authorize::open(&app.deps, &trail, &ticket, |flow| cookie::kept(&headers, flow)).await?;
    let location = HeaderValue::try_from(String::from(opened.location)).map_err(|_| Problem::from(Code::Internal))?;
    let mut response = (StatusCode::FOUND, [(LOCATION, location)]).into_response();
    if let Some(secret) = &opened.binding {
        let cookie = cookie::bind(&opened.flow, secret).ok_or(Problem::from(Code::Internal))?;
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}
