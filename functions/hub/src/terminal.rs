//! The standard output, and the one for errors.

use std::{
    fmt::Display,
    io::{self, Write},
};

/// Writes a text and a line's end. Whoever has closed the other end does not want to read it, which is no reason to
/// stop: `println!` would panic.
pub fn tell(text: impl Display) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// The same on standard error.
pub fn complain(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}
