//! Paths in the one spelling that rules are compared with.

use std::fmt::Write as _;

/// The path with one spelling of each segment: escaped characters that need no escape are unescaped (RFC 3986, section
/// 6.2.2.2), other escapes are in capitals, and repeated slashes are one, because servers treat them as one. Without it
/// a client could reach another lane's writer by spelling a path differently.
pub fn normalised(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        let length = match escape(rest) {
            Some(byte) if is_unreserved(byte) => {
                out.push(char::from(byte));
                3
            }
            Some(byte) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
                3
            }
            None => {
                if c != '/' || !out.ends_with('/') {
                    out.push(c);
                }
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    out
}

/// The byte that an escape at the text's beginning stands for.
fn escape(text: &str) -> Option<u8> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
    hexadecimal.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The path and every shorter prefix of whole segments, longest first; without the root.
pub fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    let whole = path.trim_end_matches('/');
    std::iter::successors((!whole.is_empty()).then_some(whole), |path| {
        let end = path.rfind('/')?;
        (end > 0).then(|| &path[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_path_are_one() {
        for path in ["/api/orders", "/%61pi/orders", "//api///orders", "/api/%6frders"] {
            assert_eq!(normalised(path), "/api/orders", "{path}");
        }
        assert_eq!(normalised("/a%2fb%c3%a9%"), "/a%2Fb%C3%A9%");
        for path in ["/é%zz", "/%+1", "/%", "/%4", "/%%", "", "a"] {
            assert_eq!(normalised(path), path);
        }
    }

    #[test]
    fn prefixes_are_whole_segments() {
        assert_eq!(prefixes("/a/b/c").collect::<Vec<_>>(), ["/a/b/c", "/a/b", "/a"]);
        assert_eq!(prefixes("/a/").collect::<Vec<_>>(), ["/a"]);
        assert_eq!(prefixes("/").count(), 0);
        assert_eq!(prefixes("").count(), 0);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_keeps_no_doubled_slash(path in "[/%a-zA-Z0-9é. ]{0,40}") {
            prop_assert!(!normalised(&path).contains("//"));
        }

        #[test]
        fn an_escaped_letter_changes_nothing(before in "/[a-z/]{0,8}", letter in "[a-zA-Z0-9._~-]", after in "[a-z/]{0,8}") {
            let escaped = format!("{before}%{:02x}{after}", letter.as_bytes()[0]);
            prop_assert_eq!(normalised(&escaped), normalised(&format!("{before}{letter}{after}")));
        }
    }
}
