//! The money side of the bank: customers, their accounts and a history made up from a seed.

pub(crate) mod book;
pub(crate) mod dice;
pub(crate) mod history;
pub(crate) mod iban;
pub(crate) mod people;
pub(crate) mod routine;
mod tables;
