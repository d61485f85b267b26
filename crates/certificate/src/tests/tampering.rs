//! Every change to a certificate file is detected.

use super::*;

fn refused(bytes: &[u8], what: &str) -> CertificateError {
    match Certificate::check(bytes, None) {
        Err(error) => error,
        Ok(_) => panic!("{what} was not noticed"),
    }
}

/// Small, for tests that touch every byte.
fn small_file() -> Vec<u8> {
    let small = certify(comparison(vec![compared("orders", 2)]), &key());
    small.to_bytes().unwrap()
}

/// A statement changed by a forger with a different key.
fn forged(change: fn(&mut Statement)) -> Vec<u8> {
    let forger = key();
    let mut statement = certificate(&forger).statement;
    change(&mut statement);
    let signature = envelope::sign(&statement, &forger).unwrap();
    envelope::write(&statement, &signature).unwrap()
}

#[test]
fn every_changed_bit_of_every_byte_is_noticed() {
    let mut bytes = small_file();
    for index in 0..bytes.len() {
        for bit in 0..8 {
            bytes[index] ^= 1 << bit;
            refused(&bytes, &format!("bit {bit} of byte {index}"));
            bytes[index] ^= 1 << bit;
        }
    }
    Certificate::check(&bytes, None).unwrap();
}

#[test]
fn no_byte_of_the_signature_can_be_written_in_another_way() {
    let mut bytes = small_file();
    let end = bytes.len() - b"  \"signature\": \"\"\n}\n".len() - 88;
    for index in end..bytes.len() {
        let right = bytes[index];
        for wrong in (0..=u8::MAX).filter(|wrong| *wrong != right) {
            bytes[index] = wrong;
            refused(&bytes, &format!("{wrong} at byte {index}"));
        }
        bytes[index] = right;
    }
}

#[test]
fn a_certificate_truncated_anywhere_is_refused() {
    let bytes = small_file();
    for length in 0..bytes.len() {
        refused(&bytes[..length], &format!("a cut after {length} bytes"));
        refused(&bytes[length + 1..], &format!("a cut before byte {length}"));
    }
}

#[test]
fn a_byte_removed_or_inserted_anywhere_is_noticed() {
    let bytes = small_file();
    for index in 0..bytes.len() {
        let (before, after) = bytes.split_at(index);
        refused(
            &[before, &after[1..]].concat(),
            &format!("the loss of byte {index}"),
        );
        for added in [b" ", b"\n", b"0"] {
            refused(
                &[before, added, after].concat(),
                &format!("{added:?} before byte {index}"),
            );
        }
    }
    for added in [&b" "[..], b"\n", b"\0", b"{}", &bytes] {
        refused(&[&bytes, added].concat(), &format!("{added:?} at the end"));
    }
}

#[test]
fn other_whitespace_is_another_file() {
    let bytes = certificate(&key()).to_bytes().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    refused(document.to_string().as_bytes(), "a certificate on one line");
    let text = String::from_utf8(bytes).unwrap();
    refused(text.replace('\n', "\r\n").as_bytes(), "other line ends");
    refused(
        text.replacen("  \"statement\"", "\t\"statement\"", 1).as_bytes(),
        "a tab",
    );
}

#[test]
fn swapped_chunks_are_noticed_with_the_old_signature_and_with_a_new_one() {
    let certificate = certificate(&key());
    let mut statement = certificate.statement.clone();
    statement.tables[2].chunks.swap(0, 1);
    let swapped = envelope::write(&statement, &certificate.signature).unwrap();
    assert_eq!(refused(&swapped, "a swap"), CertificateError::Altered);
    let named = [
        "chunk 0 is listed twice or out of order",
        "root is not the Merkle root of its chunks",
    ];
    let message = refused(&forged(|s| s.tables[2].chunks.swap(0, 1)), "a signed swap").to_string();
    assert!(named.iter().all(|fault| message.contains(fault)), "{message}");
    // The contents of two chunks are exchanged, their numbers and bounds stay.
    let exchanged = forged(|s| {
        let sums = s.tables[2].chunks[0].sums.clone();
        s.tables[2].chunks[0].sums = std::mem::replace(&mut s.tables[2].chunks[1].sums, sums);
    });
    let message = refused(&exchanged, "exchanged sums").to_string();
    assert!(
        message.contains("table shop.orders: root is not the Merkle root"),
        "{message}"
    );
}

/// A change to a statement that is signed again, and a part of the reason for its refusal.
type Lie = (fn(&mut Statement), &'static str);

const LIES: &[Lie] = &[
    (
        |s| s.root = merkle::leaf(b""),
        "root is not the Merkle root of the tables",
    ),
    (
        |s| s.tables[0].root = merkle::leaf(b""),
        "root is not the Merkle root of its chunks",
    ),
    (|s| s.tables[1].rows += 1, "it has 22 rows, its chunks have 21"),
    (
        |s| s.tables[1].key.clear(),
        "root is not the Merkle root of the tables",
    ),
    (
        |s| s.how.seed = 1_i64.into(),
        "root is not the Merkle root of the tables",
    ),
    (
        |s| s.how.condition = Some("false".to_owned()),
        "root is not the Merkle root of the tables",
    ),
    (|s| s.tables.swap(0, 1), "is listed twice or out of order"),
    (|s| s.tables.clear(), "no table was compared"),
    (
        |s| s.tables[1].chunks[0].rows = u64::MAX,
        "its chunks have 18446744073709551626",
    ),
    (
        |s| s.issued_at = jiff::Timestamp::UNIX_EPOCH,
        "issued before the comparison began",
    ),
    (
        |s| s.signed_by.key_id = key().public_key().key_id(),
        "signed_by.key_id is not made from",
    ),
];

#[test]
fn a_signed_contradiction_is_refused() {
    for (change, reason) in LIES {
        let error = refused(&forged(*change), reason);
        assert!(
            matches!(error, CertificateError::Unsound { .. }),
            "{reason}: {error}"
        );
        assert!(error.to_string().contains(reason), "{reason}: {error}");
    }
}

#[test]
fn only_the_trusted_key_detects_a_forger_with_a_different_key() {
    let trusted = key().public_key();
    let forgery = forged(|_| ());
    assert_eq!(Certificate::check(&forgery, None).unwrap().trust, Trust::Unpinned);
    let error = Certificate::check(&forgery, Some(&trusted)).unwrap_err();
    assert!(
        matches!(&error, CertificateError::ForeignKey { trusted: id, .. } if *id == trusted.key_id()),
        "{error}"
    );
    assert!(Trust::Unpinned.to_string().contains("the signer is not proven"));
}

#[test]
fn a_forger_cannot_name_the_trusted_key() {
    let issuer = key();
    let trusted = issuer.public_key();
    let forger = key();
    let mut statement = certificate(&issuer).statement;
    statement.scope.exclude.clear();
    let signature = envelope::sign(&statement, &forger).unwrap();
    let bytes = envelope::write(&statement, &signature).unwrap();
    assert_eq!(
        Certificate::check(&bytes, Some(&trusted)),
        Err(CertificateError::Altered)
    );
}

/// Signs a text unchanged, and puts the text into the envelope.
fn signed_text(signed: &str, key: &SigningKey) -> Vec<u8> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let signature = STANDARD.encode(key.sign(signed.as_bytes()));
    format!("{signed}  \"signature\": \"{signature}\"\n}}\n").into_bytes()
}

#[test]
fn a_signed_text_in_another_form_is_refused() {
    let key = key();
    let text = String::from_utf8(certificate(&key).to_bytes().unwrap()).unwrap();
    let (signed, _) = text.split_once("  \"signature\"").unwrap();
    Certificate::check(&signed_text(signed, &key), None).unwrap();
    for (from, to, error) in [
        ("\"statement\": {", "\"statement\":  {", "one form"),
        ("\"rows\": 10", "\"rows\": 1e1", "cannot be read"),
        ("\"schema\": \"shop\"", "\"schema\": \"sh\\u006fp\"", "one form"),
        (
            "\"schema\": \"shop\"",
            "\"owner\": 1, \"schema\": \"shop\"",
            "one form",
        ),
        (
            "\"outcome\": \"equal\"",
            "\"outcome\": \"different\"",
            "cannot be read",
        ),
        ("\"outcome\"", "\"note\": 1,\n    \"outcome\"", "cannot be read"),
        ("00:00:00Z", "00:00:00+00:00", "one form"),
        ("\"format\": 1,", "\"format\": 2,", "format 2"),
        (
            "\"format\": 1,",
            "\"format\": 1, \"format\": 1,",
            "cannot be read",
        ),
        ("  },\n", "  },\n  \"more\": 1,\n", "cannot be read"),
    ] {
        assert!(signed.contains(from), "{from}");
        // The last occurrence, because `  },` also ends other objects.
        let (before, after) = signed.rsplit_once(from).unwrap();
        let refused = refused(&signed_text(&format!("{before}{to}{after}"), &key), to).to_string();
        assert!(refused.contains(error), "{to}: {refused}");
    }
}

#[test]
fn any_other_file_is_refused() {
    for text in ["", "{}", "null", "[]", "\u{feff}"] {
        assert_eq!(refused(text.as_bytes(), text), CertificateError::NoSignature);
    }
    let ending = format!("{{\n  \"signature\": \"{}==\"\n}}\n", "A".repeat(86));
    assert!(matches!(
        refused(ending.as_bytes(), "an ending"),
        CertificateError::Unreadable { .. }
    ));
}
