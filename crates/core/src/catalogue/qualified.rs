//! A schema and a name as one text. Two names never have the same text: in `"a.b".c` and `a."b.c"` the part with the
//! dot is in double quotes, as in SQL. All other parts stand as the catalogue has them.

use std::{borrow::Cow, fmt};

/// Writes `schema.name`.
pub(super) fn write(f: &mut fmt::Formatter<'_>, schema: &str, name: &str) -> fmt::Result {
    write!(f, "{}.{}", part(schema), part(name))
}

/// One part, in quotes where it needs them.
pub(super) fn part(text: &str) -> Cow<'_, str> {
    if text.contains(['.', '"']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

/// The schema and the name in such a text. A part need not be in quotes where it can be understood without them:
/// the first dot ends a schema.
pub(super) fn read(text: &str) -> Option<(String, String)> {
    let (schema, rest) = match quoted(text) {
        Some((schema, rest)) => (schema, rest.strip_prefix('.')?),
        None => text
            .split_once('.')
            .map(|(schema, rest)| (schema.to_owned(), rest))?,
    };
    let name = match quoted(rest) {
        Some((name, "")) => name,
        _ => rest.to_owned(),
    };
    Some((schema, name))
}

/// The text in quotes at the beginning, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut letters = inside.char_indices().peekable();
    while let Some((place, letter)) = letters.next() {
        if letter == '"' && letters.next_if(|(_, next)| *next == '"').is_none() {
            return Some((inside[..place].replace("\"\"", "\""), &inside[place + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::catalogue::TableName;

    fn named(schema: &str, name: &str) -> TableName {
        TableName {
            schema: schema.to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn only_a_part_with_a_dot_or_a_quote_is_quoted() {
        for (schema, name, text) in [
            ("public", "Odd name", "public.Odd name"),
            ("a.b", "c", "\"a.b\".c"),
            ("a", "b.c", "a.\"b.c\""),
            ("a", "say \"x\"", "a.\"say \"\"x\"\"\""),
        ] {
            assert_eq!(named(schema, name).to_string(), text);
        }
        assert_eq!(TableName::read("a.b.c"), Some(named("a", "b.c")));
        assert_eq!(TableName::read("a.\"b"), Some(named("a", "\"b")));
        assert_eq!(TableName::read("orders"), None);
    }

    proptest! {
        #[test]
        fn the_text_of_a_name_is_read_as_that_name(schema in "[a.\" ]{1,5}", name in "[a.\" ]{1,5}") {
            let table = named(&schema, &name);
            prop_assert_eq!(TableName::read(&table.to_string()), Some(table));
        }
    }
}
