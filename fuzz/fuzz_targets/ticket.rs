//! Fuzzes `shared::testing::fuzz::sealed::ticket`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::sealed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    sealed::ticket(data);
});
