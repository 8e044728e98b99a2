//! A request as signatures see it.

use axum::http::{HeaderMap, Method, Uri, header};

/// The parts of a request that can be signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letter<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

impl Letter<'_> {
    /// Whether there is a signature of any kind.
    pub(super) fn is_signed(&self) -> bool {
        self.headers.contains_key("signature")
            || self.headers.contains_key("signature-input")
            || self.authorization_signature().is_some()
    }

    /// The parameters of a signature in the `Authorization` header (draft-cavage section 3).
    pub(super) fn authorization_signature(&self) -> Option<String> {
        let value = self.header(header::AUTHORIZATION.as_str())?;
        let (scheme, parameters) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("signature").then(|| parameters.to_owned())
    }

    /// A header's value; several are joined, as both standards say.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let values: Option<Vec<&str>> =
            self.headers.get_all(name).iter().map(|value| value.to_str().ok().map(str::trim)).collect();
        values.filter(|values| !values.is_empty()).map(|values| values.join(", "))
    }

    /// Path and query.
    pub(super) fn target(&self) -> &str {
        self.uri.path_and_query().map_or_else(|| self.uri.path(), |target| target.as_str())
    }

    /// Host and port as the client names them: a header of HTTP/1.1, a part of the address in HTTP/2.
    pub(super) fn authority(&self) -> Option<String> {
        let named = self.uri.authority().map(|authority| authority.as_str().to_owned());
        named.or_else(|| self.header(header::HOST.as_str())).map(|text| text.to_ascii_lowercase())
    }
}
