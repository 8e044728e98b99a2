//! Lines and spans that no log takes: they are heard by the instruments of the process only, if somebody looks at those
//! (`telemetry::metrics`).

/// The target of lines that are measured and not written. While nobody measures they cost no more than a look at a flag.
pub const INSIDE: &str = "inside";

/// The target of spans that stand in a trace and in no log line.
pub const TRACED: &str = "traced";
