//! Fuzzes `shared::testing::fuzz::sealed::cursor`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::sealed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    sealed::cursor(data);
});
