//! Fuzzes `shared::testing::fuzz::documents::tenant_document`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::documents;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    documents::tenant_document(data);
});
