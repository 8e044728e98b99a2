//! Fuzzes `shared::testing::fuzz::dialect::transaction_answer`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::dialect;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    dialect::transaction_answer(data);
});
