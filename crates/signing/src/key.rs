//! Ed25519 keys: the private key that signs, and the public key that checks.

use std::{fmt, io, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use crossover_core::Secret;
use pem::{EncodeConfig, LineEnding, Pem};
use ring::{
    rand::SystemRandom,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Hash;

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";
/// The prefix of the 32 bytes of a public key in its DER form (RFC 8410).
const PUBLIC_DER: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The content of the block with this label; other text in the file is ignored.
fn pem_block(text: &str, label: &str) -> Option<Vec<u8>> {
    let blocks = pem::parse_many(text).ok()?;
    let block = blocks.into_iter().find(|block| block.tag() == label)?;
    Some(block.into_contents())
}

/// One block, in lines of 64 characters as OpenSSL writes them.
fn pem_text(label: &str, bytes: &[u8]) -> String {
    let lines = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new(label, bytes), lines)
}

/// Why a key is not available. No message contains a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(
        "the signing key is not an Ed25519 private key in PEM (PKCS#8): {reason}; make one with `openssl genpkey -algorithm \
         ed25519`"
    )]
    NotAPrivateKey { reason: String },
    #[error("{} holds no signing key ({reason}); restore the file, or remove it to have a new key made", .path.display())]
    BrokenFile { path: PathBuf, reason: String },
    #[error(
        "the trusted key is not an Ed25519 public key; give it in PEM (-----BEGIN PUBLIC KEY-----) or as base64 of its 32 bytes, \
         as signed documents name it"
    )]
    NotAPublicKey,
    #[error(
        "others may use the signing key {} (mode {mode:03o}); run `chmod 600 {}`, and make a new key if another user may have \
         read this one",
        .path.display(), .path.display()
    )]
    OpenToOthers { path: PathBuf, mode: u32 },
    #[error(
        "the signing key {} does not exist, but its public key {} does: a new key would not match; restore the signing key, \
         move the public key away, or name another file",
        .path.display(), .public.display()
    )]
    Orphan { path: PathBuf, public: PathBuf },
    #[error("{doing} the key file {} failed; check that its folder exists and that you have permission to use it", .path.display())]
    File {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the operating system gave no random numbers to make a key of; try again")]
    NoRandomNumbers,
}

/// The key that documents are signed with.
pub struct SigningKey {
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// Creates a new key, in the text form in which it is stored.
    pub fn generate() -> Result<Secret<String>, KeyError> {
        let document =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| KeyError::NoRandomNumbers)?;
        Ok(Secret::new(pem_text(PRIVATE, document.as_ref())))
    }

    /// Reads a key in PEM, ours or that of `openssl genpkey -algorithm ed25519`.
    pub fn from_pem(text: &Secret<String>) -> Result<Self, KeyError> {
        let not_a_key = |reason: &str| KeyError::NotAPrivateKey {
            reason: reason.to_owned(),
        };
        let bytes = pem_block(text.expose(), PRIVATE)
            .ok_or_else(|| not_a_key("it has no complete block -----BEGIN PRIVATE KEY-----"))?;
        // Unchecked means that the public key need not be part of the block. OpenSSL omits it.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&bytes)
            .map_err(|rejected| not_a_key(&rejected.to_string()))?;
        Ok(Self { pair })
    }

    /// The key that checks signatures of this one.
    pub fn public_key(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    /// The Ed25519 signature of a message, 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey([redacted], id {})", self.public_key().key_id())
    }
}

/// The key that checks signatures. In JSON: base64 of its 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads a key in PEM, or in base64 as signed documents name it.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let bytes = match pem_block(text, PUBLIC) {
            Some(der) => der.strip_prefix(&PUBLIC_DER).map(<[u8]>::to_vec),
            None => STANDARD.decode(text.trim()).ok(),
        };
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(KeyError::NotAPublicKey)
    }

    /// The key as PEM, for a file that others can check signatures with.
    pub fn to_pem(&self) -> String {
        pem_text(PUBLIC, &[&PUBLIC_DER[..], &self.0].concat())
    }

    /// The key's short name.
    pub fn key_id(&self) -> KeyId {
        let hash = Hash::of(&self.0).to_string();
        KeyId(hash[..16].to_owned())
    }

    /// Whether the signature is this key's, of exactly this message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_text(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The short name of a key: the first 16 digits of its SHA-256. For telling keys apart, not for trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyId(String);

/// The key a document is signed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignedBy {
    /// Short name of the key, made from it.
    pub key_id: KeyId,
    /// The Ed25519 public key, base64 of its 32 bytes.
    pub public_key: PublicKey,
}

impl SignedBy {
    /// The key with its name.
    pub fn of(public_key: &PublicKey) -> Self {
        Self {
            key_id: public_key.key_id(),
            public_key: *public_key,
        }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for PublicKey {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PublicKey".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "contentEncoding": "base64", "minLength": 44, "maxLength": 44 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap()
    }

    /// Key, public key and signature of RFC 8032, 7.1, test 2; in the short DER form that OpenSSL writes.
    #[test]
    fn a_known_key_makes_the_known_signature() {
        let der = "302e020100300506032b6570042204204ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
        let text = pem_text(PRIVATE, &hex::decode(der).unwrap());
        let key = SigningKey::from_pem(&Secret::new(text)).unwrap();
        assert_eq!(
            hex::encode(key.public_key().0),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
        );
        assert_eq!(
            hex::encode(key.sign(&[0x72])),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
    }

    #[test]
    fn a_public_key_is_read_from_pem_and_from_base64() {
        let key = key().public_key();
        for text in [
            key.to_pem(),
            format!("comment\n{}", key.to_pem()),
            key.to_string(),
            format!(" {key}\n"),
        ] {
            assert_eq!(PublicKey::from_text(&text).unwrap(), key, "{text}");
        }
        let private = SigningKey::generate().unwrap().expose().clone();
        for text in [
            "",
            "AAAA",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            &private,
        ] {
            let refused = PublicKey::from_text(text).unwrap_err();
            assert!(matches!(refused, KeyError::NotAPublicKey));
        }
    }

    #[test]
    fn an_incomplete_key_is_refused_and_windows_line_ends_are_accepted() {
        let text = key().public_key().to_pem();
        assert!(text.ends_with("-----END PUBLIC KEY-----\n") && text.lines().all(|line| line.len() <= 64));
        let windows = text.replace('\n', "\r\n");
        assert_eq!(pem_block(&windows, PUBLIC), pem_block(&text, PUBLIC));
        assert_eq!(pem_block(&text, PRIVATE), None);
        assert_eq!(pem_block(&text[..text.len() - 10], PUBLIC), None);
        assert_eq!(pem_block(&text.replacen("MCow", "MC!w", 1), PUBLIC), None);
        let both = format!("{}{text}", SigningKey::generate().unwrap().expose());
        assert_eq!(pem_block(&both, PUBLIC), pem_block(&text, PUBLIC));
    }

    #[test]
    fn text_that_is_not_a_private_key_is_refused_without_repeating_the_text() {
        let swapped = key().public_key().to_pem().replace(PUBLIC, PRIVATE);
        for text in [
            "",
            "hunter2",
            "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----",
            &swapped,
        ] {
            let refused = SigningKey::from_pem(&Secret::new(text.to_owned()))
                .unwrap_err()
                .to_string();
            assert!(
                refused.contains("openssl genpkey") && !refused.contains("hunter2"),
                "{refused}"
            );
        }
    }

    #[test]
    fn the_private_key_never_shows() {
        let text = SigningKey::generate().unwrap();
        let key = SigningKey::from_pem(&text).unwrap();
        let seed = &pem_block(text.expose(), PRIVATE).unwrap()[16..48];
        let shown = format!("{key:?} {text:?}");
        assert!(shown.contains("[redacted]"), "{shown}");
        for form in [hex::encode(seed), STANDARD.encode(seed), format!("{seed:?}")] {
            assert!(!shown.contains(&form));
        }
        assert_eq!(
            shown,
            format!(
                "SigningKey([redacted], id {}) [redacted]",
                key.public_key().key_id()
            )
        );
    }

    #[test]
    fn a_signature_is_of_one_message_and_one_key() {
        let (ours, theirs) = (key(), key());
        let signature = ours.sign(b"equal");
        assert!(ours.public_key().verifies(b"equal", &signature));
        assert!(!ours.public_key().verifies(b"Equal", &signature));
        assert!(!theirs.public_key().verifies(b"equal", &signature));
        assert_ne!(ours.public_key().key_id(), theirs.public_key().key_id());
    }
}
