//! The demo CRM's customers. A real CRM has a login; here a click chooses who is sitting at the screen.

use serde::Serialize;

/// A customer of the demo CRM.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Customer {
    /// The CRM's own opaque reference: what the hub is told as `psu`.
    pub id: &'static str,
    /// The name on the page; the hub never learns it.
    pub name: &'static str,
}

/// Everybody the demo knows; who opens the page is the first until they choose another.
pub static CUSTOMERS: [Customer; 2] =
    [Customer { id: "customer-4711", name: "Robin Becker" }, Customer { id: "customer-4712", name: "Kim Lindqvist" }];

impl Customer {
    /// Whoever has not chosen.
    pub fn first() -> &'static Self {
        let [first, _] = &CUSTOMERS;
        first
    }

    /// The customer of that reference.
    pub fn find(id: &str) -> Option<&'static Self> {
        CUSTOMERS.iter().find(|customer| customer.id == id)
    }
}
