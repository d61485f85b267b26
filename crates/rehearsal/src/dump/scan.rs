//! Reads a dump as psql does: statements, psql's own commands, and data, quoted text and comments, which are
//! neither.
//!
//! A dump of many gigabytes needs one pass and little memory: only the first words of a statement are kept.
//! The dump is read as bytes, because it need not be UTF-8, and its keywords are ASCII in any encoding.

use std::io::{self, BufRead};
use std::ops::Range;

/// Later words of a statement are not needed.
const MAX_WORDS: usize = 2_000;
/// Maximum number of bytes kept of quoted text.
const MAX_TEXT: usize = 200;

/// One word of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// A keyword or unquoted identifier, folded to lower case as the server does.
    Plain(String),
    /// A quoted identifier, as written.
    Quoted(String),
    /// The start of a quoted text.
    Text(String),
    /// A separator character.
    Mark(char),
}

impl Word {
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Plain(word) if word == keyword)
    }

    /// The word as a name or a value; `None` for a separator.
    pub(super) fn value(&self) -> Option<&str> {
        match self {
            Self::Plain(word) | Self::Quoted(word) | Self::Text(word) => Some(word),
            Self::Mark(_) => None,
        }
    }
}

/// One element of the dump.
#[derive(Debug)]
pub(super) enum Piece {
    Statement {
        words: Vec<Word>,
        line: usize,
        /// From the first word to the semicolon.
        bytes: Range<u64>,
    },
    /// A psql command, without the backslash.
    Command {
        name: String,
        arguments: String,
        line: usize,
    },
}

/// The state of the scanner between two bytes.
enum At {
    Statement,
    Text { escapes: bool, text: Vec<u8> },
    Identifier(Vec<u8>),
    Dollar(Vec<u8>),
    Comment(u32),
    CopyData,
}

/// Passes every element of `dump` to `take`, in order.
pub(super) fn scan(mut dump: impl BufRead, mut take: impl FnMut(Piece)) -> io::Result<()> {
    let mut scanner = Scanner {
        at: At::Statement,
        words: Vec::new(),
        began: None,
        line: 0,
        offset: 0,
    };
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = dump.read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(());
        }
        scanner.line += 1;
        scanner.read(&bytes, &mut take);
        scanner.offset += read as u64;
    }
}

struct Scanner {
    at: At,
    words: Vec<Word>,
    /// Line and offset of the statement's first word.
    began: Option<(usize, u64)>,
    line: usize,
    /// The offset of the beginning of the line.
    offset: u64,
}

impl Scanner {
    fn read(&mut self, line: &[u8], take: &mut impl FnMut(Piece)) {
        if matches!(self.at, At::CopyData) {
            if line.trim_ascii_end() == b"\\." {
                self.at = At::Statement;
            }
            return;
        }
        let mut place = 0;
        while let Some(&byte) = line.get(place) {
            let next = line.get(place + 1).copied();
            let start = place;
            place += 1;
            match &mut self.at {
                At::Text { escapes, text } => {
                    let pair = (byte == b'\\' && *escapes) || (byte == b'\'' && next == Some(b'\''));
                    if byte == b'\'' && !pair {
                        let text = std::mem::take(text);
                        self.at = At::Statement;
                        self.push(Word::Text(lossy(&text)), start);
                        continue;
                    }
                    if text.len() < MAX_TEXT {
                        text.push(if pair { next.unwrap_or(byte) } else { byte });
                    }
                    place += usize::from(pair);
                }
                At::Identifier(name) => {
                    if byte == b'"' && next != Some(b'"') {
                        let name = std::mem::take(name);
                        self.at = At::Statement;
                        self.push(Word::Quoted(lossy(&name)), start);
                        continue;
                    }
                    name.push(byte);
                    place += usize::from(byte == b'"');
                }
                At::Dollar(tag) => {
                    if byte == b'$' && line[start..].starts_with(tag) {
                        place = start + tag.len();
                        self.at = At::Statement;
                    }
                }
                At::Comment(depth) => match (byte, next) {
                    (b'*', Some(b'/')) => {
                        place += 1;
                        *depth -= 1;
                        if *depth == 0 {
                            self.at = At::Statement;
                        }
                    }
                    (b'/', Some(b'*')) => {
                        place += 1;
                        *depth += 1;
                    }
                    _ => {}
                },
                At::CopyData => return,
                At::Statement => match byte {
                    b'-' if next == Some(b'-') => return,
                    b'/' if next == Some(b'*') => {
                        place += 1;
                        self.at = At::Comment(1);
                    }
                    // The rest of the line belongs to the command.
                    b'\\' => return self.command(&line[place..], take),
                    b'\'' => {
                        let escapes = start > 0
                            && line[start - 1].eq_ignore_ascii_case(&b'e')
                            && self.words.last().is_some_and(|word| word.is("e"));
                        self.at = At::Text {
                            escapes,
                            text: Vec::new(),
                        };
                    }
                    b'"' => self.at = At::Identifier(Vec::new()),
                    b'$' => {
                        if let Some(tag) = dollar_tag(&line[start..]) {
                            place = start + tag.len();
                            self.at = At::Dollar(tag.to_vec());
                        }
                    }
                    b';' => {
                        let words = std::mem::take(&mut self.words);
                        if copies_from_stdin(&words) {
                            self.at = At::CopyData;
                        }
                        if let Some((line, begin)) = self.began.take() {
                            let bytes = begin..self.offset + place as u64;
                            take(Piece::Statement { words, line, bytes });
                        }
                        if matches!(self.at, At::CopyData) {
                            return;
                        }
                    }
                    byte if is_word(byte) => {
                        while line.get(place).is_some_and(|&b| is_word(b) || b == b'$') {
                            place += 1;
                        }
                        let word = lossy(&line[start..place].to_ascii_lowercase());
                        self.push(Word::Plain(word), start);
                    }
                    byte if byte.is_ascii_whitespace() => {}
                    byte => self.push(Word::Mark(char::from(byte)), start),
                },
            }
        }
    }

    fn command(&mut self, rest: &[u8], take: &mut impl FnMut(Piece)) {
        let end = rest
            .iter()
            .position(|b| !b.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let name = lossy(&rest[..end]);
        // `\g` and similar commands send the statement.
        if name.starts_with('g') {
            self.words.clear();
            self.began = None;
        }
        take(Piece::Command {
            name,
            arguments: lossy(rest[end..].trim_ascii()),
            line: self.line,
        });
    }

    fn push(&mut self, word: Word, start: usize) {
        self.began.get_or_insert((self.line, self.offset + start as u64));
        if self.words.len() < MAX_WORDS {
            self.words.push(word);
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// `$$` or `$tag$` at the start of `text`.
fn dollar_tag(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().skip(1).position(|&b| b == b'$')? + 1;
    let tag = &text[1..end];
    let valid = tag.iter().all(|&b| is_word(b)) && !tag.first().is_some_and(u8::is_ascii_digit);
    valid.then(|| &text[..=end])
}

fn copies_from_stdin(words: &[Word]) -> bool {
    words.first().is_some_and(|word| word.is("copy"))
        && words
            .windows(2)
            .any(|pair| pair[0].is("from") && pair[1].is("stdin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(dump: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        scan(dump, |piece| {
            found.push(match piece {
                Piece::Statement { words, line, bytes } => {
                    let text = &dump[bytes.start as usize..bytes.end as usize];
                    format!("{line}: {} words: {}", words.len(), lossy(text))
                }
                Piece::Command {
                    name,
                    arguments,
                    line,
                } => format!("{line}: \\{name} {arguments}"),
            });
        })
        .unwrap();
        found
    }

    #[test]
    fn commands_of_psql_count_outside_of_quotes_bodies_comments_and_data_only() {
        let dump = b"\\restrict abc
select 'a
\\connect one
', E'it\\'s
\\c two
', \"odd
\\c three
\"; create function f() as $x$
\\connect four
$x$; /*
\\c five
*/ COPY t FROM stdin;
\\c six
\\.
select 1 \\connect seven
";
        let commands: Vec<String> = pieces(dump)
            .into_iter()
            .filter(|piece| piece.contains(": \\"))
            .collect();
        assert_eq!(commands, ["1: \\restrict abc", "15: \\connect seven"]);
    }

    #[test]
    fn statements_have_their_line_and_their_bytes_in_any_encoding() {
        let dump = b"-- a comment; \nset a = 'x';  alter table\n  \"t;\" -- why;\n owner to \xe4\xf6; select $$;$$;\n";
        assert_eq!(
            pieces(dump),
            [
                "2: 4 words: set a = 'x';",
                "2: 6 words: alter table\n  \"t;\" -- why;\n owner to \u{fffd}\u{fffd};",
                "4: 1 words: select $$;$$;",
            ]
        );
    }
}
