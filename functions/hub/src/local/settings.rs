//! The local mode's few settings, read from the environment.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use shared::config::settings::otlp_endpoint;
use url::Url;

/// Where the local hub listens and what it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalSettings {
    /// `PORT`: the port on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// `HUB_DATA`: the data folder, as an absolute path so that printed commands work from anywhere.
    pub data: PathBuf,
    /// `HUB_OTLP_ENDPOINT`: where metrics and traces are delivered by OTLP over HTTP, if anywhere.
    pub otlp_endpoint: Option<Url>,
}

/// A setting is wrong.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// Not a port number.
    #[error("PORT: {0:?} is not a port number (0 to 65535)")]
    Port(OsString),
    /// No path can be made of it.
    #[error("HUB_DATA: {0:?} is not a usable path")]
    Data(OsString, #[source] std::io::Error),
    /// No collector can be there.
    #[error("HUB_OTLP_ENDPOINT: {0}")]
    Otlp(&'static str),
}

const DEFAULT_PORT: u16 = 8080;
const DEFAULT_DATA: &str = ".hub";

impl LocalSettings {
    /// The settings that these variables make; one that is unset or empty takes its default.
    pub fn from_env(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, SettingError> {
        let given = |name| variable(name).filter(|value| !value.is_empty());
        let port = given("PORT").map_or(Ok(DEFAULT_PORT), parse_port)?;
        let data = absolute(given("HUB_DATA").unwrap_or_else(|| DEFAULT_DATA.into()))?;
        let otlp_endpoint = given("HUB_OTLP_ENDPOINT").map(|text| otlp_endpoint(text.to_str().unwrap_or_default()));
        let otlp_endpoint = otlp_endpoint.transpose().map_err(SettingError::Otlp)?;
        Ok(Self { port, data, otlp_endpoint })
    }
}

fn parse_port(text: OsString) -> Result<u16, SettingError> {
    text.to_str().and_then(|text| text.parse().ok()).ok_or(SettingError::Port(text))
}

fn absolute(path: OsString) -> Result<PathBuf, SettingError> {
    std::path::absolute(Path::new(&path)).map_err(|error| SettingError::Data(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<LocalSettings, SettingError> {
        LocalSettings::from_env(|wanted| {
            variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn without_variables_the_defaults_hold() {
        let settings = read(&[("HUB_DATA", "")]).unwrap();
        assert_eq!(settings.port, 8080);
        assert_eq!(settings.data, std::env::current_dir().unwrap().join(".hub"));
    }

    #[test]
    fn variables_change_everything() {
        let settings = read(&[("PORT", "9000"), ("HUB_DATA", "/tmp/x")]).unwrap();
        assert_eq!((settings.port, settings.data), (9000, PathBuf::from("/tmp/x")));
        let settings = read(&[("HUB_OTLP_ENDPOINT", "http://127.0.0.1:4318")]).unwrap();
        assert_eq!(settings.otlp_endpoint.unwrap().as_str(), "http://127.0.0.1:4318/");
        assert!(matches!(read(&[("HUB_OTLP_ENDPOINT", "http://collector.example")]), Err(SettingError::Otlp(_))));
    }

    #[test]
    fn a_wrong_port_is_told_by_name() {
        for wrong in ["abc", "65536", "-1", "80 "] {
            let error = read(&[("PORT", wrong)]).unwrap_err();
            assert_eq!(error.to_string(), format!("PORT: {wrong:?} is not a port number (0 to 65535)"));
        }
    }
}
