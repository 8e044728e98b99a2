//! Counts what the hub asks of Firestore, of Cloud KMS and of banks, and prints it: `cargo run -p it --bin operations`.

use it::operations::{measure, table};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    print!("{}", table(&measure().await));
}
