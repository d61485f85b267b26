//! A region that the operator has signed: it decides, whatever else the request says. For tests of one region from anywhere.

use crate::{
    admin::{AdminKey, KeyRing},
    time::{Millis, UnixMillis},
};

/// Carries the signed region.
pub const HEADER: &str = "x-crossover-region";
/// How long a signature is valid at most: whoever has it may reach the region so long.
pub const LONGEST: Millis = Millis(86_400_000);

/// Why a signed region does not count. The request is refused: to route it as if it had said nothing could send a write to
/// another database than the client means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSignedRegion {
    /// Unknown key, another signature, or no signed region at all.
    #[error(
        "the header {HEADER} is not signed by a key of the edge: `crossover edge sign-region` makes its value"
    )]
    NotSigned,
    #[error(
        "the signature of the header {HEADER} is valid no longer: make a new one with `crossover edge sign-region`"
    )]
    Expired,
}

fn canonical(expires: UnixMillis, key_id: &str, code: &str) -> String {
    ["crossover-region-v1", &expires.to_string(), key_id, code].join("\n")
}

/// The header's value for this region, valid until `expires`.
pub fn sign(key: &AdminKey, key_id: &str, code: &str, expires: UnixMillis) -> String {
    let signature = key.sign_text(&canonical(expires, key_id, code));
    format!("{expires};{signature};{key_id};{code}")
}

/// The region that the header's value names, if a key of the ring has signed it for this time.
///
/// # Errors
/// [`BadSignedRegion`]
pub fn read(keys: Option<&KeyRing>, value: &str, now: UnixMillis) -> Result<String, BadSignedRegion> {
    let mut parts = value.trim().splitn(4, ';');
    let (Some(expires), Some(signature), Some(key_id), Some(code)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(BadSignedRegion::NotSigned);
    };
    let expires = expires
        .parse()
        .map(UnixMillis)
        .map_err(|_| BadSignedRegion::NotSigned)?;
    let key = keys
        .and_then(|keys| keys.key(key_id))
        .ok_or(BadSignedRegion::NotSigned)?;
    if !key.verify_text(&canonical(expires, key_id, code), signature) {
        return Err(BadSignedRegion::NotSigned);
    }
    // One that is valid for longer than any may be was not made by the command.
    if now >= expires || expires.since(now) > LONGEST {
        return Err(BadSignedRegion::Expired);
    }
    Ok(code.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    fn key(byte: u8) -> AdminKey {
        AdminKey::from_hex(&hex::encode([byte; 32])).unwrap()
    }

    fn ring() -> KeyRing {
        KeyRing::from_json(&format!(r#"{{"a": "{}"}}"#, hex::encode([1; 32]))).unwrap()
    }

    #[test]
    fn a_signed_region_counts_until_it_expires() {
        let value = sign(&key(1), "a", "N01", NOW + Millis(1));
        assert_eq!(read(Some(&ring()), &value, NOW), Ok("N01".to_owned()));
        assert_eq!(
            read(Some(&ring()), &value, NOW + Millis(1)),
            Err(BadSignedRegion::Expired)
        );
        let for_long = sign(&key(1), "a", "N01", NOW + LONGEST + Millis(1));
        assert_eq!(read(Some(&ring()), &for_long, NOW), Err(BadSignedRegion::Expired));
    }

    #[test]
    fn nothing_else_counts() {
        let ring = ring();
        let expires = NOW + Millis(1_000);
        let value = sign(&key(1), "a", "N01", expires);
        for wrong in [
            String::new(),
            "N01".to_owned(),
            value.replace("N01", "S01"),
            value.replace(&expires.to_string(), &(expires + Millis(1)).to_string()),
            format!("{value}, {value}"),
            sign(&key(2), "a", "N01", expires),
            sign(&key(1), "b", "N01", expires),
        ] {
            assert_eq!(
                read(Some(&ring), &wrong, NOW),
                Err(BadSignedRegion::NotSigned),
                "{wrong}"
            );
        }
        assert_eq!(
            read(None, &value, NOW),
            Err(BadSignedRegion::NotSigned),
            "an edge without keys"
        );
    }

    proptest! {
        #[test]
        fn no_text_of_a_client_is_a_fault(text in ".{0,120}") {
            let _ = read(Some(&ring()), &text, NOW);
        }
    }
}
