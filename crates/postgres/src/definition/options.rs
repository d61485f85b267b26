//! Options of foreign servers, their tables and users. Some are passwords.

/// Parts of the names of options whose values are not shown, and so not compared.
const SECRET: &[&str] = &[
    "pass",
    "secret",
    "token",
    "credential",
    "private",
    "access_key",
    "auth",
];

/// `host=far, port=5432`, sorted by name. A text that is no list of options is not shown at all.
pub(super) fn shown(json: &str) -> String {
    let mut options: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    options.sort();
    let options = options.iter().map(|option| match option.split_once('=') {
        Some((name, value)) if !is_secret(name) => format!("{name}={value}"),
        Some((name, _)) => format!("{name}=…"),
        None => "…".to_owned(),
    });
    options.collect::<Vec<_>>().join(", ")
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_that_names_what_is_not_compared_has_the_same_words() {
        let words = format!("({})", SECRET.join("|"));
        assert!(crate::kinds::NOT_COMPARED.contains(&words), "{words}");
    }

    #[test]
    fn what_may_be_a_secret_is_named_without_its_value() {
        assert_eq!(
            shown(
                r#"["user=app", "Password=hunter2=", "sslpassword=x", "host=a, b", "aws_secret_access_key=y"]"#
            ),
            "Password=…, aws_secret_access_key=…, host=a, b, sslpassword=…, user=app"
        );
        assert_eq!(shown("password=hunter2"), "");
    }
}
