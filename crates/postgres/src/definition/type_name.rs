//! Names of types as `format_type` prints them.

use std::{fmt::Write as _, iter::Peekable};

use super::{
    name::quoted,
    token::{Kind, Token, Tokens},
};

/// A type: its name with its modifier, and the dimensions of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypeName {
    /// Name without modifier: `character varying`, `shop.state`.
    pub name: String,
    /// `(12,2)`, `(3)`, ` year to month`
    pub modifier: String,
    pub dimensions: usize,
}

impl std::fmt::Display for TypeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // `timestamp(3) with time zone`
        let (first, zone) = match self.name.split_once(' ') {
            Some((first @ ("timestamp" | "time"), zone)) => (first, zone),
            _ => (self.name.as_str(), ""),
        };
        write!(f, "{first}{}", self.modifier)?;
        if !zone.is_empty() {
            write!(f, " {zone}")?;
        }
        f.write_str(&"[]".repeat(self.dimensions))
    }
}

/// Keywords in the fields of an interval.
const FIELDS: &[&str] = &["year", "month", "day", "hour", "minute", "second", "to"];

impl TypeName {
    pub(super) fn plain(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            modifier: String::new(),
            dimensions: 0,
        }
    }

    /// The type of an array's elements.
    pub(super) fn element(&self) -> Self {
        Self {
            dimensions: 0,
            ..self.clone()
        }
    }

    /// The name in `pg_type`, without its schema.
    pub(super) fn internal_name(&self) -> &str {
        match self.name.as_str() {
            "bigint" => "int8",
            "bit varying" => "varbit",
            "boolean" => "bool",
            "character" => "bpchar",
            "character varying" => "varchar",
            "double precision" => "float8",
            "integer" => "int4",
            "real" => "float4",
            "smallint" => "int2",
            "time with time zone" => "timetz",
            "time without time zone" => "time",
            "timestamp with time zone" => "timestamptz",
            "timestamp without time zone" => "timestamp",
            name => name.rsplit('.').next().unwrap_or(name),
        }
    }

    /// Parses a type.
    pub(super) fn of(text: &str) -> Option<Self> {
        Self::read(&mut super::token::tokens(text).peekable())
    }

    /// Parses a type at the start of the tokens; `None` without a name.
    pub(super) fn read(tokens: &mut Peekable<Tokens<'_>>) -> Option<Self> {
        let mut found = Self::plain(&name_part(tokens)?);
        while tokens.next_if(|token| is(token, Kind::Mark, ".")).is_some() {
            found.name.push('.');
            found.name.push_str(&name_part(tokens).unwrap_or_default());
        }
        match found.name.as_str() {
            "double" => found.follow(tokens, &["precision"]),
            "character" | "bit" => found.follow(tokens, &["varying"]),
            "interval" => {
                while let Some(field) = tokens.next_if(|token| is_word_of(token, FIELDS)) {
                    let _ = write!(found.modifier, " {}", field.text);
                }
            }
            _ => {}
        }
        if tokens
            .peek()
            .is_some_and(|token| is(token, Kind::Mark, "(") && !token.gap)
        {
            found.modifier.push_str(&modifier(tokens));
        }
        if matches!(found.name.as_str(), "timestamp" | "time") {
            found.follow(tokens, &["with", "without"]);
            found.follow(tokens, &["time"]);
            found.follow(tokens, &["zone"]);
        }
        while tokens
            .peek()
            .is_some_and(|token| is(token, Kind::Mark, "[") && !token.gap)
        {
            tokens.next();
            tokens.next_if(|token| is(token, Kind::Mark, "]"));
            found.dimensions += 1;
        }
        Some(found)
    }

    /// Consumes the next token if it is one of these words.
    fn follow(&mut self, tokens: &mut Peekable<Tokens<'_>>, words: &[&str]) {
        if let Some(word) = tokens.next_if(|token| is_word_of(token, words)) {
            let _ = write!(self.name, " {}", word.text);
        }
    }
}

fn is(token: &Token<'_>, kind: Kind, text: &str) -> bool {
    token.kind == kind && token.text == text
}

fn is_word_of(token: &Token<'_>, words: &[&str]) -> bool {
    token.kind == Kind::Word && words.contains(&token.text)
}

fn name_part(tokens: &mut Peekable<Tokens<'_>>) -> Option<String> {
    let token = tokens.next_if(|token| matches!(token.kind, Kind::Word | Kind::QuotedName))?;
    Some(match token.quoted_name() {
        Some(name) => quoted(&name),
        None => token.text.to_owned(),
    })
}

/// The text between the parentheses, unchanged.
fn modifier(tokens: &mut Peekable<Tokens<'_>>) -> String {
    let mut text = String::new();
    for token in tokens.by_ref() {
        text.push_str(token.text);
        if is(&token, Kind::Mark, ")") {
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_types_name_is_read_to_its_end() {
        for (text, name, dimensions) in [
            ("text AND", "text", 0),
            ("character varying(20)[][] x", "character varying", 2),
            ("double precision)", "double precision", 0),
            (
                "timestamp(3) without time zone, a",
                "timestamp without time zone",
                0,
            ),
            ("time with time zone[]", "time with time zone", 1),
            ("numeric(12,2)", "numeric", 0),
            ("interval year to month", "interval", 0),
            ("interval second(2)", "interval", 0),
            ("bit varying(9)", "bit varying", 0),
            ("shop.\"Odd\"[]", "shop.\"Odd\"", 1),
            ("\"char\"", "char", 0),
        ] {
            let found = TypeName::of(text).unwrap();
            assert_eq!(
                (found.name.as_str(), found.dimensions),
                (name, dimensions),
                "{text}"
            );
            let printed = found.to_string();
            assert!(
                text.replace('"', "").starts_with(&printed.replace('"', "")),
                "{text}: {printed}"
            );
        }
        assert_eq!(TypeName::of("(1)"), None);
        assert_eq!(
            TypeName::of("numeric(12,2)[]").unwrap().element().to_string(),
            "numeric(12,2)"
        );
    }
}
