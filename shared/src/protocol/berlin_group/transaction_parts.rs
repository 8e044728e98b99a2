//! What transactions are made of besides plain texts: parties, references, rates, standing orders, cards.

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    errors::MalformedAnswer,
    money::{Money, WireMoney, currency},
    references::{WireReference, mask},
    strict_json::Object,
    wire::{Quotable, Text},
};
use crate::domain::{
    account::{Counterparty, Exchange, TransactionDetails, TransactionStatus},
    data_profile::{DataProfile, DateField, DateRules, Remittance, RemittanceSource},
    transaction::{CardPayment, StandingOrder},
};

/// A structured reference: a text, or (in the list, and at some banks everywhere) an object around it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum WireRemittance {
    Bare(String),
    Named(Object<WireNamedReference>),
}

/// `remittanceInformationStructured`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WireNamedReference {
    reference: Text,
}

impl WireRemittance {
    pub(super) fn into_option(self) -> Option<String> {
        match self {
            Self::Bare(text) => Some(text).filter(|text| !text.trim().is_empty()),
            Self::Named(Object(named)) => named.reference.into_option(),
        }
    }
}

/// `reportExchangeRateList`; some banks write one rate without the list around it.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct WireExchanges(Option<Box<RawValue>>);

/// `reportExchangeRate`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireExchange {
    source_currency: Text,
    exchange_rate: Option<Rate>,
    unit_currency: Text,
    target_currency: Text,
    quotation_date: Text,
    contract_identification: Text,
}

/// A rate in text or as a number; a number is kept as it was written.
#[derive(Deserialize)]
struct Rate(Box<RawValue>);

impl Rate {
    fn into_decimal(self) -> Option<String> {
        let text = self.0.get().trim_matches('"');
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        (digits(whole) && digits(fraction)).then(|| text.to_owned())
    }
}

impl WireExchanges {
    pub(super) fn into_exchanges(self, dates: &DateRules) -> Result<Vec<Exchange>, MalformedAnswer> {
        let Some(raw) = self.0 else { return Ok(Vec::new()) };
        let list: Vec<Object<WireExchange>> = if raw.get().starts_with('[') {
            serde_json::from_str(raw.get())
        } else {
            serde_json::from_str(raw.get()).map(|one| vec![one])
        }
        .map_err(|_| MalformedAnswer::Invalid("currencyExchange"))?;
        list.into_iter().map(|Object(one)| one.into_exchange(dates)).collect()
    }
}

impl WireExchange {
    fn into_exchange(self, dates: &DateRules) -> Result<Exchange, MalformedAnswer> {
        let unit_currency = match self.unit_currency.as_option() {
            Some(_) => Some(currency(self.unit_currency)?),
            None => None,
        };
        Ok(Exchange {
            source_currency: currency(self.source_currency)?,
            target_currency: currency(self.target_currency)?,
            unit_currency,
            rate: self.exchange_rate.and_then(Rate::into_decimal).ok_or(MalformedAnswer::Invalid("exchangeRate"))?,
            quotation_date: self.quotation_date.day("quotationDate", dates)?,
            contract_id: self.contract_identification.into_option(),
        })
    }
}

/// `additionalInformationStructured`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireInformation {
    standing_order_details: Option<Object<WireStandingOrder>>,
}

/// `standingOrderDetails`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireStandingOrder {
    start_date: Text,
    end_date: Text,
    frequency: Text,
    execution_rule: Text,
    day_of_execution: Text,
    months_of_execution: Option<Vec<Text>>,
    multiplicator: Option<Quotable<u32>>,
    limit_amount: Option<Object<WireMoney>>,
}

impl WireInformation {
    /// The standing order, if the information is about one.
    pub(super) fn standing_order(
        wire: Option<Object<Self>>,
        dates: &DateRules,
    ) -> Result<Option<StandingOrder>, MalformedAnswer> {
        let order = wire.and_then(|Object(information)| information.standing_order_details);
        let Some(Object(order)) = order else { return Ok(None) };
        let months = order.months_of_execution.into_iter().flatten();
        Ok(Some(StandingOrder {
            start_date: order.start_date.day("startDate", dates)?,
            end_date: order.end_date.day("endDate", dates)?,
            frequency: order.frequency.into_option(),
            execution_rule: order.execution_rule.into_option(),
            day_of_execution: order.day_of_execution.into_option(),
            months_of_execution: months.filter_map(Text::into_option).collect(),
            multiplicator: order.multiplicator.map(|times| times.0),
            limit: Money::unsigned("limitAmount", order.limit_amount)?,
        }))
    }
}

/// What `cardTransaction` has besides what `transactions` has.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireCard {
    card_transaction_id: Text,
    terminal_id: Text,
    acceptor_transaction_date_time: Text,
    grand_total_amount: Option<Object<WireMoney>>,
    original_amount: Option<Object<WireMoney>>,
    markup_fee: Option<Object<WireMoney>>,
    markup_fee_percentage: Text,
    card_acceptor_id: Text,
    card_acceptor_address: Option<Object<WireAddress>>,
    merchant_category_code: Text,
    #[serde(rename = "maskedPAN", alias = "maskedPan")]
    masked_pan: Text,
    transaction_details: Text,
    invoiced: Option<Quotable<bool>>,
}

/// `address`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireAddress {
    town_name: Text,
    country: Text,
}

impl WireCard {
    /// Adds it to what every transaction has.
    pub(super) fn add_to(self, details: &mut TransactionDetails, profile: &DataProfile) -> Result<(), MalformedAnswer> {
        let Object(address) = self.card_acceptor_address.unwrap_or_default();
        details.bank_id = self.card_transaction_id.into_option().or(details.bank_id.take());
        let text_counts = profile.remittance.sources.contains(&RemittanceSource::Unstructured);
        if details.remittance_unstructured.is_empty() && text_counts {
            details.remittance_unstructured.extend(self.transaction_details.into_option());
        }
        details.card = Some(CardPayment {
            masked_pan: self.masked_pan.into_option().map(mask),
            terminal_id: self.terminal_id.into_option(),
            acceptor_id: self.card_acceptor_id.into_option(),
            acceptor_town: address.town_name.into_option(),
            acceptor_country: address.country.into_option(),
            merchant_category_code: self.merchant_category_code.into_option(),
            acceptor_time: self.acceptor_transaction_date_time.into_option(),
            original: Money::unsigned("originalAmount", self.original_amount)?,
            grand_total: Money::unsigned("grandTotalAmount", self.grand_total_amount)?,
            markup_fee: Money::unsigned("markupFee", self.markup_fee)?,
            markup_fee_percentage: self.markup_fee_percentage.into_option(),
            invoiced: self.invoiced.map(|flag| flag.0),
        });
        Ok(())
    }
}

/// A party of a transaction.
pub(super) fn party(name: Text, account: Option<Object<WireReference>>, agent: Text) -> Counterparty {
    let names = account.map(|Object(reference)| reference.into_identifications()).unwrap_or_default();
    Counterparty { name: name.into_option(), account: names.into_iter().next(), agent_bic: agent.into_option() }
}

/// The single text and the list. Banks that send both repeat the text as the head of the list.
pub(super) fn distinct(single: Option<String>, list: impl Iterator<Item = String>) -> Vec<String> {
    let list: Vec<_> = list.collect();
    let repeated = single.is_some() && single.as_ref() == list.first();
    single.filter(|_| !repeated).into_iter().chain(list).collect()
}

/// How many transactions a batch has. A number says nothing where there is no batch.
pub(super) fn batch(indicator: Option<Quotable<bool>>, number: Option<Quotable<u32>>) -> Option<u32> {
    number.filter(|_| indicator.is_some_and(|batch| batch.0)).map(|number| number.0)
}

/// The booking date by the bank's rule. A pending transaction is not booked, so only a date of that name is one.
pub(super) fn booking_date(
    rules: &DateRules,
    status: TransactionStatus,
    booking: Option<Date>,
    value: Option<Date>,
    made: Option<Date>,
) -> Option<Date> {
    if status == TransactionStatus::Pending {
        return booking;
    }
    rules.booking_date.iter().find_map(|field| match field {
        DateField::BookingDate => booking,
        DateField::ValueDate => value,
        DateField::TransactionDate => made,
    })
}

/// The text without what the bank puts around it; none if nothing is left.
pub(super) fn stripped(text: String, rules: &Remittance) -> Option<String> {
    if rules.strip_prefixes.is_empty() && rules.strip_suffixes.is_empty() {
        return Some(text);
    }
    let longest = |affixes: &[String], fits: &dyn Fn(&str) -> bool| {
        affixes.iter().filter(|affix| fits(affix)).max_by_key(|affix| affix.len()).cloned().unwrap_or_default()
    };
    let trimmed = text.trim();
    let prefix = longest(&rules.strip_prefixes, &|affix| trimmed.starts_with(affix));
    let rest = trimmed.strip_prefix(prefix.as_str()).unwrap_or(trimmed);
    let suffix = longest(&rules.strip_suffixes, &|affix| rest.ends_with(affix));
    let rest = rest.strip_suffix(suffix.as_str()).unwrap_or(rest).trim();
    Some(rest.to_owned()).filter(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchanges(json: &str) -> Result<Vec<Exchange>, MalformedAnswer> {
        serde_json::from_str::<WireExchanges>(json).unwrap().into_exchanges(&DateRules::default())
    }

    #[test]
    fn a_rate_keeps_its_digits_in_whichever_form_it_comes() {
        let rate = |rate: &str| format!(r#"{{"sourceCurrency":"USD","targetCurrency":"EUR","exchangeRate":{rate}}}"#);
        assert_eq!(exchanges(&format!("[{}]", rate("1.10230"))).unwrap()[0].rate, "1.10230");
        assert_eq!(exchanges(&rate(r#""0.1000000000000000000001""#)).unwrap()[0].rate, "0.1000000000000000000001");
        for bad in ["1e3", "-1", "\"\"", "\"1,5\"", "\"1.2.3\"", "null", "{}"] {
            assert!(exchanges(&rate(bad)).is_err(), "{bad}");
        }
        assert!(exchanges("null").unwrap().is_empty() && exchanges("[]").unwrap().is_empty());
        assert!(exchanges("7").is_err());
    }
}
