//! The token of a reader who cannot sign: a scraper of metrics.

use std::fmt;

use sha2::{Digest, Sha256};

/// Shorter tokens could be guessed.
const SHORTEST: usize = 32;

/// The SHA-256 of a token: comparing two of them tells a guesser nothing about how much of a token is right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BearerToken([u8; 32]);

/// The token is too short, or cannot stand in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token needs at least {SHORTEST} characters, all of them visible ASCII")]
pub struct BadToken;

impl BearerToken {
    /// The token with this text.
    ///
    /// # Errors
    /// [`BadToken`]
    pub fn new(text: &str) -> Result<Self, BadToken> {
        let fits = text.len() >= SHORTEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self::of(text)) } else { Err(BadToken) }
    }

    fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Whether the value of a request's Authorization header has this token.
    pub fn is_in(&self, authorization: &str) -> bool {
        let named = authorization.split_once(' ');
        named.is_some_and(|(scheme, text)| {
            scheme.eq_ignore_ascii_case("bearer") && Self::of(text.trim()) == *self
        })
    }
}

/// Says nothing of the token.
impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_after_its_scheme_is_accepted() {
        let text = "0123456789abcdef0123456789abcdef";
        let token = BearerToken::new(text).unwrap();
        for right in [format!("Bearer {text}"), format!("bearer  {text}")] {
            assert!(token.is_in(&right), "{right}");
        }
        for wrong in [
            text.to_owned(),
            format!("Basic {text}"),
            format!("Bearer {}", &text[1..]),
            format!("Bearer {text}0"),
            "Bearer ".to_owned(),
            String::new(),
        ] {
            assert!(!token.is_in(&wrong), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "BearerToken");
    }

    #[test]
    fn a_token_that_can_be_guessed_or_not_be_sent_is_refused() {
        for text in [
            "",
            "short",
            &"x".repeat(31),
            &format!("{} ", "x".repeat(40)),
            &"é".repeat(40),
        ] {
            assert_eq!(BearerToken::new(text), Err(BadToken), "{text}");
        }
    }
}
