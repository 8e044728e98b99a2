//! Lines that are heard inside of the process only, by the instruments of those who measure (`telemetry::metrics`).

/// The target of such lines. No log takes them, whatever its filter; while nobody measures they cost no more than a look
/// at a flag.
pub const INSIDE: &str = "inside";
