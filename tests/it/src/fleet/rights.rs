//! The table of services and their rights in infra/services.tf, as what may be asked of the key service.

use std::{collections::BTreeMap, fs, path::Path};

use kms_stand_in::{Permission, Rights};

use super::Function;

/// A service of the deployment: a program of the image, with rights of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Which program it runs.
    pub program: Function,
    /// What its account may ask of the key service.
    pub rights: Rights,
    /// Whether it calls banks.
    pub banks: bool,
}

/// Services by their names.
pub type Services = BTreeMap<String, Service>;

/// The services as infra/services.tf deploys them.
pub fn services() -> Services {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/services.tf");
    let text = fs::read_to_string(file).unwrap();
    let on_keys = roles(&text, "roles_of_keys");
    let on_signing = roles(&text, "roles_of_signing");
    let mut services = Services::new();
    for (name, row) in rows(&text) {
        let mut rights = Rights::new();
        for (key, right) in pairs(between(row, "keys    = {", "}")) {
            rights.extend(allowed(&on_keys[right], key));
        }
        rights.extend(allowed(&on_signing[between(row, "signing = \"", "\"")], "signing"));
        let program = between(row, "program = \"", "\"").parse().unwrap();
        let banks = between(row, "banks = ", ",").parse().unwrap();
        assert!(
            services.insert(name.to_owned(), Service { program, rights, banks }).is_none(),
            "{name} is there twice"
        );
    }
    services
}

/// The table's rows: a service's name and all that is said of it.
fn rows(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let table = between(text, "  services = {\n", "\n  }\n");
    let rows = table.split("\n    }").filter_map(|row| row.split_once(" = {\n"));
    rows.map(|(above, row)| (above.lines().last().unwrap_or_default().trim(), row))
}

/// A map of rights to roles: each value is a role or a list of roles.
fn roles(text: &str, name: &str) -> BTreeMap<String, Vec<String>> {
    let map = between(text, &format!("  {name} = {{\n"), "\n  }");
    let lines = map.lines().filter_map(|line| line.split_once('='));
    let quoted = |value: &str| value.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    lines.map(|(right, value)| (right.trim().to_owned(), quoted(value))).collect()
}

/// `a = "b", c = "d"` as pairs.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.trim(), value.trim().trim_matches('"')))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let found = text.split_once(start).and_then(|(_, rest)| rest.split_once(end));
    found.unwrap_or_else(|| panic!("no {start:?} before {end:?} in infra/services.tf: mend this reader")).0
}

/// What Google's roles allow with a key, of what the hub asks for.
fn allowed(roles: &[String], key: &str) -> Rights {
    let of_role = |role: &String| match role.as_str() {
        "roles/cloudkms.cryptoKeyEncrypter" => vec![Permission::Encrypt],
        "roles/cloudkms.cryptoKeyDecrypter" => vec![Permission::Decrypt],
        "roles/cloudkms.cryptoKeyEncrypterDecrypter" => vec![Permission::Encrypt, Permission::Decrypt],
        "roles/cloudkms.publicKeyViewer" => vec![Permission::ViewPublicKey],
        "roles/cloudkms.signerVerifier" => vec![Permission::Sign, Permission::ViewPublicKey],
        "roles/cloudkms.viewer" => vec![Permission::ListVersions],
        other => panic!("what does {other} allow?"),
    };
    roles.iter().flat_map(of_role).map(|allowed| (key.to_owned(), allowed)).collect()
}
