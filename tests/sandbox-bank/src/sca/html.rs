//! The frame of every page: escaping, style, and the headers that keep a page harmless.

use std::fmt;
use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1.05rem/1.5 system-ui,sans-serif;max-width:34rem;margin:0 auto;padding:1.5rem}\
header{border-bottom:3px solid #0b6e4f;margin-bottom:1.5rem}\
header p{font-size:1.4rem;font-weight:600;margin:.2rem 0}\
h1{font-size:1.35rem}\
.note{border-left:4px solid #b7791f;padding:.4rem .8rem}\
.wrong{border-left:4px solid #c0392b;padding:.4rem .8rem}\
label{display:block;margin:.6rem 0}\
select,input[type=password]{display:block;width:100%;font:inherit;padding:.5rem;box-sizing:border-box}\
fieldset{margin:1rem 0}\
button{font:inherit;padding:.6rem 1.4rem;margin:.6rem .6rem .6rem 0;border:2px solid #0b6e4f;border-radius:.4rem;cursor:pointer}\
button.main{background:#0b6e4f;color:#fff}\
small{opacity:.8}";

/// Nothing but the style above is allowed in. `form-action` is left out on purpose: browsers apply it
/// to every redirect after a form, and the way back leads over addresses that the bank cannot know.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'")
});

/// Text that is safe between tags and inside quoted attributes.
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                '\'' => out.write_str("&#39;")?,
                _ => fmt::Write::write_char(out, letter)?,
            }
        }
        Ok(())
    }
}

/// A complete page around `content`, which is HTML already.
pub(super) fn page(status: StatusCode, title: &str, content: &str) -> Response {
    let title = Text(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title} - Sandbox Bank</title><style>{STYLE}</style></head>\
         <body><header><p>Sandbox Bank</p><small>No real bank, no real money.</small></header>\
         <main><h1>{title}</h1>{content}</main></body></html>"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, Html(html)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_whatever_could_be_markup() {
        assert_eq!(Text("<a href='x'>\"&\"</a>").to_string(), "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;&lt;/a&gt;");
    }

    #[test]
    fn allows_its_own_style_and_nothing_else() {
        let response = page(StatusCode::OK, "Title", "");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!policy.contains("unsafe"));
    }
}
