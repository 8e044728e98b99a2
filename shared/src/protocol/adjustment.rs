//! What one bank wants otherwise than the standard says, applied to a request that is complete by the standard.
//!
//! Nearly everything that real banks do differently is a header to add, drop or rename, a parameter, a media type: data
//! of the bank's document. Every request passes here once, after it was built and before it is signed and sent.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use super::exchange::BankRequest;
use crate::domain::bank::{Bank, Incomplete, OperationProfile, PsuHeader};

/// The header by which an attended call is told from a background one.
const PSU_IP_ADDRESS: &str = PsuHeader::IpAddress.header();

/// Why a request is not made at this bank.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// The bank answers no read without the PSU.
    #[error("the bank answers no read without the PSU")]
    NotAttended,
    /// The bank wants to know more of the PSU's request than is known.
    #[error("the bank wants {0} of the PSU's request")]
    PsuUnknown(&'static str),
    /// A default of the bank's document cannot stand in a header.
    #[error("the bank's document has a default for {0} that no header can carry")]
    Default(&'static str),
}

/// The request as this bank wants it.
pub fn adjusted(bank: &Bank, mut request: BankRequest) -> Result<BankRequest, NotMade> {
    if request.operation.is_data() && !bank.psu.background && !request.headers.contains_key(PSU_IP_ADDRESS) {
        return Err(NotMade::NotAttended);
    }
    fit_psu_headers(bank, &mut request)?;
    rename_token_header(bank, &mut request);
    for profile in bank.operations.of(request.operation) {
        apply(profile, &mut request);
    }
    Ok(request)
}

fn apply(profile: &OperationProfile, request: &mut BankRequest) {
    if let Some(accept) = &profile.accept {
        request.headers.insert(header::ACCEPT, accept.clone());
    }
    for header in &profile.headers {
        request.headers.insert(header.name.clone(), header.value.clone());
    }
    for name in &profile.without_headers {
        request.headers.remove(name);
    }
    if !profile.without_query.is_empty() {
        keep_query(&mut request.url, |name| !profile.without_query.contains(name));
    }
    if !profile.query.is_empty() {
        keep_query(&mut request.url, |name| !profile.query.contains_key(name));
        request.url.query_pairs_mut().extend_pairs(&profile.query);
    }
}

/// Leaves those parameters out that are not wanted; a query of which nothing is left goes altogether.
fn keep_query(url: &mut Url, is_wanted: impl Fn(&str) -> bool) {
    let pairs: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| is_wanted(name)).collect();
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
}

/// Every header about the PSU's request that the bank wants, or none; never an address that was not the PSU's own.
fn fit_psu_headers(bank: &Bank, request: &mut BankRequest) -> Result<(), NotMade> {
    let headers = &mut request.headers;
    if !headers.contains_key(PSU_IP_ADDRESS) {
        return Ok(());
    }
    for (header, text) in bank.psu.defaults.iter().filter(|(header, _)| **header != PsuHeader::IpAddress) {
        let name = HeaderName::from_static(header.header());
        if !headers.contains_key(&name) {
            let value = HeaderValue::from_str(text).map_err(|_| NotMade::Default(header.header()))?;
            headers.insert(name, value);
        }
    }
    let missing = bank.psu.required.iter().find(|header| !headers.contains_key(header.header()));
    match (missing, bank.psu.incomplete) {
        // Asking for a consent wants an address in any case; there it says nothing of presence.
        (Some(missing), Incomplete::Refuse) if request.operation.is_data() => {
            return Err(NotMade::PsuUnknown(missing.header()));
        }
        (Some(_), Incomplete::Background) if request.operation.is_data() => remove_psu_headers(headers),
        _ => {}
    }
    for header in &bank.psu.forbidden {
        headers.remove(header.header());
    }
    if request.operation.is_data() && !bank.psu.background && !headers.contains_key(PSU_IP_ADDRESS) {
        return Err(NotMade::NotAttended);
    }
    Ok(())
}

fn remove_psu_headers(headers: &mut HeaderMap) {
    for header in PsuHeader::ALL {
        headers.remove(header.header());
    }
}

/// A bank may want access tokens in a header of its own.
fn rename_token_header(bank: &Bank, request: &mut BankRequest) {
    let Some(profile) = bank.oauth.as_ref().filter(|profile| profile.token_header != header::AUTHORIZATION) else {
        return;
    };
    if request.operation.is_oauth() {
        return;
    }
    if let Some(token) = request.headers.remove(header::AUTHORIZATION) {
        request.headers.insert(profile.token_header.clone(), token);
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::{
        domain::{
            bank::{PsuProfile, StaticHeader},
            operation::Operation,
        },
        testing::samples,
    };

    fn request(operation: Operation, headers: &[(&'static str, &'static str)]) -> BankRequest {
        let url = "https://api.bank.example/v1/accounts?withBalance=true&page=2".parse().unwrap();
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        BankRequest { operation, method: Method::GET, url, headers, body: None }
    }

    fn names(request: &BankRequest) -> Vec<&str> {
        let mut names: Vec<_> = request.headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    fn bank(psu: PsuProfile) -> Bank {
        Bank { psu, ..samples::bank() }
    }

    #[test]
    fn a_bank_that_keeps_to_the_standard_changes_nothing() {
        let before = request(Operation::Accounts, &[("psu-ip-address", "192.0.2.7"), ("authorization", "Bearer x")]);
        let (url, shown) = (before.url.clone(), names(&before).join(" "));
        let after = adjusted(&samples::bank(), before).unwrap();
        assert_eq!((after.url.clone(), names(&after).join(" ")), (url, shown));
    }

    #[test]
    fn headers_parameters_and_media_types_are_data() {
        let mut bank = samples::bank();
        let key = StaticHeader { name: "x-api-key".parse().unwrap(), value: HeaderValue::from_static("k") };
        bank.operations.every = OperationProfile { headers: vec![key], ..Default::default() };
        let accounts = OperationProfile {
            accept: Some(HeaderValue::from_static("application/xml")),
            without_headers: ["tpp-x".parse().unwrap()].into(),
            query: [("role".to_owned(), "A B".to_owned())].into(),
            without_query: ["withBalance".to_owned()].into(),
            ..Default::default()
        };
        bank.operations.single.insert(Operation::Accounts, accounts);
        let after = adjusted(&bank, request(Operation::Accounts, &[("tpp-x", "1"), ("accept", "application/json")]));
        let after = after.unwrap();
        assert_eq!(after.url.as_str(), "https://api.bank.example/v1/accounts?page=2&role=A+B");
        assert_eq!(names(&after), ["accept", "x-api-key"]);
        assert_eq!(after.headers["accept"], "application/xml");
        let other = adjusted(&bank, request(Operation::Balances, &[("tpp-x", "1")])).unwrap();
        assert_eq!(names(&other), ["tpp-x", "x-api-key"]);
    }

    #[test]
    fn a_query_of_which_nothing_is_left_goes_altogether() {
        let mut bank = samples::bank();
        let accounts = OperationProfile {
            without_query: ["withBalance".to_owned(), "page".to_owned()].into(),
            ..Default::default()
        };
        bank.operations.single.insert(Operation::Accounts, accounts);
        let after = adjusted(&bank, request(Operation::Accounts, &[])).unwrap();
        assert_eq!(after.url.as_str(), "https://api.bank.example/v1/accounts");
    }

    #[test]
    fn all_that_a_bank_wants_of_the_psu_goes_or_nothing() {
        let required = [PsuHeader::IpAddress, PsuHeader::UserAgent].into();
        let address = &[("psu-ip-address", "192.0.2.7"), ("psu-geo-location", "GEO:1;2")];
        let refusing = bank(PsuProfile { required, ..PsuProfile::default() });
        let refused = adjusted(&refusing, request(Operation::Balances, address)).unwrap_err();
        assert_eq!(refused, NotMade::PsuUnknown("psu-user-agent"));
        let mut lenient = refusing.clone();
        lenient.psu.incomplete = Incomplete::Background;
        assert!(names(&adjusted(&lenient, request(Operation::Balances, address)).unwrap()).is_empty());
        let mut filling = refusing.clone();
        filling.psu.defaults = [(PsuHeader::UserAgent, "CRM".to_owned())].into();
        let filled = adjusted(&filling, request(Operation::Balances, address)).unwrap();
        assert_eq!(names(&filled), ["psu-geo-location", "psu-ip-address", "psu-user-agent"]);
    }

    #[test]
    fn a_background_call_never_becomes_attended() {
        let defaults = PsuHeader::ALL.map(|header| (header, "192.0.2.9".to_owned())).into();
        let bank = bank(PsuProfile { defaults, ..PsuProfile::default() });
        assert!(names(&adjusted(&bank, request(Operation::Balances, &[])).unwrap()).is_empty());
    }

    #[test]
    fn a_bank_may_answer_no_read_without_the_psu() {
        let bank = bank(PsuProfile { background: false, ..PsuProfile::default() });
        assert_eq!(adjusted(&bank, request(Operation::Balances, &[])).unwrap_err(), NotMade::NotAttended);
        assert!(adjusted(&bank, request(Operation::ConsentStatus, &[])).is_ok());
        assert!(adjusted(&bank, request(Operation::Balances, &[("psu-ip-address", "192.0.2.7")])).is_ok());
    }

    #[test]
    fn what_is_forbidden_is_not_sent() {
        let bank = bank(PsuProfile { forbidden: [PsuHeader::GeoLocation].into(), ..PsuProfile::default() });
        let told = &[("psu-ip-address", "192.0.2.7"), ("psu-geo-location", "GEO:1;2")];
        assert_eq!(names(&adjusted(&bank, request(Operation::Balances, told)).unwrap()), ["psu-ip-address"]);
    }

    #[test]
    fn tokens_may_have_a_header_of_their_own() {
        let mut profile = samples::oauth("https://api.bank.example");
        profile.token_header = "psd2-authorization".parse().unwrap();
        let bank = Bank { oauth: Some(profile), ..samples::bank() };
        let token = &[("authorization", "Bearer x")];
        assert_eq!(names(&adjusted(&bank, request(Operation::Balances, token)).unwrap()), ["psd2-authorization"]);
        assert_eq!(names(&adjusted(&bank, request(Operation::AuthorizationUrl, token)).unwrap()), ["authorization"]);
    }
}
