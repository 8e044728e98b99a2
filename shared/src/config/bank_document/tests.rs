mod full;
mod promises;

use std::fs;

use super::*;

const GOOD: &str = r#"id = "bank-1"
name = "Bank One"
country = "DE"
bic = "BANKDEFFXXX"
dialect = "berlin-group"

[addresses]
api = "https://api.bank.example/psd2/"
web = ["https://www.bank.example"]

[tls]
identity = "qwac.pem"
trust_anchors = "ca.pem"

[oauth]
issuer = "https://api.bank.example"
metadata_url = "https://api.bank.example/.well-known/oauth-authorization-server"
client_id = "PSDDE-BAFIN-123456"
scope = "AIS:{consent_id}"
rotation = "family"
"#;

/// Reads `bank.toml` among these files; in what is told, the folder is left out.
fn read_in(environment: Environment, files: &[(&str, &str)]) -> Result<Vec<Bank>, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("qwac.pem", "identity-canary"), ("ca.pem", "anchors")].iter().chain(files) {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let place = format!("{}/", folder.path().display());
    read_banks(folder.path(), environment).map_err(|mistakes| mistakes.to_string().replace(&place, ""))
}

fn read_files(files: &[(&str, &str)]) -> Result<Vec<Bank>, String> {
    read_in(Environment::Live, files)
}

fn read(text: &str) -> Result<Vec<Bank>, String> {
    read_files(&[("bank.toml", text)])
}

/// What is told of the good document with one thing replaced.
fn told(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    read(&GOOD.replace(from, to)).unwrap_err()
}

#[test]
fn reads_a_bank_and_keeps_nothing_of_its_key() {
    let banks = read(GOOD).unwrap();
    assert_eq!(banks[0].addresses.api.as_str(), "https://api.bank.example/psd2");
    assert_eq!(banks[0].consent.validity_days, 180);
    assert!(!format!("{banks:?}").contains("identity-canary"));
}

#[test]
fn tells_all_mistakes_together_with_file_line_and_field() {
    let wrong = GOOD
        .replace("\"DE\"", "\"Germany\"")
        .replace("https://api.bank.example/psd2/", "http://api.bank.example/psd2/")
        .replace("ca.pem", "missing.pem")
        .replace("client_id", "client_di")
        .replace("\"family\"", "\"familly\"")
        + "[limits]\ntotal_millis = 60000\npages = \"many\"\ncolour = 1\n";
    let told = read(&wrong).unwrap_err();
    let expected = [
        "bank.toml:3: country: must be two capital letters",
        "bank.toml:8: addresses.api: must be https",
        "bank.toml:13: tls.trust_anchors: missing.pem cannot be read: No such file or directory (os error 2)",
        "bank.toml:15: oauth.client_id: is missing",
        "bank.toml:18: oauth.client_di: is not known here; client_id is",
        "bank.toml:20: oauth.rotation: must be one of none, grace, family",
        "bank.toml:22: limits.total_millis: must be at most 30000",
        "bank.toml:23: limits.pages: must be a whole number",
        "bank.toml:24: limits.colour: is not known here",
    ];
    // The authorisation server's table lacks what must be there, so the document has no types to be checked further.
    let schema_only: Vec<_> = expected.into_iter().filter(|line| told.contains(line)).collect();
    assert_eq!(schema_only.join("; "), told);
    assert!(schema_only.len() >= 5, "{told}");
}

#[test]
fn looks_at_everything_else_when_a_field_is_misspelt_or_of_another_type() {
    let wrong = GOOD.replace("\"DE\"", "\"Germany\"") + "[limits]\nbody_bites = 1\npages = \"many\"\n";
    assert_eq!(
        read(&wrong).unwrap_err(),
        "bank.toml:3: country: must be two capital letters; \
         bank.toml:22: limits.body_bites: is not known here; body_bytes is; \
         bank.toml:23: limits.pages: must be a whole number"
    );
}

#[test]
fn tells_every_mistake_of_syntax_with_its_line() {
    let told = told("country = \"DE\"", "country = DE");
    assert!(told.contains("bank.toml:3: "), "{told}");
    let twice = read(&format!("id = \"other\"\n{GOOD}")).unwrap_err();
    assert!(twice.starts_with("bank.toml:2: "), "{twice}");
    assert!(read("id = 99999999999999999999\n").unwrap_err().contains("bank.toml:1: id: is too large a number"));
}

#[test]
fn never_tells_a_value() {
    let canary = "canary-9b1f";
    for (field, value) in
        [("country", "DE"), ("dialect", "berlin-group"), ("rotation", "family"), ("bic", "BANKDEFFXXX")]
    {
        let told = told(&format!("{field} = \"{value}\""), &format!("{field} = \"{canary}\""));
        assert!(!told.contains(canary), "{told}");
    }
    assert!(!told("country = \"DE\"", &format!("country = [\"{canary}\"]")).contains(canary));
    assert!(!told("api = \"https://api.bank.example/psd2/\"", &format!("api = \"{canary}\"")).contains(canary));
}

#[test]
fn an_address_must_be_whole() {
    let told = told("api = \"https://api.bank.example/psd2/\"", "api = \"api.bank.example\"");
    assert_eq!(told, "bank.toml:8: addresses.api: must be a whole address, such as https://bank.example/");
}

#[test]
fn refuses_a_metadata_address_elsewhere() {
    let told = told("https://api.bank.example/.well", "https://evil.example/.well");
    assert!(told.starts_with("bank.toml:17: oauth.metadata_url: "), "{told}");
}

const CORE: &str = r#"
country = "DE"
dialect = "berlin-group"

[addresses]
api = "https://{host}/{bank_code}/"
web = ["https://{host}"]

[addresses.values]
host = "core.example"

[tls]
identity = "qwac.pem"
trust_anchors = "ca.pem"

[limits]
pages = 7

[environments.sandbox.addresses.values]
host = "sandbox.core.example"
"#;

const BUILT_ON: &str = r#"
extends = "_core.toml"
id = "bank-2"
name = "Bank Two"

[addresses.values]
bank_code = "12345678"
"#;

#[test]
fn a_bank_builds_on_its_core() {
    let files = [("_core.toml", CORE), ("bank.toml", BUILT_ON)];
    let banks = read_files(&files).unwrap();
    let [bank] = banks.as_slice() else { panic!("{}", banks.len()) };
    assert_eq!(bank.addresses.api.as_str(), "https://core.example/12345678");
    assert_eq!(bank.limits.pages, 7);
    let banks = read_in(Environment::Sandbox, &files).unwrap();
    assert_eq!(banks[0].addresses.api.as_str(), "https://sandbox.core.example/12345678");
}

#[test]
fn a_mistake_names_the_file_that_it_stands_in() {
    let core = CORE.replace("pages = 7", "pages = 0.5");
    let told = read_files(&[("_core.toml", &core), ("bank.toml", BUILT_ON)]).unwrap_err();
    assert_eq!(told, "_core.toml:17: limits.pages: must be a whole number");
    let told = read_files(&[("_core.toml", CORE), ("bank.toml", &BUILT_ON.replace("bank_code", "blz"))]).unwrap_err();
    assert_eq!(told, "_core.toml:6: addresses.api: {bank_code} is not in addresses.values");
}

#[test]
fn files_lie_beside_the_document_that_names_them() {
    let core = CORE.replace("ca.pem", "core-ca.pem");
    let built_on = BUILT_ON.replace("_core.toml", "cores/core.toml");
    let core = core.replace("qwac.pem", "../qwac.pem");
    let files = [("cores/core.toml", core.as_str()), ("cores/core-ca.pem", "anchors"), ("bank.toml", &built_on)];
    assert_eq!(read_files(&files).unwrap()[0].tls.trust_anchors, "anchors");
}

#[test]
fn a_chain_ends_and_never_leads_back() {
    let told = read_files(&[("bank.toml", &format!("extends = \"bank.toml\"\n{GOOD}"))]).unwrap_err();
    assert_eq!(told, "bank.toml:1: extends: leads back to itself");
    let one = "extends = \"_two.toml\"\n";
    let told = read_files(&[("_one.toml", one), ("_two.toml", "extends = \"_one.toml\"\n"), ("bank.toml", one)]);
    assert!(told.unwrap_err().contains("_one.toml:1: extends: leads back to itself"));
    let chain: Vec<_> = (0..6).map(|n| (format!("_{n}.toml"), format!("extends = \"_{}.toml\"\n", n + 1))).collect();
    let mut files: Vec<_> = chain.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let start = format!("extends = \"_0.toml\"\n{GOOD}");
    files.push(("bank.toml", &start));
    assert!(read_files(&files).unwrap_err().starts_with("_2.toml:1: extends: leads on to more than 4 documents"));
    for (wrong, what) in [
        ("\"/etc/core.toml\"", "must be relative to this file"),
        ("\"missing.toml\"", "missing.toml cannot be read: No such file or directory (os error 2)"),
        ("7", "must be the name of a file"),
    ] {
        let told = read(&format!("extends = {wrong}\n{GOOD}")).unwrap_err();
        assert_eq!(told, format!("bank.toml:1: extends: {what}"));
    }
}

#[test]
fn tables_are_joined_and_lists_replaced() {
    let text = GOOD.to_owned()
        + "[environments.sandbox]\nname = \"Bank One (sandbox)\"\n[environments.sandbox.addresses]\nweb = [\"https://sandbox.bank.example\"]\n";
    let sandbox = read_in(Environment::Sandbox, &[("bank.toml", &text)]).unwrap().remove(0);
    assert_eq!((sandbox.name.as_str(), sandbox.bic.as_deref()), ("Bank One (sandbox)", Some("BANKDEFFXXX")));
    assert_eq!(sandbox.addresses.web_origins.len(), 1);
    let live = read(&text).unwrap().remove(0);
    assert_eq!(live.name, "Bank One");
    assert_ne!(sandbox.addresses.web_origins, live.addresses.web_origins);
}

#[test]
fn looks_at_the_other_environment_too() {
    let text = GOOD.to_owned() + "[environments.sandbox.limits]\npagges = 3\n[environments.test]\n";
    assert_eq!(
        read(&text).unwrap_err(),
        "bank.toml:22: limits.pagges: is not known here; pages is; \
         bank.toml:23: environments.test: neither live nor sandbox"
    );
    let text = GOOD.to_owned() + "[environments.live]\nextends = \"x.toml\"\n";
    let told = read(&text).unwrap_err();
    assert!(told.contains("bank.toml:22: environments.extends: stands at the top of a document only"), "{told}");
}

#[test]
fn two_documents_of_one_bank_are_a_mistake() {
    let told = read_files(&[("one.toml", GOOD), ("two.toml", GOOD)]).unwrap_err();
    assert_eq!(told, "bank bank-1: has two documents");
}

#[test]
fn the_schema_knows_every_field_by_what_it_says_of_it() {
    let mut fields = Vec::new();
    gather(schema(), &mut fields);
    assert!(fields.len() > 20);
    // Entries of a map have no field of their own.
    let is_field = |field: &serde_json::Value| *field != serde_json::json!({ "type": "string" });
    for (name, field) in fields.into_iter().filter(|(_, field)| is_field(field)) {
        assert!(field.get("description").is_some(), "{name} has no description");
    }
}

fn gather<'a>(schema: &'a serde_json::Value, fields: &mut Vec<(String, &'a serde_json::Value)>) {
    match schema {
        serde_json::Value::Object(members) => {
            let properties = members.get("properties").and_then(serde_json::Value::as_object);
            fields.extend(properties.into_iter().flatten().map(|(name, field)| (name.clone(), field)));
            members.values().for_each(|member| gather(member, fields));
        }
        serde_json::Value::Array(entries) => entries.iter().for_each(|entry| gather(entry, fields)),
        _ => {}
    }
}
