//! Fuzzes `shared::testing::fuzz::oauth::metadata_answer`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::oauth;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    oauth::metadata_answer(data);
});
