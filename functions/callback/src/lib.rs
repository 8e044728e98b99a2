//! Takes browsers that come back from banks.

use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{LOCATION, SET_COOKIE},
};
use shared::{
    domain::ids::BankId,
    flows::{
        callback::{self, Return},
        trail::Trail,
    },
    http::{
        app::App,
        caller::Audit,
        cookie,
        problem::{Code, Problem},
        route::{Audience, Doc, Route},
    },
};

mod relay;

/// The longest form that is taken; the query it becomes is bounded all the same.
const LONGEST_FORM: usize = 8 * 1024;

/// The function's routes.
pub fn routes() -> Vec<Route> {
    let routes = vec![
        Route::get(
            "/callback/{bank}",
            Audience::Browser,
            receive,
            Doc::new("Take the browser back from the bank and send it to the CRM").ends(StatusCode::SEE_OTHER),
        )
        .running_on(),
        Route::post(
            "/callback/{bank}",
            Audience::Browser,
            receive_form,
            Doc::new("The same from banks that answer by a form").ends(StatusCode::SEE_OTHER),
        ),
        Route::get(
            "/callback/{bank}/{state}",
            Audience::Browser,
            receive_by_path,
            Doc::new("The same from banks that keep no query").ends(StatusCode::SEE_OTHER),
        )
        .running_on(),
    ];
    Route::all_of("callback", routes)
}

async fn receive(
    State(app): State<App>,
    Audit(trail): Audit,
    Path(bank): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(query) = query.filter(|query| !query.is_empty()) else { return Ok(relay::page()) };
    land(&app, &trail, bank, Return { state: None, query: &query }, &headers).await
}

/// A form comes by a POST from the bank's site, which the binding cookie does not come along with (`SameSite=Lax`). So the
/// browser is sent to the same address again, now by GET.
async fn receive_form(Path(bank): Path<String>, form: Bytes) -> Result<Response, Problem> {
    let bank = BankId::parse(bank).map_err(|error| Problem::caused(Code::CallbackInvalid, error))?;
    let query = std::str::from_utf8(&form).map_err(|error| Problem::caused(Code::CallbackInvalid, error))?;
    let is_form = query.len() <= LONGEST_FORM && query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    if query.is_empty() || !is_form {
        return Err(Code::CallbackInvalid.into());
    }
    let location = HeaderValue::try_from(format!("/callback/{bank}?{query}"));
    let mut location = location.map_err(|error| Problem::caused(Code::CallbackInvalid, error))?;
    location.set_sensitive(true);
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response())
}

async fn receive_by_path(
    State(app): State<App>,
    Audit(trail): Audit,
    Path((bank, state)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    land(&app, &trail, bank, Return { state: Some(&state), query: &query }, &headers).await
}

/// Takes the browser and sends it on: to the CRM, or to the bank again with a cookie for the next leg.
async fn land(
    app: &App,
    trail: &Trail,
    bank: String,
    returned: Return<'_>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let bank = BankId::parse(bank).map_err(|error| Problem::caused(Code::CallbackInvalid, error))?;
    let landing = callback::receive(&app.deps, trail, &bank, returned, |flow| cookie::kept(headers, flow)).await?;
    let location = HeaderValue::try_from(String::from(landing.location)).map_err(|_| Problem::from(Code::Internal))?;
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
    if let Some((flow, secret)) = &landing.binding {
        let cookie = cookie::bind(flow, secret).ok_or(Problem::from(Code::Internal))?;
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}
