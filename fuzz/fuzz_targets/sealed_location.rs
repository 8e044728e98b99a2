//! Fuzzes `shared::testing::fuzz::sealed::sealed_location`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::sealed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    sealed::sealed_location(data);
});
