//! One process's settings, from environment variables.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use url::Url;

use super::mistakes::Mistakes;

/// Reads variables by name. Tests give their own instead of the process's.
pub type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// One process's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `PORT`: the port to listen on; 8080 if not set.
    pub port: u16,
    /// `HUB_LISTEN`: the address to listen on; every address if not set, as Cloud Run wants it.
    pub listen: IpAddr,
    /// `HUB_PUBLIC_URL`: where CRMs and browsers reach the hub; https, or http on this machine.
    pub public_url: Url,
    /// `HUB_AUDIENCE`: the `aud` that tokens must be made for; the public URL without its last slash if not set.
    pub audience: String,
    /// `HUB_STORE`: where sessions are kept, as `redb:PATH`.
    pub store: StoreSetting,
    /// `HUB_KEYS`: where the keys are, as `file:PATH`.
    pub keys: KeysSetting,
    /// `HUB_BANKS`: the folder of the banks' documents.
    pub banks: PathBuf,
    /// `HUB_TENANTS`: the folder of the tenants' documents.
    pub tenants: PathBuf,
    /// `HUB_EGRESS_ADDRESS`: the address that banks see us come from.
    pub egress_address: IpAddr,
    /// `GOOGLE_CLOUD_PROJECT`: where traces are kept, if anywhere.
    pub project: Option<String>,
}

/// Where sessions are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreSetting {
    /// One file of this process's own.
    Embedded(PathBuf),
}

/// Where the keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysSetting {
    /// One file, made at the first start.
    File(PathBuf),
}

impl Settings {
    /// The settings in the process's environment.
    pub fn from_environment() -> Result<Self, Mistakes> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    /// The settings in these variables, or every mistake in them.
    pub fn from_variables(variables: &Variables<'_>) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let settings = Self::read(variables, &mut mistakes);
        mistakes.or(settings)
    }

    fn read(variables: &Variables<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut reader = Reader { variables, mistakes };
        let port = reader.optional("PORT", "8080", |text| text.parse::<u16>().map_err(|_| "not a port"));
        let listen = reader.optional("HUB_LISTEN", "0.0.0.0", address);
        let public_url = reader.required("HUB_PUBLIC_URL", public_url);
        let store = reader.required("HUB_STORE", |text| {
            text.strip_prefix("redb:")
                .filter(|path| !path.is_empty())
                .map(StoreSetting::embedded)
                .ok_or("not redb:PATH")
        });
        let keys = reader.required("HUB_KEYS", |text| {
            text.strip_prefix("file:").filter(|path| !path.is_empty()).map(KeysSetting::file).ok_or("not file:PATH")
        });
        let banks = reader.required("HUB_BANKS", folder);
        let tenants = reader.required("HUB_TENANTS", folder);
        let egress_address = reader.required("HUB_EGRESS_ADDRESS", address);
        let public_url = public_url?;
        let audience = (variables)("HUB_AUDIENCE").unwrap_or_else(|| Self::default_audience(&public_url));
        Some(Self {
            port: port?,
            listen: listen?,
            public_url,
            audience,
            store: store?,
            keys: keys?,
            banks: banks?,
            tenants: tenants?,
            egress_address: egress_address?,
            project: (variables)("GOOGLE_CLOUD_PROJECT"),
        })
    }

    /// The public URL without its last slash.
    pub fn default_audience(public_url: &Url) -> String {
        public_url.as_str().trim_end_matches('/').to_owned()
    }
}

impl StoreSetting {
    fn embedded(path: &str) -> Self {
        Self::Embedded(path.into())
    }
}

impl KeysSetting {
    fn file(path: &str) -> Self {
        Self::File(path.into())
    }
}

/// Reads variables and notes what is wrong with them.
struct Reader<'a> {
    variables: &'a Variables<'a>,
    mistakes: &'a mut Mistakes,
}

impl Reader<'_> {
    fn required<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, &'static str>) -> Option<T> {
        let text = self.mistakes.take(name, (self.variables)(name).ok_or("not set"))?;
        self.mistakes.take(name, read(&text))
    }

    fn optional<T>(
        &mut self,
        name: &str,
        default: &str,
        read: impl FnOnce(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        let text = (self.variables)(name).unwrap_or_else(|| default.to_owned());
        self.mistakes.take(name, read(&text))
    }
}

fn address(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| "not an IP address")
}

fn folder(text: &str) -> Result<PathBuf, &'static str> {
    if text.is_empty() { Err("empty") } else { Ok(text.into()) }
}

/// https, or http where the traffic does not leave the machine; no query; ends with a slash.
fn public_url(text: &str) -> Result<Url, &'static str> {
    let mut url = Url::parse(text).map_err(|_| "not a URL")?;
    if !is_private_enough(&url) {
        return Err("must be https (http only on 127.0.0.1)");
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("must be a plain address");
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Whether nobody can listen in: https, or http on this machine.
pub(super) fn is_private_enough(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, Option<&str>)]) -> Result<Settings, Mistakes> {
        let good = [
            ("HUB_PUBLIC_URL", "https://hub.example"),
            ("HUB_STORE", "redb:/data/store"),
            ("HUB_KEYS", "file:/data/keys"),
            ("HUB_BANKS", "/etc/hub/banks"),
            ("HUB_TENANTS", "/etc/hub/tenants"),
            ("HUB_EGRESS_ADDRESS", "192.0.2.1"),
        ];
        Settings::from_variables(&|name| {
            let instead = changes.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
            let value = instead.unwrap_or_else(|| good.iter().find(|(key, _)| *key == name).map(|(_, value)| *value));
            value.map(str::to_owned)
        })
    }

    #[test]
    fn fills_in_what_need_not_be_said() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.port, 8080);
        assert_eq!(settings.public_url.as_str(), "https://hub.example/");
        assert_eq!(settings.audience, "https://hub.example");
    }

    #[test]
    fn tells_every_mistake_at_once_and_no_value() {
        let wrong = [
            ("PORT", Some("canary")),
            ("HUB_PUBLIC_URL", Some("http://hub.example")),
            ("HUB_STORE", None),
            ("HUB_KEYS", Some("canary")),
        ];
        let mistakes = read(&wrong).unwrap_err().to_string();
        assert_eq!(
            mistakes,
            "PORT: not a port; HUB_PUBLIC_URL: must be https (http only on 127.0.0.1); HUB_STORE: not set; \
             HUB_KEYS: not file:PATH"
        );
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        assert!(read(&[("HUB_PUBLIC_URL", Some("http://127.0.0.1:8080"))]).is_ok());
        for bad in
            ["http://127.0.0.2", "http://localhost", "http://10.0.0.1", "ftp://hub.example", "https://a@b.example"]
        {
            assert!(read(&[("HUB_PUBLIC_URL", Some(bad))]).is_err(), "{bad}");
        }
    }
}
