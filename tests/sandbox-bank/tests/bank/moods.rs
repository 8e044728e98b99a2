//! What each further mood does differently.

mod application;
mod decoupled;
mod explicit;
mod prestep;
mod token;
