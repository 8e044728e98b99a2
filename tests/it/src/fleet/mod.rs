//! The hub as in production: several processes of each function behind a front that hands requests round.
//!
//! The processes are those of the program `hub-instance`: a function's own `main`, but for a clock that tests move.

mod front;
mod function;
mod process;
#[cfg(feature = "emulator")]
pub mod rights;
pub mod shifted_store;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use shared::testing::clock::FileClock;
use tokio::net::TcpListener;

use self::process::{Process, Role};
pub use self::{
    front::Front,
    function::Function,
    process::{CLOCK, CLOCK_START, read_step},
};

/// Which program the processes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `hub-instance`: a function whose clock the tests move.
    ForTests,
    /// The function's own program.
    Function,
}

/// How many processes each function has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size(BTreeMap<Function, usize>);

impl Size {
    /// So many of each function.
    pub fn of_each(count: usize) -> Self {
        Self(Function::ALL.into_iter().map(|function| (function, count)).collect())
    }

    /// So many of that function.
    #[must_use]
    pub fn with(mut self, function: Function, count: usize) -> Self {
        self.0.insert(function, count);
        self
    }

    /// One entry for each process: its function.
    fn processes(&self) -> impl Iterator<Item = Function> {
        self.0.iter().flat_map(|(function, count)| std::iter::repeat_n(*function, *count))
    }
}

/// What every process of a fleet is started with.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What runs.
    pub program: Program,
    /// Processes of each function.
    pub size: Size,
    /// Where clock, logs and announcements are kept.
    pub folder: PathBuf,
    /// The settings that the processes share; their port is their own affair.
    pub settings: Settings,
    /// Further settings of one function's processes, which count more.
    pub own: BTreeMap<Function, Settings>,
}

/// Names and values.
pub type Settings = Vec<(&'static str, String)>;

/// A fleet. Its processes end with it, and with the test's process, however that ends.
pub struct Fleet {
    front: Front,
    plan: Plan,
    processes: Mutex<Vec<Process>>,
}

impl Fleet {
    /// Starts every process and waits until all serve. The front is at the listener's address.
    pub async fn start(plan: Plan, listener: TcpListener, now: Timestamp) -> Self {
        FileClock::show(&plan.folder.join(CLOCK), now).unwrap();
        FileClock::show(&plan.folder.join(CLOCK_START), now).unwrap();
        let processes = plan
            .size
            .processes()
            .enumerate()
            .map(|(number, function)| {
                let own = plan.own.get(&function).cloned().unwrap_or_default();
                Process::start(&plan, Role { function, own, is_beside: false }, number)
            })
            .collect();
        let fleet = Self { front: Front::start(listener), plan, processes: Mutex::new(processes) };
        fleet.until_serving().await;
        fleet
    }

    /// Shows every process that time.
    pub fn show_time(&self, now: Timestamp) {
        FileClock::show(&self.plan.folder.join(CLOCK), now).unwrap();
    }

    /// Puts the clock of that process, and of those that will stand in its place, so far off the others'.
    pub fn put_off(&self, number: usize, step: SignedDuration) {
        process::write_step(&self.plan.folder, number, step);
    }

    /// The numbers of that function's processes.
    pub fn of(&self, function: Function) -> Vec<usize> {
        let processes = self.processes();
        processes.iter().enumerate().filter(|(_, one)| one.function() == function).map(|(number, _)| number).collect()
    }

    /// Where that process listens.
    pub fn address(&self, number: usize) -> SocketAddr {
        self.processes()[number].address().unwrap()
    }

    /// Ends a process at once, in whatever it is doing (SIGKILL).
    pub fn kill(&self, number: usize) {
        self.processes()[number].kill();
        self.tell_front();
    }

    /// Makes a process stand still (SIGSTOP). The front goes on sending to it, as a platform would for a while.
    pub fn freeze(&self, number: usize) {
        self.processes()[number].signal("STOP");
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self, number: usize) {
        self.processes()[number].signal("CONT");
    }

    /// Asks a process to end (SIGTERM); the front sends it nothing more. It may take its time.
    pub fn terminate(&self, number: usize) {
        self.processes()[number].signal("TERM");
        self.processes()[number].forget_address();
        self.tell_front();
    }

    /// Whether the process has ended, and if so whether in order.
    pub fn ended(&self, number: usize) -> Option<bool> {
        self.processes()[number].ended()
    }

    /// Starts a process in the place of one that has ended, and waits until it serves.
    pub async fn replace(&self, number: usize) {
        self.begin(number);
        self.until_serving().await;
    }

    /// Starts a process in the place of one that has ended.
    pub fn begin(&self, number: usize) {
        let role = self.processes()[number].role().clone();
        let process = Process::start(&self.plan, role, number);
        self.processes()[number] = process;
    }

    /// Starts one more process of the function, beside the front, which sends it nothing: a service of its own, with
    /// these further settings. Answers its number.
    pub async fn add_beside(&self, function: Function, own: Settings) -> usize {
        let number = self.processes().len();
        let process = Process::start(&self.plan, Role { function, own, is_beside: true }, number);
        self.processes().push(process);
        self.until_serving().await;
        number
    }

    /// Whether that process serves.
    pub fn serves(&self, number: usize) -> bool {
        self.processes()[number].serves()
    }

    /// What the process, and those in whose place it stands, have written to their log.
    pub fn log(&self, number: usize) -> String {
        self.processes()[number].log()
    }

    /// What the processes have written to their logs.
    pub fn logs(&self) -> String {
        let processes = self.processes();
        processes.iter().map(Process::log).collect()
    }

    fn processes(&self) -> MutexGuard<'_, Vec<Process>> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until every process serves that has not ended.
    pub async fn until_serving(&self) {
        loop {
            let all_serve = self.processes().iter_mut().all(Process::serves);
            if all_serve {
                break;
            }
            tokio::time::sleep(process::LOOK).await;
        }
        self.tell_front();
    }

    fn tell_front(&self) {
        let processes = self.processes();
        for function in Function::ALL {
            let own = processes.iter().filter(|one| one.function() == function && !one.role().is_beside);
            self.front.set(function, own.filter_map(Process::address).collect());
        }
    }
}
