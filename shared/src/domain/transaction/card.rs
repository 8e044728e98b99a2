//! Payments with a card.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::amount::Amount;

/// An amount in a currency, without a direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Money {
    /// Without sign.
    pub amount: Amount,
    /// ISO 4217.
    pub currency: String,
}

/// What is known of a payment with a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardPayment {
    /// The card, with most digits hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked_pan: Option<String>,
    /// The terminal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal_id: Option<String>,
    /// The merchant's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptor_id: Option<String>,
    /// The merchant's town.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptor_town: Option<String>,
    /// The merchant's country, ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptor_country: Option<String>,
    /// ISO 18245.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant_category_code: Option<String>,
    /// The merchant's local time of the payment, as the bank wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acceptor_time: Option<String>,
    /// What was paid, in the merchant's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original: Option<Money>,
    /// With all fees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grand_total: Option<Money>,
    /// What the bank charged for the exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markup_fee: Option<Money>,
    /// The same in per cent: a decimal text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markup_fee_percentage: Option<String>,
    /// Whether it is on an invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoiced: Option<bool>,
}
