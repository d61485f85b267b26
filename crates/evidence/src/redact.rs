//! Secrets taken out of JSON.

use serde_json::Value;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// The last word of a name whose value is a secret.
const SECRET: [&str; 4] = ["password", "key", "secret", "token"];

/// The value, with everything replaced that a name ending in the word password, key, secret or token holds, in
/// any spelling: `db_password`, `taskToken`, `SECRET`. Whatever is below such a name goes as a whole; null stays,
/// because it hides nothing. A public key stays.
///
/// Names are all it looks at: a secret within a text, or under another name, is not found. A signed document (a
/// certificate) must go in as it is.
pub fn redacted(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let value = if is_secret(&name) && !value.is_null() {
                    REDACTED.into()
                } else {
                    redacted(value)
                };
                (name, value)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(redacted).collect(),
        other => other,
    }
}

fn is_secret(name: &str) -> bool {
    let words = words(name);
    match &words[..] {
        [.., before, last] if last == "key" => before != "public",
        [.., last] => SECRET.contains(&last.as_str()),
        [] => false,
    }
}

/// The words of a name in lower case, whether underscores, hyphens or capitals separate them.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut inside, mut was_lower) = (false, false);
    for letter in name.chars() {
        if !letter.is_alphanumeric() {
            (inside, was_lower) = (false, false);
            continue;
        }
        if !inside || was_lower && letter.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
        (inside, was_lower) = (true, !letter.is_uppercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_spelling_of_a_secrets_name_is_found_at_any_depth() {
        for name in [
            "password",
            "PASSWORD",
            "db_password",
            "dbPassword",
            "DbPassword",
            "db-password",
            "key",
            "signing_key",
            "secret",
            "clientSecret",
            "token",
            "taskToken",
            "TASK_TOKEN",
            "GITHUB_TOKEN",
        ] {
            let value = json!({ "outer": [{ name: "hunter2" }, { name: ["hunter2"] }, { name: { "a": "hunter2" } }, { name: 2 }] });
            let expected = json!({ "outer": [{ name: REDACTED }, { name: REDACTED }, { name: REDACTED }, { name: REDACTED }] });
            assert_eq!(redacted(value), expected, "{name}");
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        let value = json!({
            "public_key": "AAAA", "publicKey": "AAAA", "key_id": "0123", "secret_arn": "arn:aws:1", "monkey": 1, "tokens": 5,
            "password": null, "lane": "eu", "list": [1, "password", true, null], "": "x",
        });
        assert_eq!(redacted(value.clone()), value);
    }
}
