//! Fuzzes `shared::testing::fuzz::callers::cookies`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::callers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    callers::cookies(data);
});
