//! Right answers made wrong in one respect.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// In what respect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mangling {
    /// Booked transactions have no identifier.
    MissingIds,
    /// Every second booked transaction has the identifier of the one before.
    DuplicateIds,
    /// There is an account that nobody consented to.
    ForeignAccount,
    /// Booleans are texts.
    StringBooleans,
    /// Dates have a time of day, and times no zone.
    LocalTimes,
    /// An amount has 40 digits.
    HugeAmount,
    /// There is an `id_token` with an algorithm that nobody agreed on.
    ForeignIdToken,
    /// An amount is there twice.
    DuplicateMembers,
    /// A text is no UTF-8.
    InvalidUtf8,
    /// A byte order mark comes first.
    ByteOrderMark,
    /// The content type is `text/plain`.
    PlainText,
}

/// An `id_token` with the algorithm ES256K and nothing in it. Its signature is none.
const ID_TOKEN: &str = "eyJhbGciOiJFUzI1NksiLCJ0eXAiOiJKV1QifQ.e30.AA";

/// The account that nobody consented to; its number is of a bank that does not exist.
const FOREIGN_IBAN: &str = "DE58999999980000000001";

impl Mangling {
    /// Whether the answer keeps the content type `application/json`.
    pub(crate) fn keeps_type(self) -> bool {
        self != Self::PlainText
    }

    /// The bytes that go out instead of an answer's. An answer that has nothing to make wrong stays as
    /// it is.
    pub(crate) fn apply(self, answer: &[u8]) -> Vec<u8> {
        match self {
            Self::DuplicateMembers => inserted(answer, b"\"amount\":", b"\"amount\":\"0.01\","),
            Self::InvalidUtf8 => inserted_after(answer, b"\":\"", b"\xff\xfe"),
            Self::ByteOrderMark => [b"\xef\xbb\xbf", answer].concat(),
            Self::PlainText => answer.to_vec(),
            Self::MissingIds
            | Self::DuplicateIds
            | Self::ForeignAccount
            | Self::StringBooleans
            | Self::LocalTimes
            | Self::HugeAmount
            | Self::ForeignIdToken => match serde_json::from_slice(answer) {
                Ok(mut value) => {
                    self.change(&mut value);
                    value.to_string().into_bytes()
                }
                Err(_) => answer.to_vec(),
            },
        }
    }

    fn change(self, value: &mut Value) {
        match self {
            Self::MissingIds => booked(value).iter_mut().filter_map(Value::as_object_mut).for_each(|one| {
                one.remove("transactionId");
                one.remove("entryReference");
            }),
            Self::DuplicateIds => {
                for pair in booked(value).chunks_mut(2) {
                    if let [first, second] = pair {
                        second["transactionId"] = first["transactionId"].clone();
                    }
                }
            }
            Self::ForeignAccount => {
                let resource = "00000000-0000-4000-8000-00000000f0e1";
                if let Some(accounts) = value.get_mut("accounts").and_then(Value::as_array_mut) {
                    accounts.push(json!({ "resourceId": resource, "iban": FOREIGN_IBAN, "currency": "EUR" }));
                }
            }
            Self::HugeAmount => {
                if let Some(amount) = booked(value).first_mut().and_then(|one| one.pointer_mut("/transactionAmount")) {
                    amount["amount"] = json!(format!("{}.99", "9".repeat(40)));
                }
            }
            Self::ForeignIdToken => {
                if let Some(members) = value.as_object_mut() {
                    members.insert("id_token".to_owned(), json!(ID_TOKEN));
                }
            }
            Self::StringBooleans => each(value, &mut |one| {
                if let Value::Bool(flag) = one {
                    *one = json!(flag.to_string());
                }
            }),
            Self::LocalTimes => each(value, &mut |one| {
                if let Some(local) = one.as_str().and_then(local_time) {
                    *one = json!(local);
                }
            }),
            Self::DuplicateMembers | Self::InvalidUtf8 | Self::ByteOrderMark | Self::PlainText => {}
        }
    }
}

fn booked(page: &mut Value) -> &mut [Value] {
    page.pointer_mut("/transactions/booked").and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

/// Does something to each value in a tree.
fn each(value: &mut Value, change: &mut impl FnMut(&mut Value)) {
    change(value);
    match value {
        Value::Array(values) => values.iter_mut().for_each(|one| each(one, change)),
        Value::Object(members) => members.values_mut().for_each(|one| each(one, change)),
        _ => {}
    }
}

/// A date or a time as a bank without a time zone writes it.
fn local_time(text: &str) -> Option<String> {
    if text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10 {
        return Some(format!("{text}T00:00:00"));
    }
    let time = text.parse::<jiff::Timestamp>().ok()?;
    Some(time.to_string().trim_end_matches('Z').to_owned())
}

/// The bytes with others in front of the first place where `before` stands.
fn inserted(bytes: &[u8], before: &[u8], others: &[u8]) -> Vec<u8> {
    split(bytes, before, 0).map_or_else(|| bytes.to_vec(), |(head, tail)| [head, others, tail].concat())
}

/// The same behind it.
fn inserted_after(bytes: &[u8], after: &[u8], others: &[u8]) -> Vec<u8> {
    split(bytes, after, after.len()).map_or_else(|| bytes.to_vec(), |(head, tail)| [head, others, tail].concat())
}

fn split<'a>(bytes: &'a [u8], mark: &[u8], skipped: usize) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(mark.len()).position(|window| window == mark)?;
    bytes.split_at_checked(place + skipped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::iban::Iban;

    fn page() -> Vec<u8> {
        let one = |id: &str| {
            json!({ "transactionId": id, "entryReference": id, "bookingDate": "2026-11-20",
            "transactionAmount": { "currency": "EUR", "amount": "-1.00" } })
        };
        json!({ "transactions": { "booked": [one("1"), one("2"), one("3")] }, "flag": true }).to_string().into_bytes()
    }

    fn mangled(how: Mangling) -> Value {
        serde_json::from_slice(&how.apply(&page())).unwrap()
    }

    fn ids(page: &Value) -> Vec<Option<&str>> {
        let booked = page["transactions"]["booked"].as_array().unwrap();
        booked.iter().map(|one| one["transactionId"].as_str()).collect()
    }

    #[test]
    fn changes_one_respect() {
        assert_eq!(ids(&mangled(Mangling::MissingIds)), [None, None, None]);
        assert_eq!(ids(&mangled(Mangling::DuplicateIds)), [Some("1"), Some("1"), Some("3")]);
        assert_eq!(mangled(Mangling::StringBooleans)["flag"], "true");
        let local = mangled(Mangling::LocalTimes);
        assert_eq!(local["transactions"]["booked"][0]["bookingDate"], "2026-11-20T00:00:00");
        let huge = mangled(Mangling::HugeAmount);
        assert_eq!(huge["transactions"]["booked"][0]["transactionAmount"]["amount"].as_str().unwrap().len(), 43);
        assert_eq!(mangled(Mangling::ForeignIdToken)["id_token"], ID_TOKEN);
    }

    #[test]
    fn changes_bytes_that_no_json_tree_has() {
        let text = |how: Mangling| String::from_utf8(how.apply(&page())).unwrap();
        assert!(text(Mangling::DuplicateMembers).contains("{\"amount\":\"0.01\",\"amount\":\"-1.00\""));
        assert!(text(Mangling::ByteOrderMark).starts_with("\u{feff}{"));
        assert!(String::from_utf8(Mangling::InvalidUtf8.apply(&page())).is_err());
    }

    #[test]
    fn leaves_alone_what_has_nothing_to_make_wrong() {
        for how in [Mangling::MissingIds, Mangling::DuplicateMembers, Mangling::ForeignAccount] {
            assert_eq!(how.apply(b"[]"), b"[]");
        }
    }

    #[test]
    fn names_a_foreign_account_that_could_exist() {
        assert!(Iban::parse(FOREIGN_IBAN).is_ok(), "{:?}", Iban::german(99_999_998, 1));
        let list: Value = serde_json::from_slice(&Mangling::ForeignAccount.apply(b"{\"accounts\":[]}")).unwrap();
        assert_eq!(list["accounts"][0]["iban"], FOREIGN_IBAN);
    }

    #[test]
    fn writes_local_times_without_zone() {
        assert_eq!(local_time("2026-11-20T12:00:00Z").as_deref(), Some("2026-11-20T12:00:00"));
        assert_eq!(local_time("20 November"), None);
    }
}
