//! Fuzzes `shared::testing::fuzz::documents::audit_stream`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::documents;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    documents::audit_stream(data);
});
