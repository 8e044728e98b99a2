//! Takes browsers that come back from banks.

use axum::{
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header::LOCATION};
use shared::{
    domain::ids::BankId,
    flows::callback,
    http::{
        app::App,
        caller::Audit,
        cookie,
        problem::{Code, Problem},
        route::{Audience, Doc, Route},
    },
};

/// The function's routes.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get(
            "/callback/{bank}",
            Audience::Browser,
            receive,
            Doc::new("Take the browser back from the bank and send it to the CRM").ends(StatusCode::SEE_OTHER),
        )
        .running_on(),
    ]
}

async fn receive(
    State(app): State<App>,
    Audit(trail): Audit,
    Path(bank): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let bank = BankId::parse(bank).map_err(|error| Problem::caused(Code::CallbackInvalid, error))?;
    let query = query.unwrap_or_default();
    let location = callback::receive(&app.deps, &trail, &bank, &query, |flow| cookie::kept(&headers, flow)).await?;
    let location = HeaderValue::try_from(String::from(location)).map_err(|_| Problem::from(Code::Internal))?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
}
