//! Signatures of requests by the third party's electronic seal.

pub(crate) mod demand;
