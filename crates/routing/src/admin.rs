//! Signed admin calls: the signed text, and which calls are accepted. Shared by the Worker and its client.
//!
//! The signature is HMAC-SHA256, as lower-case hex, over these lines joined by `\n`:
//! `crossover-admin-v1`, method, path, sha256 of the body (hex), time (Unix ms), nonce, key id, expected
//! epoch (`-` when the call changes nothing). A nonce is accepted once: the lane remembers the nonce for as
//! long as the call's time is acceptable.

use std::collections::BTreeMap;
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{
    lane::Epoch,
    time::{Millis, UnixMillis},
};

/// Header: id of the signing key.
pub const KEY_ID_HEADER: &str = "x-crossover-key-id";
/// Header: time of signing, Unix milliseconds.
pub const TIME_HEADER: &str = "x-crossover-time";
/// Header: a value used once.
pub const NONCE_HEADER: &str = "x-crossover-nonce";
/// Header: the expected epoch, `-` for a call that changes nothing.
pub const EPOCH_HEADER: &str = "x-crossover-epoch";
/// Header: the signature, hex.
pub const SIGNATURE_HEADER: &str = "x-crossover-signature";
/// Accepted difference between the caller's clock and the lane's, in both directions.
pub const MAX_CLOCK_SKEW: Millis = Millis(30_000);
/// Two keys during a rotation: the old one and the new one.
const MAX_KEYS: usize = 2;
/// RFC 2104, section 3: a key shorter than the hash's output weakens the HMAC.
const MIN_KEY_BYTES: usize = 32;

type HmacSha256 = Hmac<Sha256>;

/// A signing key. `Debug` is redacted, and no method returns the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminKey(Vec<u8>);

impl AdminKey {
    /// Parses hex, at least 32 bytes. The error never contains the text.
    pub fn from_hex(text: &str) -> Result<Self, BadKey> {
        let bytes = hex::decode(text.trim()).map_err(|_| BadKey::NotHex)?;
        if bytes.len() < MIN_KEY_BYTES {
            Err(BadKey::TooShort { bytes: bytes.len() })
        } else {
            Ok(Self(bytes))
        }
    }

    fn mac(&self, text: &str) -> Option<HmacSha256> {
        let mut mac = HmacSha256::new_from_slice(&self.0).ok()?;
        mac.update(text.as_bytes());
        Some(mac)
    }

    /// The signature of a text, lower-case hex. The text begins with what it is for, so that no signature is good for two things.
    pub(crate) fn sign_text(&self, text: &str) -> String {
        self.mac(text)
            .map(|mac| hex::encode(mac.finalize().into_bytes()))
            .unwrap_or_default()
    }

    /// Whether `signature` (hex) was made over the text with this key; compared in constant time.
    pub(crate) fn verify_text(&self, text: &str, signature: &str) -> bool {
        let Ok(given) = hex::decode(signature) else {
            return false;
        };
        self.mac(text).is_some_and(|mac| mac.verify_slice(&given).is_ok())
    }

    /// The request's signature, lower-case hex.
    pub fn sign(&self, request: &AdminRequest<'_>) -> String {
        self.sign_text(&request.canonical())
    }

    /// Whether `signature` (hex) was made over the request with this key; compared in constant time.
    pub fn verify(&self, request: &AdminRequest<'_>, signature: &str) -> bool {
        self.verify_text(&request.canonical(), signature)
    }
}

impl fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminKey([redacted])")
    }
}

/// Why a key, or the list of keys, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    #[error("the admin key is not hexadecimal")]
    NotHex,
    #[error("the admin key has {bytes} bytes, at least {MIN_KEY_BYTES} are needed")]
    TooShort {
        /// Length of the refused key.
        bytes: usize,
    },
    /// Not a JSON object of strings, or not one or two of them.
    #[error("the admin keys must be a JSON object with one or two entries {{\"key-id\": \"hex key\"}}")]
    NotARing,
}

/// The parts of an admin call that are signed.
#[derive(Debug, Clone, Copy)]
pub struct AdminRequest<'a> {
    /// Upper-case HTTP method.
    pub method: &'a str,
    /// The path without query, as sent.
    pub path: &'a str,
    /// Empty for GET.
    pub body: &'a [u8],
    /// Time of signing.
    pub time_ms: UnixMillis,
    /// 16 to 64 letters, digits or `-`.
    pub nonce: &'a str,
    pub key_id: &'a str,
    /// The epoch that the caller has read; none for a call that changes nothing.
    pub expected: Option<Epoch>,
}

impl AdminRequest<'_> {
    /// The signed text.
    pub fn canonical(&self) -> String {
        let body = hex::encode(Sha256::digest(self.body));
        let time = self.time_ms.to_string();
        let epoch = epoch_text(self.expected);
        [
            "crossover-admin-v1",
            self.method,
            self.path,
            &body,
            &time,
            self.nonce,
            self.key_id,
            &epoch,
        ]
        .join("\n")
    }
}

/// The expected epoch as it stands in the header and in the signed text.
pub fn epoch_text(expected: Option<Epoch>) -> String {
    expected.map_or_else(|| "-".to_owned(), |epoch| epoch.to_string())
}

/// Why an admin call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdminRefusal {
    /// A header is missing or malformed.
    #[error(
        "a signed call needs well-formed x-crossover-key-id, -time, -nonce, -epoch and -signature headers"
    )]
    Malformed,
    /// Unknown key, or a signature not made with the key. One name for both, so that a caller cannot probe
    /// for key ids.
    #[error("the signature does not match the call")]
    BadSignature,
    /// The time is too far from the lane's clock.
    #[error(
        "the call's time is more than {MAX_CLOCK_SKEW} ms from the edge's clock: check the caller's clock"
    )]
    StaleTime,
    /// The nonce was seen before.
    #[error("the nonce was used before")]
    Replayed,
}

impl AdminRefusal {
    /// The stable name of the error in 401 answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed_signature",
            Self::BadSignature => "bad_signature",
            Self::StaleTime => "stale_time",
            Self::Replayed => "replayed",
        }
    }
}

/// The keys an edge accepts: one, or two during a rotation.
#[derive(Debug, Clone)]
pub struct KeyRing(BTreeMap<String, AdminKey>);

impl KeyRing {
    /// Parses `{"key-id": "hex key", ...}`. Errors never contain the text.
    pub fn from_json(text: &str) -> Result<Self, BadKey> {
        let parsed: BTreeMap<String, String> = serde_json::from_str(text).map_err(|_| BadKey::NotARing)?;
        if parsed.is_empty() || parsed.len() > MAX_KEYS {
            return Err(BadKey::NotARing);
        }
        let keys = parsed
            .into_iter()
            .map(|(id, key)| Ok((id, AdminKey::from_hex(&key)?)));
        keys.collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn key(&self, id: &str) -> Option<&AdminKey> {
        self.0.get(id)
    }

    /// Accepts a call or names the reason for the refusal. Only the lane sees every call, so the lane checks
    /// the nonce.
    pub fn authenticate(
        &self,
        request: &AdminRequest<'_>,
        signature: &str,
        now: UnixMillis,
    ) -> Result<(), AdminRefusal> {
        let nonce_fits = (16..=64).contains(&request.nonce.len())
            && request
                .nonce
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !nonce_fits {
            return Err(AdminRefusal::Malformed);
        }
        let key = self.key(request.key_id).ok_or(AdminRefusal::BadSignature)?;
        if !key.verify(request, signature) {
            return Err(AdminRefusal::BadSignature);
        }
        if request.time_ms.distance(now) > MAX_CLOCK_SKEW {
            return Err(AdminRefusal::StaleTime);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    fn key(byte: u8) -> AdminKey {
        AdminKey::from_hex(&hex::encode([byte; 32])).unwrap()
    }

    fn ring() -> KeyRing {
        let (a, b) = (hex::encode([1; 32]), hex::encode([2; 32]));
        KeyRing::from_json(&format!(r#"{{"a": "{a}", "b": "{b}"}}"#)).unwrap()
    }

    fn call() -> AdminRequest<'static> {
        AdminRequest {
            method: "POST",
            path: "/__crossover/v1/lanes/main",
            body: b"{}",
            time_ms: NOW,
            nonce: "0123456789abcdef",
            key_id: "a",
            expected: Some(Epoch(7)),
        }
    }

    #[test]
    fn both_keys_of_a_rotation_are_accepted() {
        assert_eq!(ring().authenticate(&call(), &key(1).sign(&call()), NOW), Ok(()));
        let second = AdminRequest {
            key_id: "b",
            ..call()
        };
        assert_eq!(ring().authenticate(&second, &key(2).sign(&second), NOW), Ok(()));
    }

    #[test]
    fn the_signature_is_the_documented_one() {
        // Computed with the canonical lines as input of:
        // openssl dgst -sha256 -mac HMAC -macopt hexkey:0101..01
        assert_eq!(
            key(1).sign(&call()),
            include_str!("../tests/known_signature.txt").trim()
        );
    }

    #[test]
    fn changing_any_signed_part_breaks_the_signature() {
        let signature = key(1).sign(&call());
        let forged = [
            AdminRequest {
                method: "GET",
                ..call()
            },
            AdminRequest {
                path: "/__crossover/v1/lanes/other",
                ..call()
            },
            AdminRequest {
                body: b"{ }",
                ..call()
            },
            AdminRequest {
                time_ms: NOW + Millis(1),
                ..call()
            },
            AdminRequest {
                nonce: "0123456789abcdeF",
                ..call()
            },
            AdminRequest {
                key_id: "b",
                ..call()
            },
            AdminRequest {
                key_id: "c",
                ..call()
            },
            AdminRequest {
                expected: Some(Epoch(8)),
                ..call()
            },
            AdminRequest {
                expected: None,
                ..call()
            },
        ];
        for request in forged {
            let outcome = ring().authenticate(&request, &signature, NOW);
            assert_eq!(outcome, Err(AdminRefusal::BadSignature), "{request:?}");
        }
        for garbage in ["", "zz", &signature[1..], &signature[..32]] {
            assert_eq!(
                ring().authenticate(&call(), garbage, NOW),
                Err(AdminRefusal::BadSignature)
            );
        }
    }

    #[test]
    fn a_call_from_another_time_is_refused_in_both_directions() {
        let signature = key(1).sign(&call());
        assert_eq!(
            ring().authenticate(&call(), &signature, NOW + MAX_CLOCK_SKEW),
            Ok(())
        );
        let beyond = MAX_CLOCK_SKEW + Millis(1);
        for now in [NOW + beyond, NOW - beyond] {
            assert_eq!(
                ring().authenticate(&call(), &signature, now),
                Err(AdminRefusal::StaleTime)
            );
        }
    }

    #[test]
    fn a_nonce_that_cannot_be_remembered_is_refused() {
        for nonce in ["", "short", "with space 0123456789", &"a".repeat(65)] {
            let request = AdminRequest { nonce, ..call() };
            let outcome = ring().authenticate(&request, &key(1).sign(&request), NOW);
            assert_eq!(outcome, Err(AdminRefusal::Malformed), "{nonce:?}");
        }
    }

    #[test]
    fn a_bad_key_is_named_without_being_shown() {
        let good = hex::encode([9; 32]);
        let three = format!(r#"{{"a": "{good}", "b": "{good}", "c": "{good}"}}"#);
        for text in ["", "[]", "{}", r#"{"a": 1}"#, &three] {
            assert_eq!(KeyRing::from_json(text).unwrap_err(), BadKey::NotARing, "{text}");
        }
        assert_eq!(
            KeyRing::from_json(r#"{"a": "s3cret"}"#).unwrap_err(),
            BadKey::NotHex
        );
        assert_eq!(
            KeyRing::from_json(r#"{"a": "abcd"}"#).unwrap_err(),
            BadKey::TooShort { bytes: 2 }
        );
        assert_eq!(format!("{:?}", key(9)), "AdminKey([redacted])");
    }
}
