//! Fuzzes `shared::testing::fuzz::callers::accept`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::callers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    callers::accept(data);
});
