//! Fuzzes `shared::testing::fuzz::certificates::certificate`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::certificates;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    certificates::certificate(data);
});
