//! Splits SQL into tokens as the server's scanner does (PostgreSQL: `src/backend/parser/scan.l`).
//!
//! Every text is accepted: an unclosed quote extends to the end, and an unknown character is a mark.

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A keyword, or a name without quotes.
    Word,
    /// A name in double quotes.
    QuotedName,
    /// A text in quotes, with its prefix (`E''`, `B''`, `X''`, `N''`, `U&''`), or between dollar signs.
    Text,
    Number,
    /// `$1`
    Parameter,
    Operator,
    /// Separators (parentheses, brackets, `,` `;` `.` `:` `::`), and characters without a meaning in SQL.
    Mark,
    Comment,
}

/// A token and its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'s> {
    pub kind: Kind,
    pub text: &'s str,
    /// Whether white space or a comment precedes the token.
    pub gap: bool,
}

impl Token<'_> {
    /// The name between double quotes, with doubled quotes as one.
    pub fn quoted_name(&self) -> Option<String> {
        let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
        (self.kind == Kind::QuotedName && self.text.len() > 1).then(|| inner.replace("\"\"", "\""))
    }
}

/// The tokens of a text, including comments. Between two tokens there is only white space.
pub fn tokens(sql: &str) -> Tokens<'_> {
    Tokens {
        rest: sql,
        after_comment: false,
    }
}

/// See [`tokens`].
#[derive(Debug, Clone)]
pub struct Tokens<'s> {
    rest: &'s str,
    after_comment: bool,
}

impl<'s> Iterator for Tokens<'s> {
    type Item = Token<'s>;

    fn next(&mut self) -> Option<Token<'s>> {
        let trimmed = self.rest.trim_start();
        let gap = trimmed.len() < self.rest.len() || self.after_comment;
        self.rest = trimmed;
        let (kind, length) = first(trimmed)?;
        let (text, rest) = trimmed.split_at(length);
        self.rest = rest;
        self.after_comment = kind == Kind::Comment;
        Some(Token { kind, text, gap })
    }
}

/// Kind and length of the first token.
fn first(sql: &str) -> Option<(Kind, usize)> {
    let mut letters = sql.chars();
    let (one, two) = (letters.next()?, letters.next());
    let token = match one {
        '\'' => (Kind::Text, quoted(sql, 1, '\'', false)),
        '"' => (Kind::QuotedName, quoted(sql, 1, '"', false)),
        'e' | 'E' if two == Some('\'') => (Kind::Text, quoted(sql, 2, '\'', true)),
        'b' | 'B' | 'x' | 'X' | 'n' | 'N' if two == Some('\'') => (Kind::Text, quoted(sql, 2, '\'', false)),
        'u' | 'U' if sql[1..].starts_with("&'") => (Kind::Text, quoted(sql, 3, '\'', false)),
        'u' | 'U' if sql[1..].starts_with("&\"") => (Kind::QuotedName, quoted(sql, 3, '"', false)),
        '$' => dollar(sql),
        '-' if two == Some('-') => (Kind::Comment, sql.find('\n').unwrap_or(sql.len())),
        '/' if two == Some('*') => (Kind::Comment, comment(sql)),
        '.' if two.is_some_and(|c| c.is_ascii_digit()) => (Kind::Number, number(sql)),
        _ if one.is_ascii_digit() => (Kind::Number, number(sql)),
        _ if begins_word(one) => (Kind::Word, run(sql, continues_word)),
        _ if is_operator(one) => (Kind::Operator, operator(sql)),
        ':' if two == Some(':') => (Kind::Mark, 2),
        _ => (Kind::Mark, one.len_utf8()),
    };
    Some(token)
}

fn begins_word(c: char) -> bool {
    c == '_' || c.is_alphabetic() || (!c.is_ascii() && !c.is_whitespace())
}

fn continues_word(c: char) -> bool {
    begins_word(c) || c.is_ascii_digit() || c == '$'
}

fn is_operator(c: char) -> bool {
    "+-*/<>=~!@#%^&|`?".contains(c)
}

/// Length of the longest prefix of such characters.
fn run(sql: &str, of: impl Fn(char) -> bool) -> usize {
    sql.find(|c| !of(c)).unwrap_or(sql.len())
}

/// Length up to and including the closing quote; a doubled quote does not close.
fn quoted(sql: &str, start: usize, quote: char, escapes: bool) -> usize {
    let mut letters = sql[start..].char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if escapes && letter == '\\' {
            letters.next();
        } else if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
            return start + at + 1;
        }
    }
    sql.len()
}

/// A text between dollar signs, a parameter, or the sign alone.
fn dollar(sql: &str) -> (Kind, usize) {
    let digits = run(&sql[1..], |c| c.is_ascii_digit());
    if digits > 0 {
        return (Kind::Parameter, 1 + digits);
    }
    let tag = run(&sql[1..], |c| begins_word(c) || c.is_ascii_digit());
    if !sql[1 + tag..].starts_with('$') {
        return (Kind::Mark, 1);
    }
    let (tag, body) = sql.split_at(tag + 2);
    let length = body.find(tag).map_or(sql.len(), |end| end + 2 * tag.len());
    (Kind::Text, length)
}

/// Comments nest.
fn comment(sql: &str) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 {
        let rest = &sql[at..];
        let (close, open) = (rest.find("*/"), rest.find("/*"));
        let Some(close) = close else {
            return sql.len();
        };
        match open {
            Some(open) if open < close => (at, depth) = (at + open + 2, depth + 1),
            _ => (at, depth) = (at + close + 2, depth - 1),
        }
    }
    at
}

/// Digits with a point and an exponent; letters at the end (`0x1F`) belong to the number.
fn number(sql: &str) -> usize {
    let digits = |from: usize| from + run(&sql[from..], |c| c.is_ascii_alphanumeric() || c == '_');
    let mut end = digits(0);
    if sql[end..].starts_with('.') && !sql[end..].starts_with("..") {
        end = digits(end + 1);
    }
    let is_hexadecimal = sql.starts_with("0x") || sql.starts_with("0X");
    let is_exponent = sql[..end].ends_with(['e', 'E']) && !is_hexadecimal;
    if is_exponent && sql[end..].starts_with(['+', '-']) {
        end = digits(end + 1);
    }
    end
}

/// Length of the longest operator. An operator ends before a comment, and may end in `+` or `-` only if it
/// contains a character outside the operators of standard SQL.
fn operator(sql: &str) -> usize {
    let mut length = run(sql, is_operator);
    for comment in ["--", "/*"] {
        length = sql[..length].find(comment).unwrap_or(length);
    }
    let operator = &sql[..length];
    if operator.contains(|c| "~!@#%^&|`?".contains(c)) {
        return length;
    }
    operator.trim_end_matches(['+', '-']).len().max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(sql: &str) -> Vec<(Kind, &str)> {
        tokens(sql).map(|token| (token.kind, token.text)).collect()
    }

    #[test]
    fn every_kind_of_token_is_read() {
        use Kind::{Comment, Mark, Number, Operator, Parameter, QuotedName, Text, Word};
        for (sql, expected) in [
            ("größe_1$ AND", &[(Word, "größe_1$"), (Word, "AND")][..]),
            (
                "\"a\"\"b\".c",
                &[(QuotedName, "\"a\"\"b\""), (Mark, "."), (Word, "c")],
            ),
            ("u&\"d\" U&'d'", &[(QuotedName, "u&\"d\""), (Text, "U&'d'")]),
            (
                "'it''s' E'a\\'b' 'a\\' b'1'",
                &[
                    (Text, "'it''s'"),
                    (Text, "E'a\\'b'"),
                    (Text, "'a\\'"),
                    (Text, "b'1'"),
                ],
            ),
            (
                "$$a$b$$ $x$ $$ $x$ $1 $",
                &[
                    (Text, "$$a$b$$"),
                    (Text, "$x$ $$ $x$"),
                    (Parameter, "$1"),
                    (Mark, "$"),
                ],
            ),
            (
                "1.50 .5 1e-3 0x1F 1..2",
                &[
                    (Number, "1.50"),
                    (Number, ".5"),
                    (Number, "1e-3"),
                    (Number, "0x1F"),
                    (Number, "1"),
                    (Mark, "."),
                    (Number, ".2"),
                ],
            ),
            ("a->>'b'", &[(Word, "a"), (Operator, "->>"), (Text, "'b'")]),
            (
                "1*-2 @- 3 <=-1",
                &[
                    (Number, "1"),
                    (Operator, "*"),
                    (Operator, "-"),
                    (Number, "2"),
                    (Operator, "@-"),
                    (Number, "3"),
                    (Operator, "<="),
                    (Operator, "-"),
                    (Number, "1"),
                ],
            ),
            (
                "a::b[1:2]",
                &[
                    (Word, "a"),
                    (Mark, "::"),
                    (Word, "b"),
                    (Mark, "["),
                    (Number, "1"),
                    (Mark, ":"),
                    (Number, "2"),
                    (Mark, "]"),
                ],
            ),
            (
                "a -- b\n+/* /* */ */c",
                &[
                    (Word, "a"),
                    (Comment, "-- b"),
                    (Operator, "+"),
                    (Comment, "/* /* */ */"),
                    (Word, "c"),
                ],
            ),
            ("'open", &[(Text, "'open")]),
            ("/* open", &[(Comment, "/* open")]),
        ] {
            assert_eq!(read(sql), expected, "{sql}");
        }
    }

    #[test]
    fn a_quoted_name_is_known_without_its_quotes() {
        let names: Vec<_> = tokens("\"a\"\"b\" \"\" \"open plain")
            .map(|t| t.quoted_name())
            .collect();
        assert_eq!(names, [Some("a\"b".to_owned()), Some(String::new()), None]);
    }

    proptest! {
        #[test]
        fn nothing_but_white_space_stands_between_tokens(text in "[a-zA-ZÄ'\"$().,;:/*\\-+\\[\\]0-9 \n\\\\é中]{0,80}") {
            let mut rest = text.as_str();
            for token in tokens(&text) {
                prop_assert!(!token.text.is_empty());
                let trimmed = rest.trim_start();
                prop_assert!(trimmed.starts_with(token.text), "{:?} in {:?}", token, rest);
                rest = &trimmed[token.text.len()..];
            }
            prop_assert_eq!(rest.trim(), "");
        }

        #[test]
        fn any_text_at_all_can_be_read(text in ".{0,80}") {
            let read: String = tokens(&text).map(|token| token.text).collect();
            let without = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(without(&read), without(&text));
        }
    }
}
