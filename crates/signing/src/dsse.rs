//! The DSSE envelope: a payload, its type, and the signature over both, in JSON.
//!
//! The form is that of <https://github.com/secure-systems-lab/dsse>, so tools of others read and check it. This reader
//! accepts less than the standard allows: exactly the bytes that [`Envelope::to_bytes`] writes, and one
//! signature or none. So one document is one file, and every changed byte is detected.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{PublicKey, SigningKey};

/// A payload with its type, signed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signature: Option<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    /// A hint at the key, which is not signed itself.
    key_id: String,
    bytes: Vec<u8>,
}

/// Why bytes are no envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEnvelope {
    #[error("it cannot be read as a DSSE envelope: {0}")]
    Unreadable(String),
    #[error("it has {0} signatures, and this version reads one or none")]
    Signatures(usize),
    #[error("it is not written in the one form of its kind")]
    OtherForm,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    payload_type: String,
    payload: String,
    signatures: Vec<WrittenSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSignature {
    keyid: String,
    sig: String,
}

impl Envelope {
    /// An envelope without a signature: other tools refuse it, and rightly so.
    pub fn unsigned(payload_type: &str, payload: Vec<u8>) -> Self {
        Self {
            payload_type: payload_type.to_owned(),
            payload,
            signature: None,
        }
    }

    /// An envelope with one signature.
    pub fn signed(payload_type: &str, payload: Vec<u8>, key: &SigningKey) -> Self {
        let signature = Signature {
            key_id: key.public_key().key_id().to_string(),
            bytes: key.sign(&signed_bytes(payload_type, &payload)),
        };
        Self {
            signature: Some(signature),
            ..Self::unsigned(payload_type, payload)
        }
    }

    /// Reads an envelope. This proves nothing about its signature: ask [`Envelope::is_signed_by`].
    ///
    /// # Errors
    /// Bytes that [`Envelope::to_bytes`] would not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidEnvelope> {
        let unreadable = |reason: String| InvalidEnvelope::Unreadable(reason);
        let written: Written =
            serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        let decoded = |what: &str, text: &str| {
            let bytes = STANDARD.decode(text);
            bytes.map_err(|error| unreadable(format!("{what}: {error}")))
        };
        let signature = match &written.signatures[..] {
            [] => None,
            [only] => Some(Signature {
                key_id: only.keyid.clone(),
                bytes: decoded("sig", &only.sig)?,
            }),
            several => return Err(InvalidEnvelope::Signatures(several.len())),
        };
        let envelope = Self {
            payload: decoded("payload", &written.payload)?,
            payload_type: written.payload_type,
            signature,
        };
        if envelope.to_bytes()? == bytes {
            Ok(envelope)
        } else {
            Err(InvalidEnvelope::OtherForm)
        }
    }

    /// The file.
    ///
    /// # Errors
    /// None that is known: JSON of texts can be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, InvalidEnvelope> {
        let written = |signature: &Signature| WrittenSignature {
            keyid: signature.key_id.clone(),
            sig: STANDARD.encode(&signature.bytes),
        };
        let written = Written {
            payload_type: self.payload_type.clone(),
            payload: STANDARD.encode(&self.payload),
            signatures: self.signature.iter().map(written).collect(),
        };
        let mut bytes = serde_json::to_vec_pretty(&written)
            .map_err(|error| InvalidEnvelope::Unreadable(error.to_string()))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Whether there is a signature at all, by whomever.
    pub const fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    /// Whether the signature is this key's, and names it.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.signature.as_ref().is_some_and(|signature| {
            signature.key_id == key.key_id().to_string()
                && key.verifies(&signed_bytes(&self.payload_type, &self.payload), &signature.bytes)
        })
    }
}

/// What is signed (PAE, the pre-authentication encoding): each part with its length, so that no part can pass for another.
fn signed_bytes(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "application/vnd.test+json";

    fn key() -> SigningKey {
        SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap()
    }

    /// The example of the standard (its file protocol, "Test Vectors").
    #[test]
    fn the_signed_bytes_are_those_of_the_standards_example() {
        assert_eq!(
            signed_bytes("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn an_envelope_is_read_as_it_was_written() {
        let key = key();
        for envelope in [
            Envelope::signed(TYPE, b"{}".to_vec(), &key),
            Envelope::unsigned(TYPE, Vec::new()),
        ] {
            let read = Envelope::from_bytes(&envelope.to_bytes().unwrap()).unwrap();
            assert_eq!(read, envelope);
            assert_eq!(read.is_signed_by(&key.public_key()), read.is_signed());
            assert_eq!((read.payload_type(), read.payload()), (TYPE, envelope.payload()));
        }
    }

    #[test]
    fn a_signature_is_of_one_key_one_type_and_one_payload() {
        let (key, other) = (key(), key().public_key());
        let signed = Envelope::signed(TYPE, b"paid 1".to_vec(), &key);
        let ours = key.public_key();
        assert!(signed.is_signed_by(&ours) && !signed.is_signed_by(&other));
        let altered = |change: fn(&mut Envelope)| {
            let mut altered = signed.clone();
            change(&mut altered);
            altered.is_signed_by(&ours)
        };
        assert!(!altered(|e| e.payload = b"paid 9".to_vec()));
        assert!(!altered(|e| e.payload_type.push('x')));
        assert!(!altered(|e| e.signature = None));
        assert!(!altered(|e| e.signature.as_mut().unwrap().key_id.push('0')));
        assert!(!altered(|e| e.signature.as_mut().unwrap().bytes[0] ^= 1));
    }

    #[test]
    fn another_form_a_further_field_and_further_signatures_are_refused() {
        let bytes = Envelope::signed(TYPE, b"{}".to_vec(), &key()).to_bytes().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut twice = value.clone();
        let one = twice["signatures"][0].clone();
        twice["signatures"].as_array_mut().unwrap().push(one);
        for (other, word) in [
            (value.to_string(), "one form"),
            (text.replace('{', "{\"more\": 1,"), "unknown field"),
            (twice.to_string(), "2 signatures"),
            (text.trim_end().to_owned(), "one form"),
            (String::new(), "cannot be read"),
        ] {
            let refused = Envelope::from_bytes(other.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(word), "{word}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_detected(payload in proptest::collection::vec(any::<u8>(), 0..40), at: prop::sample::Index, flip in 1..=255_u8) {
            let key = key();
            let mut bytes = Envelope::signed(TYPE, payload, &key).to_bytes().unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let read = Envelope::from_bytes(&bytes);
            prop_assert!(!read.is_ok_and(|envelope| envelope.is_signed_by(&key.public_key())));
        }
    }
}
