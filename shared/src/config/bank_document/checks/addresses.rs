//! Where a bank's interfaces are.

use url::Url;

use crate::{
    config::{
        address::is_private_enough,
        bank_document::{place::Place, tables::AddressesTable},
    },
    domain::bank::{Addresses, WebOrigin},
};

impl AddressesTable {
    pub(super) fn check(self, place: &mut Place<'_>) -> Addresses {
        let mut api = self.api;
        place.demand("addresses.api", api.scheme() == "https", "must be https");
        place.demand("addresses.api", is_plain(&api), "must be a plain address");
        let path = api.path().trim_end_matches('/').to_owned();
        api.set_path(&path);
        for (number, origin) in self.origins.iter().enumerate() {
            let field = format!("addresses.origins.{number}");
            place.demand(&field, origin.scheme() == "https", "must be https");
            place.demand(&field, is_origin(origin), "must be scheme, host and port alone");
        }
        for (number, page) in self.web.iter().enumerate() {
            let field = format!("addresses.web.{number}");
            place.demand(&field, is_private_enough(page), "must be https (http only on 127.0.0.1)");
            place.demand(&field, is_origin(page), "must be scheme, host and port alone");
        }
        Addresses {
            api,
            api_origins: self.origins.iter().filter_map(WebOrigin::of).collect(),
            web_origins: self.web.iter().filter_map(WebOrigin::of).collect(),
        }
    }
}

/// Whether an address has neither query nor fragment nor credentials.
pub fn is_plain(url: &Url) -> bool {
    url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
}

fn is_origin(url: &Url) -> bool {
    is_plain(url) && matches!(url.path(), "" | "/")
}
