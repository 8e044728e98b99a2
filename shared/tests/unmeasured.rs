//! While nobody looks, places that only measure are switched off for good. A process of its own, because whether a place is
//! of interest is asked of every subscriber in it.

use shared::{
    ports::measuring::{INSIDE, TRACED},
    telemetry::{Format, subscriber},
};

#[test]
fn nothing_is_measured_while_nobody_looks() {
    let log = subscriber(Format::Stackdriver, "trace,inside=trace,traced=trace", std::io::sink).unwrap();
    tracing::subscriber::set_global_default(log).unwrap();
    assert!(!tracing::enabled!(target: INSIDE, tracing::Level::TRACE));
    assert!(!tracing::enabled!(target: TRACED, tracing::Level::INFO));
    assert!(tracing::enabled!(target: "shared", tracing::Level::INFO));
}
