//! Keys as the text other tools write and read (RFC 7468), one key to a text.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Characters of a line, as OpenSSL writes them.
const LINE: usize = 64;

/// The bytes between the lines `-----BEGIN label-----` and `-----END label-----`; none when there are no such lines, or
/// anything but base64 between them. What stands before and after does not count.
pub(super) fn read(text: &str, label: &str) -> Option<Vec<u8>> {
    let (begin, end) = (
        format!("-----BEGIN {label}-----"),
        format!("-----END {label}-----"),
    );
    let (_, rest) = text.split_once(&begin)?;
    let (body, _) = rest.split_once(&end)?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()
}

/// The same the other way.
pub(super) fn write(bytes: &[u8], label: &str) -> String {
    let body = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, character) in body.chars().enumerate() {
        if index > 0 && index % LINE == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text + &format!("\n-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_is_read_as_it_was_written(bytes: Vec<u8>) {
            let text = write(&bytes, "KEY");
            prop_assert_eq!(read(&format!("a comment\n{text}"), "KEY"), Some(bytes.clone()));
            prop_assert_eq!(read(&text.replace('\n', "\r\n"), "KEY"), Some(bytes));
            prop_assert!(text.lines().all(|line| line.len() <= LINE));
            prop_assert_eq!(read(&text, "OTHER KEY"), None);
        }
    }

    #[test]
    fn half_a_key_is_none() {
        let text = write(&[7; 48], "KEY");
        assert_eq!(read(&text[..text.len() - 10], "KEY"), None);
        assert_eq!(read(&text.replacen("BwcH", "Bw!H", 1), "KEY"), None);
    }
}
