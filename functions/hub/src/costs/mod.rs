//! `hub costs`: what a deployment costs a month. Operations that tests count, multiplied with prices from a file.

mod bill;
mod counts;
mod model;
mod prices;
mod printing;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::{failure::Failure, terminal::tell};

use self::{bill::Bill, counts::Counts, model::usage, prices::Prices};

/// How much the hub is used.
#[derive(Clone, Debug, clap::Args)]
pub struct CostsArguments {
    /// Calls of CRMs a month for data of customers who are there.
    #[arg(long, default_value_t = 1_000_000)]
    pub calls: u32,
    /// Calls that a customer's visit causes. The first of a visit renews the access token and asks Cloud KMS.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub calls_per_visit: u32,
    /// Sessions with a consent in force.
    #[arg(long, default_value_t = 10_000)]
    pub sessions: u32,
    /// Accounts of a session.
    #[arg(long, default_value_t = 2)]
    pub accounts: u32,
    /// How often a day balances are refreshed without anybody asking.
    #[arg(long, default_value_t = 2)]
    pub refreshes_per_day: u32,
    /// The banks' access tokens outlive the time between two refreshes, so that none is renewed for one.
    #[arg(long)]
    pub lasting_tokens: bool,
    /// Prices and assumptions to use instead of those that come with the program.
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Prints one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Costs cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum CostsError {
    /// The file cannot be read.
    #[error("--prices {}", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// Prices are missing, unknown or no prices.
    #[error("wrong prices: {0}")]
    Prices(#[from] prices::WrongPrices),
    /// The counts that come with the program are damaged.
    #[error("the counted operations cannot be read")]
    Counts(#[from] counts::WrongCounts),
    /// The document has no text.
    #[error("the document cannot be printed")]
    Printing(#[from] serde_json::Error),
}

/// Prints the bill.
pub fn run(wanted: &CostsArguments) -> Result<(), Failure> {
    let prices = prices_of(wanted)?;
    let counts = Counts::counted().map_err(CostsError::from)?;
    let bill = bill_for(wanted, &prices, &counts);
    if wanted.json {
        tell(serde_json::to_string_pretty(&bill).map_err(CostsError::from)?);
    } else {
        tell(printing::table(&bill));
    }
    Ok(())
}

fn prices_of(wanted: &CostsArguments) -> Result<Prices, CostsError> {
    let Some(file) = &wanted.prices else { return Ok(Prices::parse(prices::BUILT_IN)?) };
    let text = std::fs::read_to_string(file).map_err(|error| CostsError::Unreadable(file.clone(), error))?;
    Ok(Prices::parse(&text)?)
}

/// The bill for that use.
fn bill_for(wanted: &CostsArguments, prices: &Prices, counts: &Counts) -> Bill {
    Bill::of(prices, &usage(wanted, prices, counts), wanted)
}
