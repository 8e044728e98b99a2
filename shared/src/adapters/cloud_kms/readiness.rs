//! Whether Cloud KMS answers.

use super::{
    CloudKms,
    call::{CallFault, within},
};
use crate::domain::purpose::Purpose;

impl CloudKms {
    /// Asks what the key `tokens` is like, once. A function may have the right to encrypt, to decrypt, or both, and none
    /// of these includes the right to look: being refused for that alone is an answer, from the service, to
    /// credentials that it took.
    pub(super) async fn ask_for_a_key(&self) -> Result<(), CallFault> {
        let name = self.ring.kek(Purpose::Tokens);
        let asking = async { Ok(self.client.get_crypto_key().set_name(name.as_str()).send().await?) };
        match within(self.limits.readiness, asking).await {
            Ok(key) if key.name == name.as_str() => Ok(()),
            Ok(_) => Err(CallFault::OtherKey),
            Err(CallFault::Denied) => Ok(()),
            Err(fault) => Err(fault),
        }
    }
}
