//! What Firestore is set up with is what the code asks of it.

use std::{env, fs};

use shared::adapters::firestore_schema::infrastructure;

use crate::markdown::{document, repository};

const DOCUMENT: &str = "infra/firestore.json";

#[test]
fn firestore_is_set_up_with_what_the_code_asks_for() {
    let made = serde_json::to_string_pretty(&infrastructure()).unwrap() + "\n";
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(repository().join(DOCUMENT), made).unwrap();
    } else {
        let hint = "is not what the code makes of it: run the tests once with UPDATE_DOCS=1";
        assert_eq!(document(DOCUMENT), made, "{DOCUMENT} {hint}");
    }
}
