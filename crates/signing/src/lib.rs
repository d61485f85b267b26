//! What every signed document of Crossover shares: Ed25519 keys and their files, SHA-256 in its one written
//! form, and the DSSE envelope, which tools of others read.

pub mod dsse;
mod hash;
mod key;
mod key_file;

pub use hash::{Hash, InvalidHash};
pub use key::{KeyError, KeyId, PublicKey, SignedBy, SigningKey};
