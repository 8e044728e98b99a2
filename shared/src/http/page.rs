//! The plain page that a browser sees when a journey cannot go on. It says what happened in fixed words and reflects
//! nothing of what came.

use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderValue,
    header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE},
};

use super::problem::{NextAction, Problem};
use crate::domain::{code_hash::sha256, refusal_code::RefusalCode};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem;color:#1c2733;background:#fff}\
h1{font-size:1.4rem}p.code{color:#5b6b7b;font-size:.85rem}\
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}p.code{color:#8b98a5}}";

/// The page for this problem; logs the cause.
pub fn page(problem: &Problem) -> Response {
    problem.log();
    let code = problem.code;
    let advice = match code.next_action() {
        NextAction::Restart => "Please go back to the application that brought you here and start again.",
        NextAction::Wait | NextAction::RetryNow => "Please wait a moment, then load this page again.",
        NextAction::None | NextAction::RenewConsent | NextAction::ContactBank | NextAction::FixConfiguration => {
            "Please go back to the application that brought you here."
        }
    };
    let (title, name) = (code.title(), code.name());
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{title}</title><style>{STYLE}</style></head><body><main>\
         <h1>{title}</h1><p>{advice}</p><p class=\"code\">{name}</p></main></body></html>"
    );
    let mut response = (code.status(), html).into_response();
    response.extensions_mut().insert(RefusalCode(name));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(policy) = HeaderValue::try_from(policy()) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Nothing may load but the one style, named by its hash.
fn policy() -> String {
    let hash = STANDARD.encode(sha256(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::Code;

    #[test]
    fn titles_need_no_escaping() {
        for code in Code::ALL {
            assert!(!code.title().contains(['<', '>', '&', '"']), "{code:?}");
        }
    }

    #[test]
    fn the_policy_allows_one_style_and_nothing_else() {
        let response = page(&Code::CallbackInvalid.into());
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!policy.contains("unsafe"));
    }
}
