//! What is to be looked at: settings and documents, read as the functions read them, and what only the doctor is told.

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
};

use shared::{
    config::{
        bank_document::{read_bank, read_banks},
        environment::Environment,
        mistakes::Mistakes,
        settings::{Settings, Variables},
        tenant_document::read_tenants,
    },
    domain::{bank::Bank, tenant::Tenant},
};
use url::Url;

use super::{DoctorArguments, FunctionName, Target};

/// What is to be looked at.
#[derive(Debug)]
pub struct Surroundings {
    /// The deployment, unless only revisions are to be tried.
    pub deployment: Option<Deployment>,
    /// New revisions.
    pub targets: Vec<Target>,
    /// Whose rights are expected.
    pub meant: Option<FunctionName>,
    /// Who tells the address that others see.
    pub address_url: Option<Url>,
    /// Addresses that calls may come from besides the one in the settings.
    pub other_addresses: Vec<IpAddr>,
    /// Where the metadata server is, if not at its usual place.
    pub metadata_host: Option<String>,
}

/// A deployment as its settings and documents tell it.
#[derive(Debug)]
pub struct Deployment {
    /// The settings.
    pub settings: Settings,
    /// Every bank whose document can be used.
    pub banks: Vec<Bank>,
    /// Every tenant; none if one of their documents is wrong.
    pub tenants: Vec<Tenant>,
    /// What is wrong with documents.
    pub mistakes: Vec<String>,
}

/// Reads everything. Mistakes in documents are no reason to stop; mistakes in settings are told with all others.
pub fn read(wanted: &DoctorArguments, variables: &Variables<'_>) -> Result<Surroundings, Mistakes> {
    let given = |name: &str| variables(name).filter(|value| !value.is_empty());
    let targets = given("HUB_SMOKE_TARGETS");
    let is_smoke_job = targets.is_some() && given("HUB_STORE").is_none();
    let mut mistakes = Mistakes::default();
    let targets = targets.as_deref().unwrap_or_default().split_whitespace();
    let targets = targets.filter_map(|text| {
        mistakes.take("HUB_SMOKE_TARGETS", Target::parse(text).ok_or("neither URL nor SERVICE=URL"))
    });
    let targets = targets.collect();
    let address_url = wanted.address_url.clone().or_else(|| {
        let text = given("HUB_DOCTOR_ADDRESS_URL")?;
        mistakes.take("HUB_DOCTOR_ADDRESS_URL", text.parse::<Url>().map_err(|_| "not a URL"))
    });
    let deployment = if is_smoke_job { Ok(None) } else { read_deployment(variables).map(Some) };
    let deployment = match (deployment, mistakes.or(Some(()))) {
        (Ok(deployment), Ok(())) => deployment,
        (Err(mistakes), Ok(())) | (Ok(_), Err(mistakes)) => return Err(mistakes),
        (Err(mistakes), Err(others)) => return Err(mistakes.and(others)),
    };
    Ok(Surroundings {
        deployment,
        targets,
        meant: wanted.meant,
        address_url,
        other_addresses: wanted.other_address.clone(),
        metadata_host: given("GCE_METADATA_HOST"),
    })
}

/// Documents are read as well where settings are wrong, so that one run tells all mistakes.
fn read_deployment(variables: &Variables<'_>) -> Result<Deployment, Mistakes> {
    let settings = Settings::from_variables(variables);
    let environment = variables("HUB_ENVIRONMENT").and_then(|text| text.parse().ok()).unwrap_or(Environment::Live);
    let mut mistakes = Mistakes::default();
    let mut keep = |others: Mistakes| mistakes = std::mem::take(&mut mistakes).and(others);
    let banks = variables("HUB_BANKS").map(|folder| {
        let folder = Path::new(&folder);
        read_banks(folder, environment).map_err(&mut keep).unwrap_or_else(|()| good_banks(folder, environment))
    });
    let tenants = variables("HUB_TENANTS").map(|folder| read_tenants(Path::new(&folder)).map_err(&mut keep));
    match settings {
        Err(others) => Err(others.and(mistakes)),
        Ok(settings) => Ok(Deployment {
            settings,
            banks: banks.unwrap_or_default(),
            tenants: tenants.and_then(Result::ok).unwrap_or_default(),
            mistakes: mistakes.lines().map(str::to_owned).collect(),
        }),
    }
}

/// The banks whose documents can be used, where others cannot: these are looked at all the same.
fn good_banks(folder: &Path, environment: Environment) -> Vec<Bank> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let is_bank = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.extension().is_some_and(|kind| kind == "toml") && !name.starts_with('_')
    };
    let mut files: Vec<_> = entries.filter(is_bank).collect();
    files.sort();
    files.iter().filter_map(|file| read_bank(file, environment).ok()).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: DoctorArguments,
    }

    fn mistakes(variables: &[(&str, &str)], line: &[&str]) -> Result<Surroundings, Vec<String>> {
        let line = Line::parse_from([&["doctor"], line].concat());
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        read(&line.arguments, &variable).map_err(|mistakes| mistakes.lines().map(str::to_owned).collect())
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let told = mistakes(&[("HUB_BANKS", "/nowhere"), ("HUB_DOCTOR_ADDRESS_URL", "x")], &[]).unwrap_err();
        for part in ["HUB_STORE: not set", "HUB_KMS: not set", "/nowhere: cannot be listed", "HUB_DOCTOR_ADDRESS_URL"] {
            assert!(told.iter().any(|line| line.contains(part)), "{part} in {told:?}");
        }
    }

    #[test]
    fn the_smoke_job_has_no_settings_and_needs_none() {
        let targets = ("HUB_SMOKE_TARGETS", "https://c1---hub-callback.run.app  rewrap=http://127.0.0.1:1");
        let read = mistakes(&[targets], &["--as", "callback", "--other-address", "192.0.2.2"]).unwrap();
        assert!(read.deployment.is_none());
        assert_eq!((read.targets.len(), read.meant), (2, Some(FunctionName::Callback)));
        assert_eq!(read.other_addresses, ["192.0.2.2".parse::<IpAddr>().unwrap()]);
        let told = mistakes(&[("HUB_SMOKE_TARGETS", "hub-callback")], &[]).unwrap_err();
        assert_eq!(told, ["HUB_SMOKE_TARGETS: neither URL nor SERVICE=URL"]);
    }
}
