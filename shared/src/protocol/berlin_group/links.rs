//! Links that a bank put into its answers. Each is hostile until it passed here: a link that was followed blindly
//! would carry our certificate and the customer's token wherever it says.
//!
//! Of a link to a page only the query is taken. Its address must be the list's own and is then written by us, so that
//! no reading of an odd spelling, ours or the bank's, can make a difference.

use std::borrow::Cow;

use url::Url;

use super::{
    Operation,
    endpoints::{self, Ids, decode_segment},
};
use crate::domain::{
    bank::Bank,
    data_profile::{LinkLie, NullHost},
    secret::SecretString,
};

/// The longest link that is looked at.
const LONGEST: usize = 4096;

/// Why a link is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkRejected {
    /// Longer than any honest link.
    #[error("the link is too long")]
    TooLong,
    /// Blanks, controls, backslashes and characters beyond ASCII, which parsers disagree on.
    #[error("the link has a character that no link has")]
    ForbiddenCharacter,
    /// Not a URL.
    #[error("the link is not a URL")]
    NotAUrl,
    /// A user name or password before the host.
    #[error("the link carries credentials")]
    Credentials,
    /// A fragment where none can mean anything.
    #[error("the link has a fragment")]
    Fragment,
    /// A scheme, host or port that is not registered for the bank.
    #[error("the link leads to a foreign origin")]
    ForeignOrigin,
    /// The right origin, but another account, another list, or something else altogether.
    #[error("the link leads to another resource")]
    OtherResource,
    /// The page that it stands on.
    #[error("the link leads back to its own page")]
    Loop,
}

/// The next page of `collection` that `href` on the page `current` leads to, where the bank's known lies are forgiven:
/// none if such a link ends the list.
pub fn next_page(bank: &Bank, collection: &Url, href: &str, current: &Url) -> Result<Option<Url>, LinkRejected> {
    let rules = &bank.data.paging;
    let href = if rules.null_host == NullHost::Repair { without_null_host(href) } else { Cow::Borrowed(href) };
    let lie = match page_link(bank, collection, &href, current) {
        Ok(page) => return Ok(Some(page)),
        Err(LinkRejected::Loop) => (LinkRejected::Loop, rules.self_link),
        Err(LinkRejected::OtherResource) => (LinkRejected::OtherResource, rules.other_resource),
        Err(rejected) => return Err(rejected),
    };
    if lie.1 == LinkLie::End { Ok(None) } else { Err(lie.0) }
}

/// The link with the host `null`, or with that word where a host should be, taken away: what is left is a path.
fn without_null_host(href: &str) -> Cow<'_, str> {
    let rest = ["https://null/", "http://null/", "//null/", "null/"].iter().find_map(|lie| href.strip_prefix(lie));
    rest.map_or(Cow::Borrowed(href), |rest| Cow::Owned(format!("/{rest}")))
}

/// The download that a list is offered as: of the list's origin, some plain segments below it.
pub fn download_of(bank: &Bank, collection: &Url, href: &str) -> Result<Url, LinkRejected> {
    let link = parse(&root(bank), href)?;
    without_fragment(&link)?;
    if link.origin() != collection.origin() {
        return Err(LinkRejected::ForeignOrigin);
    }
    let segments = |url: &Url| url.path().split('/').map(str::to_owned).collect::<Vec<_>>();
    let (found, above) = (segments(&link), segments(collection));
    let same = found.iter().zip(&above).all(|(one, other)| decode_segment(one) == decode_segment(other));
    let below = found
        .get(above.len()..)
        .filter(|below| same && !below.is_empty() && below.iter().all(|segment| is_plain(segment)));
    let mut download = collection.clone();
    download.set_path(&[&above[..], below.ok_or(LinkRejected::OtherResource)?].concat().join("/"));
    download.set_query(link.query());
    Ok(download)
}

/// Unreserved characters alone (RFC 3986 §2.3), so that every reader takes the segment for the same.
fn is_plain(segment: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(unreserved)
}

/// The next page of `collection` that `href` on the page `current` leads to.
pub fn page_link(bank: &Bank, collection: &Url, href: &str, current: &Url) -> Result<Url, LinkRejected> {
    let page = page_of(bank, collection, href)?;
    if page == *current { Err(LinkRejected::Loop) } else { Ok(page) }
}

/// The page of `collection` that `href` leads to. A reference of a query alone is relative to the collection, any
/// other to the bank's root (RFC 3986 §5.2).
pub fn page_of(bank: &Bank, collection: &Url, href: &str) -> Result<Url, LinkRejected> {
    let link = if href.starts_with('?') { parse(collection, href)? } else { parse(&root(bank), href)? };
    without_fragment(&link)?;
    if link.origin() != collection.origin() {
        return Err(LinkRejected::ForeignOrigin);
    }
    if !same_path(&link, collection) {
        return Err(LinkRejected::OtherResource);
    }
    let mut page = collection.clone();
    page.set_query(link.query());
    Ok(page)
}

/// A page of the bank's that the browser may be sent to. It may have a fragment: that never leaves the browser.
pub fn web_link(bank: &Bank, href: &str) -> Result<Url, LinkRejected> {
    web_link_from(bank, &root(bank), href)
}

/// The same, a relative link being meant from another page of the bank's than its root.
pub(super) fn web_link_from(bank: &Bank, base: &Url, href: &str) -> Result<Url, LinkRejected> {
    let link = parse(base, href)?;
    if is_web(bank, &link) { Ok(link) } else { Err(LinkRejected::ForeignOrigin) }
}

/// The metadata of the bank's authorisation server (RFC 8414), at its interface or among its pages.
pub fn metadata_link(bank: &Bank, href: &str) -> Result<Url, LinkRejected> {
    let link = parse(&root(bank), href)?;
    without_fragment(&link)?;
    if bank.addresses.is_api(&link) || is_web(bank, &link) { Ok(link) } else { Err(LinkRejected::ForeignOrigin) }
}

/// The id of the authorisation of that consent which a link leads to.
pub(super) fn authorisation_link(
    bank: &Bank,
    consent_id: &SecretString,
    href: &str,
) -> Result<SecretString, LinkRejected> {
    /// What stands for the id in the address that the link is compared with; no bank has it in its paths.
    const ID: &str = "secure-hub-placeholder";
    let link = parse(&root(bank), href)?;
    without_fragment(&link)?;
    let ids = Ids { authorisation: Some(ID), ..Ids::consent(consent_id) };
    let expected =
        endpoints::of(bank, Operation::AuthorisationStatus, &ids).map_err(|_| LinkRejected::OtherResource)?;
    if link.origin() != expected.origin() {
        return Err(LinkRejected::ForeignOrigin);
    }
    let segments = |url: &Url| url.path().split('/').map(decode_segment).collect::<Vec<_>>();
    let (found, wanted) = (segments(&link), segments(&expected));
    let place = wanted.iter().position(|segment| segment == ID.as_bytes()).ok_or(LinkRejected::OtherResource)?;
    let id = found.get(place).cloned().ok_or(LinkRejected::OtherResource)?;
    let others_fit = found.len() == wanted.len()
        && found.iter().zip(&wanted).enumerate().all(|(index, (found, wanted))| index == place || found == wanted);
    let id = String::from_utf8(id).ok().filter(|id| others_fit && !matches!(id.as_str(), "" | "." | ".."));
    id.map(SecretString::from).ok_or(LinkRejected::OtherResource)
}

/// The bank's root as a base for relative links: with the slash at the end that makes its path a folder.
fn root(bank: &Bank) -> Url {
    let mut root = bank.addresses.api.clone();
    root.set_path(&format!("{}/", root.path().trim_end_matches('/')));
    root
}

fn parse(base: &Url, href: &str) -> Result<Url, LinkRejected> {
    spelled_plainly(href)?;
    let link = base.join(href).map_err(|_| LinkRejected::NotAUrl)?;
    let credentials = !link.username().is_empty() || link.password().is_some();
    if credentials { Err(LinkRejected::Credentials) } else { Ok(link) }
}

fn spelled_plainly(href: &str) -> Result<(), LinkRejected> {
    if href.len() > LONGEST {
        return Err(LinkRejected::TooLong);
    }
    let plain = href.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if plain { Ok(()) } else { Err(LinkRejected::ForbiddenCharacter) }
}

fn without_fragment(link: &Url) -> Result<(), LinkRejected> {
    if link.fragment().is_some() { Err(LinkRejected::Fragment) } else { Ok(()) }
}

fn is_web(bank: &Bank, link: &Url) -> bool {
    bank.addresses.is_web(link)
}

/// Whether both paths have the same segments, whichever characters of them are percent-encoded.
fn same_path(one: &Url, other: &Url) -> bool {
    let decoded = |url: &Url| url.path().split('/').map(decode_segment).collect::<Vec<_>>();
    decoded(one) == decoded(other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::berlin_group::{endpoints::resource, fixtures::bank};

    fn collection() -> Url {
        resource(&bank(), &["accounts", "a:1", "transactions"]).unwrap()
    }

    fn next(href: &str) -> Result<String, LinkRejected> {
        let current = page_of(&bank(), &collection(), "?page=1").unwrap();
        page_link(&bank(), &collection(), href, &current).map(|page| page.to_string())
    }

    #[test]
    fn follows_a_page_however_its_link_is_spelled() {
        for href in [
            "https://api.bank.example/psd2/v1/accounts/a%3A1/transactions?page=2",
            "https://api.bank.example/psd2/v1/accounts/a:1/transactions?page=2",
            "https://API.bank.example:443/psd2/v1/accounts/a%3a1/transactions?page=2",
            "//api.bank.example/psd2/v1/accounts/a:1/transactions?page=2",
            "/psd2/v1/accounts/a:1/transactions?page=2",
            "v1/accounts/a:1/transactions?page=2",
            "?page=2",
        ] {
            let page = "https://api.bank.example/psd2/v1/accounts/a%3A1/transactions?page=2";
            assert_eq!(next(href).as_deref(), Ok(page), "{href}");
        }
    }

    #[test]
    fn rejects_a_page_on_a_foreign_origin() {
        for origin in [
            "http://api.bank.example",
            "https://api.bank.example:8443",
            "https://api.bank.example.evil.example",
            "https://evil.example",
            "https://www.bank.example",
            "https://null",
            "https://localhost",
            "https://127.0.0.1",
            "https://2130706433",
            "https://0x7f.1",
            "https://017700000001",
            "https://[::ffff:127.0.0.1]",
            "https://169.254.169.254",
            "https://metadata.google.internal",
            "https://firestore.googleapis.com",
            "https://api.bank.example.",
            "https://api%2ebank.example.evil.example",
            "//evil.example",
            "ftp://api.bank.example",
        ] {
            let href = format!("{origin}/psd2/v1/accounts/a:1/transactions?page=2");
            assert_eq!(next(&href), Err(LinkRejected::ForeignOrigin), "{href}");
        }
    }

    #[test]
    fn rejects_what_is_not_a_page_of_the_list() {
        for href in [
            "/psd2/v1/accounts/a:2/transactions?page=2",
            "/psd2/v1/accounts/a:1/balances",
            "/psd2/v1/accounts/a:1/transactions/t-1",
            "/psd2/v1/accounts/a:1/transactions/",
            "/psd2/v1/accounts/a:1",
            "/psd2/v1/accounts/a%2F1/transactions",
            "/psd2/v1/payments/sepa-credit-transfers",
            "/psd2/v1/accounts/a:1/transactions/../../a:2/transactions",
            "/psd2/v1/accounts/a:1/transactions/%2e%2e/balances",
            "/psd2/v1/accounts/a:1/%2E%2E/%2e%2e/consents/c-1",
            "/psd2//v1/accounts/a:1/transactions",
            "/psd2/v1/accounts/a:1/transactions;x=1",
            "/psd2/v1/accounts/a:1/transactions%3Fpage=2",
            "/psd2/V1/accounts/a:1/transactions",
            "/other/v1/accounts/a:1/transactions",
            "",
            ".",
            "..",
        ] {
            assert_eq!(next(href), Err(LinkRejected::OtherResource), "{href}");
        }
    }

    #[test]
    fn rejects_spellings_that_parsers_disagree_on() {
        use LinkRejected::{Credentials, ForbiddenCharacter, Fragment, NotAUrl, TooLong};
        let list = "/psd2/v1/accounts/a:1/transactions?page=2";
        for (href, why) in [
            (format!("https://api.bank.example@evil.example{list}"), Credentials),
            (format!("https://user:secret@api.bank.example{list}"), Credentials),
            (format!("https://:secret@api.bank.example{list}"), Credentials),
            (format!("{list}#top"), Fragment),
            (format!("{list}#"), Fragment),
            (format!("https:\\\\evil.example{list}"), ForbiddenCharacter),
            (format!("\\\\evil.example{list}"), ForbiddenCharacter),
            (format!("/\t/evil.example{list}"), ForbiddenCharacter),
            (format!(" {list}"), ForbiddenCharacter),
            (format!("{list}\n"), ForbiddenCharacter),
            (format!("{list}\r\nHost: evil.example"), ForbiddenCharacter),
            (format!("{list}\u{0}"), ForbiddenCharacter),
            (format!("https://api\u{3002}bank\u{ff0e}example{list}"), ForbiddenCharacter),
            (format!("https://api.bank.ex\u{430}mple{list}"), ForbiddenCharacter),
            (format!("https://[::1{list}"), NotAUrl),
            (format!("https://api.bank.example:99999{list}"), NotAUrl),
            ("https://".to_owned(), NotAUrl),
            (format!("{list}&x={}", "a".repeat(64 * 1024)), TooLong),
        ] {
            assert_eq!(next(&href), Err(why), "{href:.80}");
        }
    }

    #[test]
    fn rejects_schemes_that_have_no_host() {
        for href in ["javascript:alert(1)", "data:application/json,{}", "file:///etc/passwd", "blob:https://x/1"] {
            assert_eq!(next(href), Err(LinkRejected::ForeignOrigin), "{href}");
        }
    }

    #[test]
    fn a_page_that_leads_to_itself_is_a_loop() {
        assert_eq!(next("?page=1"), Err(LinkRejected::Loop));
        assert_eq!(next("/psd2/v1/accounts/a%3a1/transactions?page=1"), Err(LinkRejected::Loop));
    }

    #[test]
    fn a_known_lie_ends_the_list_where_the_bank_is_known_for_it() {
        let own = "?page=1";
        let balances = "/psd2/v1/accounts/a:1/balances";
        let current = page_of(&bank(), &collection(), own).unwrap();
        let next = |paging: &str, href: &str| {
            let mut bank = bank();
            bank.data = toml::from_str(&format!("paging = {{ {paging} }}")).unwrap();
            next_page(&bank, &collection(), href, &current)
        };
        assert_eq!(next("", own), Err(LinkRejected::Loop));
        assert_eq!(next("self_link = \"end\"", own), Ok(None));
        assert_eq!(next("self_link = \"end\"", balances), Err(LinkRejected::OtherResource));
        assert_eq!(next("other_resource = \"end\"", balances), Ok(None));
        assert_eq!(next("other_resource = \"end\"", own), Err(LinkRejected::Loop));
        let foreign = "https://evil.example/psd2/v1/accounts/a:1/transactions?page=2";
        assert_eq!(next("other_resource = \"end\", self_link = \"end\"", foreign), Err(LinkRejected::ForeignOrigin));
    }

    #[test]
    fn the_host_null_is_repaired_where_the_bank_is_known_for_it() {
        let current = page_of(&bank(), &collection(), "?page=1").unwrap();
        let mut repairing = bank();
        repairing.data.paging.null_host = NullHost::Repair;
        for prefix in ["https://null", "http://null", "//null", "null"] {
            let href = format!("{prefix}/psd2/v1/accounts/a:1/transactions?page=2");
            let page = next_page(&repairing, &collection(), &href, &current).unwrap().unwrap();
            assert_eq!(page.as_str(), "https://api.bank.example/psd2/v1/accounts/a%3A1/transactions?page=2");
            assert!(next_page(&bank(), &collection(), &href, &current).is_err(), "{href}");
        }
        for href in [
            "https://null.evil.example/x",
            "https://null/psd2/v1/accounts/a:2/transactions",
            "https://null@evil.example/",
        ] {
            assert!(next_page(&repairing, &collection(), href, &current).is_err(), "{href}");
        }
    }

    #[test]
    fn a_download_lies_below_its_list() {
        let at = |href: &str| download_of(&bank(), &collection(), href).map(|url| url.to_string());
        let list = "https://api.bank.example/psd2/v1/accounts/a%3A1/transactions";
        assert_eq!(
            at("/psd2/v1/accounts/a:1/transactions/download/1~2-x?z=1").unwrap(),
            format!("{list}/download/1~2-x?z=1")
        );
        for href in [
            "/psd2/v1/accounts/a:1/transactions",
            "/psd2/v1/accounts/a:1/transactions/",
            "/psd2/v1/accounts/a:1/transactions/../balances",
            "/psd2/v1/accounts/a:1/transactions/x/%2e%2e/%2e%2e/balances",
            "/psd2/v1/accounts/a:1/transactions/a%2Fb",
            "/psd2/v1/accounts/a:2/transactions/download/1",
            "/psd2/v1/payments",
        ] {
            assert_eq!(at(href), Err(LinkRejected::OtherResource), "{href}");
        }
        assert_eq!(at("https://evil.example/psd2/v1/accounts/a:1/transactions/1"), Err(LinkRejected::ForeignOrigin));
    }

    #[test]
    fn the_browser_is_only_sent_to_registered_pages() {
        let sent = |href| web_link(&bank(), href).map(|url| url.to_string());
        assert_eq!(sent("https://www.bank.example/sca?id=1#/step").unwrap(), "https://www.bank.example/sca?id=1#/step");
        for (href, why) in [
            ("http://www.bank.example/sca", LinkRejected::ForeignOrigin),
            ("https://www.bank.example:444/sca", LinkRejected::ForeignOrigin),
            ("https://api.bank.example/sca", LinkRejected::ForeignOrigin),
            ("https://evil.example/sca", LinkRejected::ForeignOrigin),
            ("https://www.bank.example@evil.example/", LinkRejected::Credentials),
            ("javascript:alert(1)", LinkRejected::ForeignOrigin),
            ("/sca", LinkRejected::ForeignOrigin),
            ("https://www.bank.example/sca\u{85}", LinkRejected::ForbiddenCharacter),
        ] {
            assert_eq!(sent(href), Err(why), "{href}");
        }
    }

    #[test]
    fn metadata_may_be_at_the_interface_or_among_the_pages() {
        let at = |href| metadata_link(&bank(), href).map(|url| url.to_string());
        assert_eq!(at("https://www.bank.example/.well-known/a").unwrap(), "https://www.bank.example/.well-known/a");
        assert_eq!(at("oauth/metadata").unwrap(), "https://api.bank.example/psd2/oauth/metadata");
        assert_eq!(at("https://evil.example/.well-known/a"), Err(LinkRejected::ForeignOrigin));
        assert_eq!(at("https://www.bank.example/#a"), Err(LinkRejected::Fragment));
    }

    proptest! {
        #[test]
        fn whatever_passes_is_the_list_itself_but_for_its_query(
            href in prop_oneof![
                any::<String>(),
                "(https?:)?(//)?[a-z.@:\\\\/]{0,20}(api\\.bank\\.example)?[a-z.@:%/\\\\]{0,12}(/psd2/v1/accounts/a:1/transactions)?[?#]?[ -~]{0,12}",
            ],
        ) {
            if let Ok(mut page) = page_of(&bank(), &collection(), &href) {
                page.set_query(None);
                prop_assert_eq!(page, collection());
            }
        }

        #[test]
        fn no_text_sends_the_browser_elsewhere(href in "[ -~]{0,12}(www\\.bank\\.example)?[ -~]{0,20}") {
            if let Ok(page) = web_link(&bank(), &href) {
                prop_assert_eq!(page.host_str(), Some("www.bank.example"));
                prop_assert_eq!(page.scheme(), "https");
            }
        }
    }
}
