//! The hub's HTTP face: routes as data, who may call them, problems, pages, documents. What a route does is in `flows`.

pub mod access;
pub mod app;
pub mod audience;
pub mod body;
pub mod caller;
mod client_certificate;
pub mod cookie;
pub mod guard;
pub mod layers;
pub mod openapi;
pub mod page;
pub mod prefer;
pub mod presence;
pub mod problem;
pub mod route;
pub mod server;
pub mod session_view;
pub mod standing;
mod tenants;
pub mod trouble;
