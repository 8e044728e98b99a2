//! Google's Firestore emulator: found on the machine, started on a port of its own, and gone with the test process,
//! however that ends.

use std::{
    env,
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::LazyLock,
    thread::sleep,
    time::{Duration, Instant},
};

use super::process::free_port;
use crate::{
    adapters::{
        firestore_store::{FirestoreLimits, FirestoreSettings},
        system::SystemEntropy,
    },
    ports::entropy::random,
};

/// How long the emulator may take to start before the test gives up on it.
const PATIENCE: Duration = Duration::from_mins(2);

/// Where Debian's packages and Google's installer put the SDK.
const SDK_ROOTS: [&str; 4] =
    ["/usr/lib/google-cloud-sdk", "/opt/google-cloud-sdk", "/usr/local/google-cloud-sdk", "/google-cloud-sdk"];

/// Where the emulator is below the SDK's root.
const JAR: &str = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar";

/// Runs its arguments until nobody holds the other end of its standard input any more.
const UNTIL_LEFT_ALONE: &str = r#"trap '' INT TERM; "$@" & cat >/dev/null; kill -KILL $!; wait"#;

/// An emulator that answers.
pub struct FirestoreEmulator {
    host: String,
    process: Option<Child>,
}

impl FirestoreEmulator {
    /// The emulator that every test of this process uses: the one that `FIRESTORE_EMULATOR_HOST` names, else one that
    /// is started now.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<FirestoreEmulator> = LazyLock::new(|| match env::var_os("FIRESTORE_EMULATOR_HOST") {
            Some(host) => FirestoreEmulator { host: host.into_string().unwrap(), process: None },
            None => FirestoreEmulator::start(),
        });
        &SHARED
    }

    /// Starts an emulator that nobody else uses.
    pub fn start() -> Self {
        Self::start_on(free_port())
    }

    /// Starts an emulator on that port.
    pub fn start_on(port: u16) -> Self {
        let process = Command::new("sh")
            .args(["-c", UNTIL_LEFT_ALONE, "sh", "java"])
            .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", "-cp"])
            .arg(jar())
            .args(["com.google.cloud.datastore.emulator.firestore.CloudFirestore", "start", "--host=127.0.0.1"])
            .arg(format!("--port={port}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let emulator = Self { host: format!("127.0.0.1:{port}"), process: Some(process) };
        emulator.wait_until_up();
        emulator
    }

    /// Where it listens: host and port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Settings for a project of its own, so that tests do not meet, with limits that a slow machine keeps.
    pub fn settings(&self) -> FirestoreSettings {
        let number = u64::from_be_bytes(random(&SystemEntropy).unwrap());
        FirestoreSettings {
            project: format!("test-{number:016x}"),
            database: "(default)".to_owned(),
            counters: None,
            emulator: Some(self.host.clone()),
            limits: Self::patient(),
        }
    }

    /// Limits that only a hanging test meets.
    pub const fn patient() -> FirestoreLimits {
        FirestoreLimits { call: Duration::from_mins(1), operation: Duration::from_mins(2), in_flight: 1_000 }
    }

    fn wait_until_up(&self) {
        let begun = Instant::now();
        while !self.is_up() {
            let hint = "is there a Java 17 or later named `java`, and is the port free?";
            assert!(begun.elapsed() < PATIENCE, "the Firestore emulator does not start: {hint}");
            sleep(Duration::from_millis(20));
        }
    }

    fn is_up(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(&self.host) else { return false };
        let question = format!("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.host);
        let mut answer = Vec::new();
        let patience = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let asked = patience.and_then(|()| stream.write_all(question.as_bytes()));
        // Whatever came until the end, or until nothing more came.
        asked.map(|()| stream.read_to_end(&mut answer)).is_ok() && answer.trim_ascii_end().ends_with(b"Ok")
    }
}

impl Drop for FirestoreEmulator {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.stdin.take());
            drop(process.wait());
        }
    }
}

/// The emulator's program.
fn jar() -> PathBuf {
    if let Some(jar) = env::var_os("FIRESTORE_EMULATOR_JAR") {
        return jar.into();
    }
    let named = env::var_os("CLOUDSDK_ROOT_DIR").map(PathBuf::from);
    let at_home = env::var_os("HOME").map(|home| PathBuf::from(home).join("google-cloud-sdk"));
    let roots = named.into_iter().chain(at_home).chain(SDK_ROOTS.map(PathBuf::from));
    let found = roots.map(|root| root.join(JAR)).find(|jar| jar.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "no Firestore emulator: install Debian's package google-cloud-cli-firestore-emulator or the component \
             cloud-firestore-emulator of the Google Cloud SDK, or name its jar in FIRESTORE_EMULATOR_JAR"
        )
    })
}
