//! What is said of a panic: that it happened and where, as an ordinary log line. Its message is dropped, because it
//! may quote the very value that surprised the code.

use std::panic::{self, Location};

/// How many parts of an absolute path are told: the crate's folder and the file in it. The rest is about the machine
/// that built the program.
const PATH_PARTS: usize = 4;

/// Replaces the standard hook, which prints the message.
pub(super) fn install() {
    panic::set_hook(Box::new(|info| {
        let location = info.location().map(place).unwrap_or_default();
        tracing::error!(panic.location = location, "the program panicked");
    }));
}

fn place(location: &Location<'_>) -> String {
    format!("{}:{}:{}", tail(location.file()), location.line(), location.column())
}

fn tail(path: &str) -> &str {
    let cut = path.rmatch_indices('/').nth(PATH_PARTS - 1).filter(|_| path.starts_with('/'));
    cut.map_or(path, |(index, _)| path.get(index + 1..).unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_nothing_of_the_building_machine() {
        assert_eq!(tail("shared/src/telemetry/entry.rs"), "shared/src/telemetry/entry.rs");
        assert_eq!(tail("/home/me/.cargo/registry/src/index/h2-0.4.1/src/frame.rs"), "index/h2-0.4.1/src/frame.rs");
        assert_eq!(tail("/a.rs"), "/a.rs");
    }
}
