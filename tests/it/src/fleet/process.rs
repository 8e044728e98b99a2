//! One process of a fleet.

use std::{
    env,
    fs::{self, OpenOptions},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::SignedDuration;
use shared::testing::process::free_port;

use super::{Plan, Program, Settings, function::Function};

/// The clock's file in a fleet's folder.
pub const CLOCK: &str = "clock";

/// What the clock showed when the fleet started, in a file beside it.
pub const CLOCK_START: &str = "clock-start";

/// How often it is looked whether a process serves.
pub(super) const LOOK: Duration = Duration::from_millis(5);

/// What a process is for.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub function: Function,
    /// Further settings of its own.
    pub own: Settings,
    /// Whether the front knows nothing of it.
    pub is_beside: bool,
}

pub(super) struct Process {
    role: Role,
    child: Child,
    /// Where a program for tests says which port it was given.
    port_file: PathBuf,
    log_file: PathBuf,
    address: Option<SocketAddr>,
    /// Where a function's own program was told to listen, until it does.
    expected: Option<SocketAddr>,
}

impl Process {
    pub fn start(plan: &Plan, role: Role, number: usize) -> Self {
        let function = role.function;
        let port_file = plan.folder.join(format!("{number}.port"));
        let log_file = plan.folder.join(format!("{number}-{}.log", function.name()));
        drop(fs::remove_file(&port_file));
        let log = OpenOptions::new().create(true).append(true).open(&log_file).unwrap();
        let (mut command, port) = match plan.program {
            Program::ForTests => {
                let mut command = Command::new(program("hub-instance"));
                command.arg(function.name()).env_clear();
                command.env("HUB_INSTANCE_CLOCK", plan.folder.join(CLOCK)).env("HUB_INSTANCE_PORT_FILE", &port_file);
                command.env("HUB_INSTANCE_STEP", step_file(&plan.folder, number));
                command.env("HUB_INSTANCE_CLOCK_START", plan.folder.join(CLOCK_START));
                (command, 0)
            }
            Program::Function => {
                let mut command = Command::new(program(function.name()));
                command.env_clear();
                (command, next_port())
            }
        };
        command.envs(plan.settings.iter().chain(&role.own).map(|(name, value)| (*name, value.as_str())));
        command.env("PORT", port.to_string()).env("HUB_LISTEN", Ipv4Addr::LOCALHOST.to_string());
        // A program for tests ends when this end of the pipe is gone, and with it the test's process.
        command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
        let expected = (port != 0).then(|| (Ipv4Addr::LOCALHOST, port).into());
        let child = command.spawn().unwrap();
        Self { role, child, port_file, log_file, address: None, expected }
    }

    pub const fn function(&self) -> Function {
        self.role.function
    }

    pub const fn role(&self) -> &Role {
        &self.role
    }

    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    pub const fn forget_address(&mut self) {
        self.address = None;
    }

    /// Whether it serves, or has been asked to end.
    pub fn serves(&mut self) -> bool {
        if self.expected.is_some_and(|address| TcpStream::connect(address).is_ok()) {
            self.address = self.expected.take();
        }
        if let Ok(port) = fs::read_to_string(&self.port_file) {
            self.address = Some((Ipv4Addr::LOCALHOST, port.parse().unwrap()).into());
            drop(fs::remove_file(&self.port_file));
        }
        assert!(self.address.is_some() || self.ended() != Some(false), "it does not start: {}", self.log());
        self.address.is_some() || self.ended().is_some()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub fn kill(&mut self) {
        self.address = None;
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it has ended, and if so whether in order.
    pub fn ended(&mut self) -> Option<bool> {
        self.child.try_wait().unwrap().map(|status| status.success())
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log_file).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Says how far that process's clock is off. Nobody ever reads half a number.
pub(super) fn write_step(folder: &Path, number: usize, step: SignedDuration) {
    let unfinished = folder.join(format!("{number}.unfinished"));
    fs::write(&unfinished, step.as_secs().to_be_bytes()).unwrap();
    fs::rename(unfinished, step_file(folder, number)).unwrap();
}

/// How far a process's clock is off, by that file; not at all if there is none.
pub fn read_step(file: &Path) -> SignedDuration {
    let bytes = fs::read(file).ok().and_then(|bytes| bytes.try_into().ok());
    SignedDuration::from_secs(bytes.map_or(0, i64::from_be_bytes))
}

fn step_file(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("{number}.step"))
}

/// A program of this workspace: beside the folder of the test's own program, or beside that program itself.
fn program(name: &str) -> PathBuf {
    let own = env::current_exe().unwrap();
    let folder = own.ancestors().find(|folder| folder.join(name).is_file());
    folder.unwrap_or_else(|| panic!("no {name} beside {}: build the workspace first", own.display())).join(name)
}

/// A port that no process was told before.
fn next_port() -> u16 {
    static TOLD: Mutex<Option<u16>> = Mutex::new(None);
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let port = told.map_or_else(free_port, |last| (last + 1..=u16::MAX).find(is_free).unwrap());
    *told = Some(port);
    port
}
