//! Quotes names and texts in SQL that cannot have parameters. Names come from the catalogue only.

/// A text as a literal. With a backslash the literal is `E'...'`, which does not depend on
/// `standard_conforming_strings`.
pub use postgres_protocol::escape::{escape_identifier as ident, escape_literal as literal};

/// A schema and a name as a qualified identifier.
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", ident(schema), ident(name))
}

/// Names as a list of identifiers.
pub fn idents<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(ident).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_name_cannot_end_it() {
        assert_eq!(qualified("a\"b", "c; drop"), "\"a\"\"b\".\"c; drop\"");
        assert_eq!(literal("o'clock"), "'o''clock'");
        assert_eq!(literal("o'clock \\"), " E'o''clock \\\\'");
    }
}
