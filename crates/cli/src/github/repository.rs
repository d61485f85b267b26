//! Names as GitHub has them, checked before they become part of an address.

use std::{fmt, str::FromStr};

/// A repository of GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    pub owner: String,
    pub name: String,
}

impl FromStr for Repository {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_name = |text: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !text.is_empty() && text.bytes().all(plain) && !is_path(text)
        };
        match text.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => Ok(Self {
                owner: owner.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err("write the owner and the name of the repository: OWNER/NAME".to_owned()),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// The name of an environment: anything but what would be no segment of a path.
pub fn environment(text: &str) -> Result<String, String> {
    if text.is_empty() || is_path(text) || text.contains(char::is_control) {
        return Err("write the name of the environment as the repository's settings show it".to_owned());
    }
    Ok(text.to_owned())
}

/// A URL has no such segment: it would be another address.
fn is_path(text: &str) -> bool {
    text == "." || text == ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_lead_to_another_address_is_no_repository() {
        let repository: Repository = "octo-org/hello.world_1".parse().unwrap();
        assert_eq!(repository.to_string(), "octo-org/hello.world_1");
        for text in [
            "",
            "a",
            "a/",
            "/b",
            "a/b/c",
            "../b",
            "a/..",
            "a/b?c",
            "a/b c",
            "https://github.com/a/b",
        ] {
            assert!(text.parse::<Repository>().is_err(), "{text}");
        }
        for text in ["", ".", "..", "a\nb"] {
            assert!(environment(text).is_err(), "{text}");
        }
        assert_eq!(environment("prod/eu west").unwrap(), "prod/eu west");
    }
}
