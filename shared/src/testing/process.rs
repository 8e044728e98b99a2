//! Runs a function as the platform does: a process of its own with settings in its environment, stopped by SIGTERM.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use http::StatusCode;
use tokio::time::{Instant, sleep, timeout};

/// How long a process may take to serve or to end before the test gives up on it.
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts the program with documents of no banks and no tenants, asks whether it is up and ready, and ends it.
pub async fn starts_answers_and_drains(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut child = Running(function(program, folder.path(), port).stderr(Stdio::inherit()).spawn().unwrap());
    let base = format!("http://127.0.0.1:{port}");
    wait_until_up(&base, &mut child.0).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str| client.get(format!("{base}{path}")).send().await.unwrap();
    let ready: serde_json::Value = get("/ready").await.json().await.unwrap();
    assert_eq!(ready, serde_json::json!({"store": "ready", "keys": "ready"}));
    assert_eq!(get("/openapi.json").await.status(), StatusCode::OK);
    assert_eq!(get("/nowhere").await.status(), StatusCode::NOT_FOUND);
    terminate(&child.0);
    assert!(ended(&mut child.0).await.success(), "SIGTERM ends it in order");
}

/// Starts the program as one that calls neither banks nor CRMs, with a bank whose certificates are not there. It starts all
/// the same, and has these paths and no others; `calls` tells what some of them answer.
pub async fn serves_this_without_reaching_banks(program: &str, paths: &[&str], calls: &[(&str, &str, u16)]) {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut command = function(program, folder.path(), port);
    std::fs::write(folder.path().join("banks/example.toml"), BANK).unwrap();
    let refused = command.stderr(Stdio::piped()).output().unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(2) && told.contains("absent.pem"), "{told}");

    command.env("HUB_REACH", "google");
    let mut child = Running(command.stderr(Stdio::inherit()).spawn().unwrap());
    let base = format!("http://127.0.0.1:{port}");
    wait_until_up(&base, &mut child.0).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = async |method: &str, path: &str| {
        client.request(method.parse().unwrap(), format!("{base}{path}")).send().await.unwrap()
    };
    let document: serde_json::Value = call("GET", "/openapi.json").await.json().await.unwrap();
    let mut served: Vec<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    served.retain(|path| !STANDING.contains(path));
    assert_eq!(served, paths);
    for (method, path, status) in calls {
        assert_eq!(call(method, path).await.status().as_u16(), *status, "{method} {path}");
    }
    terminate(&child.0);
    assert!(ended(&mut child.0).await.success(), "SIGTERM ends it in order");
}

/// Starts the program, which has nothing to do without banks, as one that calls none. It says so at once.
pub fn is_nothing_without_banks(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = function(program, folder.path(), 0);
    let Output { status, stderr, .. } = command.env("HUB_REACH", "google").stderr(Stdio::piped()).output().unwrap();
    assert_eq!(status.code(), Some(2));
    let told = String::from_utf8(stderr).unwrap();
    assert!(told.contains("HUB_REACH: this program has no route"), "{told}");
}

/// What every program serves.
const STANDING: [&str; 4] = ["/health", "/ready", "/openapi.json", "/.well-known/jwks.json"];

/// A bank whose certificates are nowhere.
const BANK: &str = r#"
    id = "example"
    name = "Example Bank"
    country = "DE"
    dialect = "berlin-group"
    [addresses]
    api = "https://xs2a.bank.example/psd2"
    web = ["https://login.bank.example"]
    [tls]
    identity = "absent.pem"
    trust_anchors = "absent.pem"
"#;

/// Starts the program without its settings. It ends at once, with one line that names all of them.
pub fn names_missing_settings(program: &str) {
    let Output { status, stderr, .. } = Command::new(program).env_clear().output().unwrap();
    assert_eq!(status.code(), Some(2));
    let told = String::from_utf8(stderr).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    for name in ["HUB_PUBLIC_URL", "HUB_STORE", "HUB_KMS", "HUB_BANKS", "HUB_TENANTS", "HUB_EGRESS_ADDRESS"] {
        assert!(told.contains(name), "{name} in {told}");
    }
}

fn function(program: &str, folder: &Path, port: u16) -> Command {
    let at = |name: &str| folder.join(name).display().to_string();
    for name in ["banks", "tenants"] {
        std::fs::create_dir(folder.join(name)).unwrap();
    }
    let mut command = Command::new(program);
    command.env_clear().stdout(Stdio::null()).envs([
        ("PORT", port.to_string()),
        ("HUB_LISTEN", "127.0.0.1".to_owned()),
        ("HUB_PUBLIC_URL", format!("http://127.0.0.1:{port}")),
        ("HUB_STORE", format!("redb:{}", at("hub.redb"))),
        ("HUB_KMS", format!("file:{}", at("keys.json"))),
        ("HUB_BANKS", at("banks")),
        ("HUB_TENANTS", at("tenants")),
        ("HUB_EGRESS_ADDRESS", "192.0.2.1".to_owned()),
    ]);
    command
}

/// A free port below those that the system hands out by itself, so that nobody is given it between now and its use;
/// where the search begins depends on the process and goes on with every call, so that tests that run beside each other do
/// not meet.
pub fn free_port() -> u16 {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 10_000;
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(37).wrapping_add(CALLS.fetch_add(1, Ordering::Relaxed));
    let ports = (0..COUNT).map(|step| FIRST + begin.wrapping_add(step) % COUNT);
    let mut free = ports.filter_map(|port| {
        let port = u16::try_from(port).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok().then_some(port)
    });
    free.next().unwrap()
}

async fn wait_until_up(base: &str, child: &mut Child) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let health = format!("{base}/health");
    let up = async {
        while client.get(&health).send().await.is_err() {
            assert_eq!(child.try_wait().unwrap(), None, "it ended before it served");
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, up).await.unwrap();
}

fn terminate(child: &Child) {
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

async fn ended(child: &mut Child) -> ExitStatus {
    let patience_ends = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < patience_ends, "it does not end");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Killed when the test ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
