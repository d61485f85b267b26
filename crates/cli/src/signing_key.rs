//! The key that signs, where no option names its file.

use anyhow::Context as _;
use crossover_core::Secret;
use crossover_signing::SigningKey;

/// Contains the signing key itself, so that no key file is needed.
pub const VARIABLE: &str = "CROSSOVER_SIGNING_KEY";

/// The key in the variable; none where it is not set or empty.
pub fn of_environment() -> anyhow::Result<Option<SigningKey>> {
    match std::env::var(VARIABLE) {
        Ok(pem) if !pem.trim().is_empty() => {
            let key = SigningKey::from_pem(&Secret::new(pem)).context(VARIABLE)?;
            Ok(Some(key))
        }
        _ => Ok(None),
    }
}
