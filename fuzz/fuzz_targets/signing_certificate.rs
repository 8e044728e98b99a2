//! Fuzzes `shared::testing::fuzz::documents::signing_certificate`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::documents;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    documents::signing_certificate(data);
});
