//! What a bank's refusal can mean: the table of meanings of the domain, under the name that this dialect knows it by.

pub use crate::domain::meaning::{Meaning, Retry};
