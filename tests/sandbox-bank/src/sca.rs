//! Strong customer authentication: the customer at the bank's own pages, in a browser or played by a
//! script.

pub(crate) mod app;
mod choice;
pub(crate) mod decision;
pub(crate) mod desk;
mod html;
mod pages;
pub(crate) mod site;
