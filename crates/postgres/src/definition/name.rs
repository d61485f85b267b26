//! Names as the server prints them.

/// A name, in quotes unless it is plain lower case and cannot be mistaken for a keyword.
pub(super) fn quoted(name: &str) -> String {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '$';
    if begins && name.chars().all(plain) && name != "true" && name != "false" {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// Names with words between them, as a person reads them: a name is in quotes only where it could be mistaken for
/// more than one name, or for such words. Two texts with different names never become the same. What is quoted
/// otherwise depends on the server's version. Literals stand as they are.
pub(crate) fn readable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '"' && letter != '\'' {
            out.push(letter);
            continue;
        }
        let mut inside = String::new();
        while let Some(next) = letters.next() {
            if next == letter && letters.next_if_eq(&letter).is_none() {
                break;
            }
            inside.push(next);
        }
        let parts = |c: char| matches!(c, '.' | '"' | ',' | '(' | ')' | ';' | '\'') || c.is_whitespace();
        if letter == '\'' || inside.is_empty() || inside.contains(parts) {
            let doubled = format!("{letter}{letter}");
            out.extend([
                letter.to_string(),
                inside.replace(letter, &doubled),
                letter.to_string(),
            ]);
        } else {
            out.push_str(&inside);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_in_quotes_where_it_could_be_read_as_something_else() {
        for (printed, read) in [
            ("shop.\"Order\"", "shop.Order"),
            ("shop.\"json\"(\"char\", text)", "shop.json(char, text)"),
            ("\"a.b\".c", "\"a.b\".c"),
            ("a.\"b.c\"", "a.\"b.c\""),
            ("\"i on j\" on shop.t", "\"i on j\" on shop.t"),
            ("\"say \"\"x\"\"\"", "\"say \"\"x\"\"\""),
            ("\"\"\"\"", "\"\"\"\""),
            (
                "shop.t where (note = '\"x\", it''s')",
                "shop.t where (note = '\"x\", it''s')",
            ),
            ("\"it's\"", "\"it's\""),
        ] {
            assert_eq!(readable(printed), read);
        }
    }
}
