//! The text of an anonymous record, as `row(...)::text` writes it: `(1,"a ""b""",)`.

/// The fields of a record's text; none is NULL. No result when it is no such text.
pub fn fields(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut fields = Vec::new();
    let mut field = String::new();
    // An empty field is NULL unless it was quoted.
    let mut given = false;
    let mut quoted = false;
    let mut rest = inner.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => {
                field.push('"');
                rest.next();
            }
            '"' => {
                quoted = !quoted;
                given = true;
            }
            '\\' => {
                field.push(rest.next()?);
                given = true;
            }
            ',' if !quoted => {
                fields.push(given.then(|| std::mem::take(&mut field)));
                given = false;
            }
            other => {
                field.push(other);
                given = true;
            }
        }
    }
    if quoted {
        return None;
    }
    fields.push(given.then_some(field));
    Some(fields)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What `record_out` of PostgreSQL does.
    fn written(fields: &[Option<String>]) -> String {
        let one = |field: &Option<String>| match field {
            None => String::new(),
            Some(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\"\"")),
        };
        format!("({})", fields.iter().map(one).collect::<Vec<_>>().join(","))
    }

    proptest! {
        #[test]
        fn every_record_is_read_as_it_was_written(values in proptest::collection::vec(proptest::option::of(".*"), 1..5)) {
            prop_assert_eq!(fields(&written(&values)), Some(values));
        }
    }

    #[test]
    fn unquoted_fields_are_read_and_what_is_no_record_is_not() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(fields("(1,,x y)"), Some(vec![some("1"), None, some("x y")]));
        for text in ["", "1", "(1", "(\"1)"] {
            assert_eq!(fields(text), None, "{text:?}");
        }
    }
}
