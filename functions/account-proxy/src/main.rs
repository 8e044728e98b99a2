//! The function's process: settings from the environment, the parts wired, its routes served.

use shared::wiring;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    wiring::run(account_proxy::routes()).await
}
