//! The page's files, built into the binary, and the headers that keep the page to itself.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{self, HeaderName},
    request::Parts,
};

use super::{
    Demo,
    problem::Problem,
    visitor::{self, Visitor},
};

/// Nothing from elsewhere, nothing inline, no frame around it, no form, no plug-in.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const INDEX: &str = include_str!("assets/index.html");

/// Shown to a browser that comes back from a bank without having set out.
pub const NOT_YOURS: &str = include_str!("assets/not-yours.html");

static ASSETS: [(&str, &str, &str); 15] = [
    ("accounts.js", SCRIPT, include_str!("assets/accounts.js")),
    ("api.js", SCRIPT, include_str!("assets/api.js")),
    ("app.css", STYLE, include_str!("assets/app.css")),
    ("app.js", SCRIPT, include_str!("assets/app.js")),
    ("approval.js", SCRIPT, include_str!("assets/approval.js")),
    ("banks.js", SCRIPT, include_str!("assets/banks.js")),
    ("chart.js", SCRIPT, include_str!("assets/chart.js")),
    ("connections.js", SCRIPT, include_str!("assets/connections.js")),
    ("disconnect.js", SCRIPT, include_str!("assets/disconnect.js")),
    ("dom.js", SCRIPT, include_str!("assets/dom.js")),
    ("history.js", SCRIPT, include_str!("assets/history.js")),
    ("incidents.js", SCRIPT, include_str!("assets/incidents.js")),
    ("live.js", SCRIPT, include_str!("assets/live.js")),
    ("money.js", SCRIPT, include_str!("assets/money.js")),
    ("words.js", SCRIPT, include_str!("assets/words.js")),
];

/// The page. A browser that is not signed in is signed in by it.
pub async fn index(State(demo): State<Arc<Demo>>, parts: Parts) -> Response {
    if Visitor::recognise(&parts, &demo).is_some() {
        return html(INDEX);
    }
    match demo.browsers.sign_in(demo.entropy.as_ref()) {
        Ok(key) => ([(header::SET_COOKIE, visitor::set_cookie(&key))], html(INDEX)).into_response(),
        Err(error) => Problem::broken(&error).into_response(),
    }
}

/// One of the page's files.
pub async fn asset(Path(wanted): Path<String>) -> Response {
    match ASSETS.iter().find(|(name, _, _)| *name == wanted) {
        Some((_, kind, content)) => file(kind, content),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A page of ours.
pub fn html(content: &'static str) -> Response {
    file(HTML, content)
}

fn file(kind: &'static str, content: &'static str) -> Response {
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the page's files name of each other, so that a renamed file cannot be forgotten.
    fn names_in(content: &str, before: &str) -> Vec<String> {
        let parts = content.split(before).skip(1);
        parts.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    }

    #[test]
    fn every_file_that_the_page_names_is_served() {
        let served: Vec<&str> = ASSETS.iter().map(|(name, _, _)| *name).collect();
        let mut wanted = names_in(INDEX, "\"/demo/assets/");
        wanted.extend(names_in(NOT_YOURS, "\"/demo/assets/"));
        for (_, _, content) in &ASSETS {
            wanted.extend(names_in(content, "from \"./"));
        }
        assert!(wanted.len() > ASSETS.len());
        for name in wanted {
            assert!(served.contains(&name.as_str()), "{name}");
        }
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        let files = ASSETS.iter().map(|(_, _, content)| *content).chain([INDEX, NOT_YOURS]);
        for content in files {
            let outside = content.replace("http://www.w3.org/2000/svg", "");
            assert!(!outside.contains("http://") && !outside.contains("https://"));
            assert!(!content.contains("innerHTML"), "text from a bank must never become markup");
        }
    }
}
