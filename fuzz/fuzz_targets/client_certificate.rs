//! Fuzzes `shared::testing::fuzz::callers::client_certificate`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::callers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    callers::client_certificate(data);
});
