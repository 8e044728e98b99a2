//! One process of a function, as production runs it but for two things: its clock is a file that tests write (and
//! another, which puts this one process's clock off), and it says in a third which port the system gave it.

use std::{env, error::Error, fs, io::Read, path::PathBuf, process::ExitCode, sync::Arc, thread};

use it::fleet::{Function, read_step, shifted_store::ShiftedStore};
use jiff::Timestamp;
use shared::{
    config::settings::Settings,
    http::server,
    ports::clock::Clock,
    telemetry::{self, Format},
    testing::clock::FileClock,
    wiring::{self, Hub},
};

#[tokio::main]
async fn main() -> ExitCode {
    thread::spawn(end_with_the_parent);
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hub-instance: {error}");
            ExitCode::from(2)
        }
    }
}

/// The parent holds the other end of the standard input, and writes nothing.
fn end_with_the_parent() {
    drop(std::io::stdin().read_to_end(&mut Vec::new()));
    std::process::exit(3);
}

async fn run() -> Result<(), Box<dyn Error>> {
    let function: Function = env::args().nth(1).ok_or("which function?")?.parse()?;
    telemetry::init(Format::Stackdriver)?;
    let settings = Settings::from_environment()?;
    let shared_clock: Arc<dyn Clock> = Arc::new(FileClock::at(file("HUB_INSTANCE_CLOCK")?));
    let clock = Arc::new(SteppedClock { clock: Arc::clone(&shared_clock), step: file("HUB_INSTANCE_STEP")? });
    let started_at = FileClock::at(file("HUB_INSTANCE_CLOCK_START")?).now();
    let around = |store| Arc::new(ShiftedStore::new(store, shared_clock, started_at)) as _;
    let mut ends = Box::pin(server::termination()?);
    let hub = tokio::select! {
        hub = Hub::start_by(&settings, clock, around) => hub?,
        () = &mut ends => return Ok(()),
    };
    let listener = wiring::listen(&settings).await?;
    announce(listener.local_addr()?.port())?;
    server::serve(listener, hub.router(function.routes()), hub.work(), ends).await?;
    Ok(())
}

/// The clock of all, and how far this process's is off.
struct SteppedClock {
    clock: Arc<dyn Clock>,
    step: PathBuf,
}

impl Clock for SteppedClock {
    fn now(&self) -> Timestamp {
        self.clock.now() + read_step(&self.step)
    }
}

/// Whole or not at all, so that nobody reads half a number.
fn announce(port: u16) -> Result<(), Box<dyn Error>> {
    let path = file("HUB_INSTANCE_PORT_FILE")?;
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, port.to_string())?;
    Ok(fs::rename(unfinished, path)?)
}

fn file(variable: &str) -> Result<PathBuf, String> {
    env::var_os(variable).map(PathBuf::from).ok_or_else(|| format!("{variable}: not set"))
}
