//! The pages that the customer sees. The ids in them are relied on by browser tests.

use axum::http::StatusCode;
use axum::response::Response;

use super::html::{Text, page};
use crate::accounts::people::{Account, Customer};
use crate::consent::Consent;
use crate::consent::access::Form;
use crate::mood::Mood;

/// The password of everybody; the page says so.
pub(super) const PASSWORD: &str = "sandbox";

/// Something that did not go well the first time.
pub(super) type Mishap = Option<&'static str>;

/// Choosing a customer and logging in.
pub(super) fn login(visit: &str, customers: &[Customer], mishap: Mishap) -> Response {
    let options: String = customers.iter().map(option).collect();
    let html = format!(
        "{}<p class=\"note\">This is a sandbox. Choose whom to play; the password is filled in.</p>\
         <form method=\"post\" action=\"/sca/login\">\
         <input type=\"hidden\" name=\"visit\" value=\"{}\">\
         <label for=\"customer\">Customer<select id=\"customer\" name=\"customer\">{options}</select></label>\
         <label for=\"password\">Password<input id=\"password\" type=\"password\" name=\"password\" \
         value=\"{PASSWORD}\" autocomplete=\"off\"></label>\
         <button id=\"login\" class=\"main\">Log in</button></form>",
        alert(mishap),
        Text(visit),
    );
    page(StatusCode::OK, "Log in", &html)
}

/// Deciding about a consent.
pub(super) fn decide(visit: &str, consent: &Consent, customer: &Customer, mishap: Mishap) -> Response {
    let eligible = consent.eligible(customer);
    let approve = if eligible.is_empty() {
        "<p class=\"wrong\">None of the accounts asked for is yours.</p>"
    } else {
        "<button id=\"approve\" class=\"main\" name=\"decision\" value=\"approve\">Approve</button>"
    };
    let html = format!(
        "{}<p>Hello {}. <strong>{}</strong> ({}) asks to read:</p><ul>{}</ul><p>{}</p>\
         <form method=\"post\" action=\"/sca/decision\">\
         <input type=\"hidden\" name=\"visit\" value=\"{}\">{}{approve}\
         <button id=\"refuse\" name=\"decision\" value=\"refuse\">Refuse</button></form>",
        alert(mishap),
        Text(customer.name),
        Text(&consent.tpp.name),
        Text(&consent.tpp.organisation),
        consent.access.in_words().iter().map(item).collect::<String>(),
        Text(&terms(consent)),
        Text(visit),
        accounts(consent, &eligible),
    );
    page(StatusCode::OK, "Share account data?", &html)
}

/// Letting a third party know who one is, before it asks for anything.
pub(super) fn admit(visit: &str, client: &str, customer: &Customer) -> Response {
    let html = format!(
        "<p>Hello {}. <strong>{}</strong> asks to know that you bank here. It will ask for your data next.</p>\
         <form method=\"post\" action=\"/sca/decision\">\
         <input type=\"hidden\" name=\"visit\" value=\"{}\">\
         <button id=\"approve\" class=\"main\" name=\"decision\" value=\"approve\">Approve</button>\
         <button id=\"refuse\" name=\"decision\" value=\"refuse\">Refuse</button></form>",
        Text(customer.name),
        Text(client),
        Text(visit),
    );
    page(StatusCode::OK, "Let it know you?", &html)
}

/// The app: what waits for a decision, the oldest first. Only its buttons have ids.
pub(super) fn approvals(mood: Mood, waiting: &[(&Consent, &Customer)]) -> Response {
    let html: String = waiting.iter().enumerate().map(|(place, one)| approval(mood, place, one)).collect();
    let nothing = "<p>Nothing waits for you.</p>".to_owned();
    page(StatusCode::OK, "Your app", if html.is_empty() { &nothing } else { &html })
}

fn approval(mood: Mood, place: usize, (consent, customer): &(&Consent, &Customer)) -> String {
    let id = |name: &str| if place == 0 { format!("id=\"{name}\" ") } else { String::new() };
    format!(
        "<p>{}: <strong>{}</strong> ({}) asks to read:</p><ul>{}</ul><p>{}</p>\
         <form method=\"post\" action=\"/{mood}/approvals\">\
         <input type=\"hidden\" name=\"consent\" value=\"{}\">{}\
         <button {}class=\"main\" name=\"decision\" value=\"approve\">Approve</button>\
         <button {}name=\"decision\" value=\"refuse\">Refuse</button></form>",
        Text(customer.name),
        Text(&consent.tpp.name),
        Text(&consent.tpp.organisation),
        consent.access.in_words().iter().map(item).collect::<String>(),
        Text(&terms(consent)),
        Text(&consent.id),
        accounts(consent, &consent.eligible(customer)),
        id("approve"),
        id("refuse"),
    )
}

/// A page that only says something.
pub(super) fn message(status: StatusCode, title: &str, text: &str) -> Response {
    page(status, title, &format!("<p>{}</p>", Text(text)))
}

fn terms(consent: &Consent) -> String {
    if consent.recurring {
        let times = consent.frequency_per_day;
        format!("Until {}, up to {times} times a day without you.", consent.valid_until)
    } else {
        format!("Once, until {}.", consent.valid_until)
    }
}

/// The accounts: ticked, to untick, where the customer has the choice, else as a list.
fn accounts(consent: &Consent, eligible: &[&Account]) -> String {
    let choice = consent.access.form() == Form::Offer;
    let rows: String =
        eligible.iter().map(|account| if choice { tickable(account) } else { listed(account) }).collect();
    match (eligible.is_empty(), choice) {
        (true, _) => String::new(),
        (false, true) => {
            format!("<fieldset><legend>Accounts to share; untick what you keep to yourself</legend>{rows}</fieldset>")
        }
        (false, false) => format!("<p>These accounts will be shared:</p><ul>{rows}</ul>"),
    }
}

fn tickable(account: &Account) -> String {
    let label = described(account);
    format!(
        "<label><input type=\"checkbox\" name=\"account\" value=\"{}\" checked> {label}</label>",
        Text(account.iban.as_str())
    )
}

fn listed(account: &Account) -> String {
    format!("<li>{}</li>", described(account))
}

fn described(account: &Account) -> String {
    let (name, iban, currency) = (Text(account.name), account.iban.grouped(), Text(account.currency));
    format!("{name}, {} <small>({currency})</small>", Text(&iban))
}

fn option(customer: &Customer) -> String {
    format!("<option value=\"{}\">{}</option>", Text(customer.id), Text(customer.name))
}

fn item(text: &&str) -> String {
    format!("<li>{}</li>", Text(text))
}

fn alert(mishap: Mishap) -> String {
    mishap.map(|text| format!("<p class=\"wrong\" role=\"alert\">{}</p>", Text(text))).unwrap_or_default()
}
