//! Fuzzes `shared::testing::fuzz::dialect::card_accounts_answer`, where it is said what must hold.

#![no_main]

use shared::testing::fuzz::dialect;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    dialect::card_accounts_answer(data);
});
