//! One spelling for what server versions print differently, so that the same DDL reads the same on all of them.
//!
//! - Names are quoted when they are keywords, and every version knows more of those (17: `json`).
//! - Since 14 calls that were written in SQL's own syntax are printed so: `(now() AT TIME ZONE 'utc')` was `timezone('utc', now())`.
//! - Since 16 the columns of a view over one relation are printed without its name.
//!
//! `extract(year from d)` stays what it is: it is another function with another type of result since 14.

/// A piece of SQL, with what is in parentheses or brackets as one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// A keyword, a number or a name that needs no quotes.
    Word(String),
    /// A literal, or a name that needs its quotes.
    Text(String),
    Mark(char),
    Group {
        open: char,
        pieces: Vec<Spaced>,
        closed: bool,
    },
}

/// A piece, and whether white space stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Spaced {
    gap: bool,
    piece: Piece,
}

impl Spaced {
    fn word(&self) -> Option<&str> {
        match &self.piece {
            Piece::Word(word) => Some(word),
            _ => None,
        }
    }

    fn is_word(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    fn is_mark(&self, mark: char) -> bool {
        self.piece == Piece::Mark(mark)
    }

    /// What is in a pair of parentheses.
    fn parenthesised(&self) -> Option<&[Self]> {
        match &self.piece {
            Piece::Group {
                open: '(', pieces, ..
            } => Some(pieces),
            _ => None,
        }
    }
}

/// An expression or a statement in one spelling. White space is collapsed, literals are left alone.
pub fn of_sql(sql: &str) -> String {
    let mut pieces = Reader::new(sql).pieces(None).0;
    rewrite(&mut pieces);
    written(&pieces)
}

/// A view's query in one spelling.
pub fn of_view(sql: &str) -> String {
    let mut pieces = Reader::new(sql).pieces(None).0;
    if let Some(only) = only_relation(&pieces) {
        unqualify(&mut pieces, &only);
    }
    rewrite(&mut pieces);
    written(&pieces)
}

struct Reader<'s> {
    rest: &'s str,
}

impl<'s> Reader<'s> {
    fn new(sql: &'s str) -> Self {
        Self { rest: sql }
    }

    /// Pieces up to the closing mark, and whether it was there.
    fn pieces(&mut self, close: Option<char>) -> (Vec<Spaced>, bool) {
        let mut pieces = Vec::new();
        loop {
            let trimmed = self.rest.trim_start();
            let gap = trimmed.len() < self.rest.len();
            self.rest = trimmed;
            let Some(first) = self.rest.chars().next() else {
                return (pieces, close.is_none());
            };
            let piece = match first {
                _ if close == Some(first) => {
                    self.take(1);
                    return (pieces, true);
                }
                '(' | '[' => {
                    self.take(1);
                    let (inner, closed) = self.pieces(Some(if first == '(' { ')' } else { ']' }));
                    Piece::Group {
                        open: first,
                        pieces: inner,
                        closed,
                    }
                }
                '\'' => Piece::Text(self.quoted('\'', 0, false)),
                'e' | 'E' if self.rest[1..].starts_with('\'') => Piece::Text(self.quoted('\'', 1, true)),
                '"' => self.name(),
                '$' => self.dollar(),
                _ if begins_word(first) || first.is_ascii_digit() => {
                    let end = self.rest.find(|c| !continues_word(c) && c != '.');
                    let whole = &self.rest[..end.unwrap_or(self.rest.len())];
                    // The point is a part of numbers only.
                    let length = match whole.find('.') {
                        Some(point) if !first.is_ascii_digit() => point,
                        _ => whole.len(),
                    };
                    Piece::Word(self.take(length).to_owned())
                }
                mark => {
                    self.take(mark.len_utf8());
                    Piece::Mark(mark)
                }
            };
            pieces.push(Spaced { gap, piece });
        }
    }

    fn take(&mut self, length: usize) -> &'s str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// Up to the closing quote; a doubled one is none. Without an end everything is taken.
    fn quoted(&mut self, quote: char, start: usize, escapes: bool) -> String {
        let mut letters = self.rest.char_indices().skip(start + 1).peekable();
        while let Some((at, letter)) = letters.next() {
            if escapes && letter == '\\' {
                letters.next();
            } else if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
                return self.take(at + 1).to_owned();
            }
        }
        self.take(self.rest.len()).to_owned()
    }

    /// A quoted name, without the quotes when it does not need them.
    fn name(&mut self) -> Piece {
        let text = self.quoted('"', 0, false);
        let inner = text
            .strip_prefix('"')
            .and_then(|t| t.strip_suffix('"'))
            .unwrap_or_default();
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        let simple =
            inner.starts_with(plain) && inner.chars().all(|c| plain(c) || c.is_ascii_digit() || c == '$');
        if simple {
            Piece::Word(inner.to_owned())
        } else {
            Piece::Text(text)
        }
    }

    /// A dollar-quoted text, or just the sign.
    fn dollar(&mut self) -> Piece {
        let tag = self.rest[1..].find('$').map(|end| &self.rest[..end + 2]);
        let tag = tag.filter(|tag| tag[1..tag.len() - 1].chars().all(continues_word));
        let length = tag.and_then(|tag| Some(self.rest[tag.len()..].find(tag)? + 2 * tag.len()));
        if let Some(length) = length {
            return Piece::Text(self.take(length).to_owned());
        }
        self.take(1);
        Piece::Mark('$')
    }
}

fn begins_word(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn continues_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn written(pieces: &[Spaced]) -> String {
    let mut text = String::new();
    write(pieces, &mut text);
    text
}

fn write(pieces: &[Spaced], text: &mut String) {
    for (place, spaced) in pieces.iter().enumerate() {
        if spaced.gap && place > 0 {
            text.push(' ');
        }
        match &spaced.piece {
            Piece::Word(word) | Piece::Text(word) => text.push_str(word),
            Piece::Mark(mark) => text.push(*mark),
            Piece::Group { open, pieces, closed } => {
                text.push(*open);
                write(pieces, text);
                if *closed {
                    text.push(if *open == '(' { ')' } else { ']' });
                }
            }
        }
    }
}

/// SQL's own call syntax becomes ordinary calls, from the inside out.
fn rewrite(pieces: &mut Vec<Spaced>) {
    for spaced in pieces.iter_mut() {
        if let Piece::Group { pieces, .. } = &mut spaced.piece {
            rewrite(pieces);
        }
    }
    let mut place = 0;
    while place < pieces.len() {
        let called = place > 0 && !pieces[place].gap && pieces[place - 1].word().is_some();
        let group = pieces[place].parenthesised();
        if called {
            let name = pieces[place - 1].word().unwrap_or_default();
            if let Some((name, arguments)) = group.and_then(|inside| call(name, inside)) {
                pieces[place].piece = list(arguments);
                pieces[place - 1].piece = Piece::Word(name.to_owned());
            }
        } else if let Some(arguments) = group.and_then(at_time_zone) {
            let gap = pieces[place].gap;
            let name = Piece::Word("timezone".to_owned());
            pieces[place] = Spaced {
                gap: false,
                piece: list(arguments),
            };
            pieces.insert(place, Spaced { gap, piece: name });
            place += 1;
        }
        place += 1;
    }
}

type Arguments = Vec<Vec<Spaced>>;

fn list(arguments: Arguments) -> Piece {
    let mut pieces = Vec::new();
    for (place, argument) in arguments.into_iter().enumerate() {
        if place > 0 {
            pieces.push(Spaced {
                gap: false,
                piece: Piece::Mark(','),
            });
        }
        for (at, mut spaced) in argument.into_iter().enumerate() {
            if at == 0 {
                spaced.gap = place > 0;
            }
            pieces.push(spaced);
        }
    }
    Piece::Group {
        open: '(',
        pieces,
        closed: true,
    }
}

/// `(A AT TIME ZONE B)`, as the arguments of `timezone`.
fn at_time_zone(inside: &[Spaced]) -> Option<Arguments> {
    let words = ["AT", "TIME", "ZONE"];
    let at = inside
        .windows(words.len())
        .position(|three| three.iter().zip(words).all(|(spaced, word)| spaced.is_word(word)))?;
    let (time, zone) = (&inside[..at], &inside[at + words.len()..]);
    (!time.is_empty() && !zone.is_empty()).then(|| vec![zone.to_vec(), time.to_vec()])
}

/// A call in SQL's own syntax, or the same call as versions before 14 print it.
fn call(name: &str, inside: &[Spaced]) -> Option<(&'static str, Arguments)> {
    let parts = |words: &[&str]| split(inside, |spaced| words.iter().any(|word| spaced.is_word(word)));
    let plain = || split(inside, |spaced| spaced.is_mark(','));
    let (name, arguments) = match name {
        "SUBSTRING" => ("substring", parts(&["FROM", "FOR"])),
        "OVERLAY" => ("overlay", parts(&["PLACING", "FROM", "FOR"])),
        "POSITION" => {
            let mut sides = parts(&["IN"]);
            sides.reverse();
            ("position", sides.into_iter().map(unwrapped).collect())
        }
        "TRIM" => {
            let name = match inside.first()?.word()? {
                "BOTH" => "btrim",
                "LEADING" => "ltrim",
                "TRAILING" => "rtrim",
                _ => return None,
            };
            let mut sides = split(&inside[1..], |spaced| spaced.is_word("FROM"));
            sides.reverse();
            sides.retain(|side| !side.is_empty());
            (name, sides)
        }
        "similar_escape" => {
            let mut arguments = plain();
            let unset =
                arguments.len() == 2 && arguments[1].first().is_some_and(|first| first.is_word("NULL"));
            if !unset {
                return None;
            }
            arguments.truncate(1);
            ("similar_to_escape", arguments)
        }
        "substring" => ("substring", plain()),
        "overlay" => ("overlay", plain()),
        "position" => ("position", plain()),
        "btrim" => ("btrim", plain()),
        "ltrim" => ("ltrim", plain()),
        "rtrim" => ("rtrim", plain()),
        _ => return None,
    };
    // A cast to text that the parser added is printed in a plain call only.
    Some((name, arguments.into_iter().map(without_text_cast).collect()))
}

fn split(pieces: &[Spaced], is_end: impl Fn(&Spaced) -> bool) -> Arguments {
    pieces.split(is_end).map(<[Spaced]>::to_vec).collect()
}

fn unwrapped(argument: Vec<Spaced>) -> Vec<Spaced> {
    match argument.as_slice() {
        [only] => only
            .parenthesised()
            .map_or_else(|| argument.clone(), <[Spaced]>::to_vec),
        _ => argument,
    }
}

fn without_text_cast(argument: Vec<Spaced>) -> Vec<Spaced> {
    match argument.as_slice() {
        [value, one, other, text] if one.is_mark(':') && other.is_mark(':') && text.is_word("text") => value
            .parenthesised()
            .map_or_else(|| argument.clone(), <[Spaced]>::to_vec),
        _ => argument,
    }
}

/// What may follow the one item of a view's FROM.
const AFTER_FROM: &[&str] = &[
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "FOR",
    "UNION",
    "INTERSECT",
    "EXCEPT",
];

/// By what name a query calls the only thing it reads; none when there are several.
fn only_relation(pieces: &[Spaced]) -> Option<Piece> {
    let from = pieces.iter().position(|spaced| spaced.is_word("FROM"))? + 1;
    let end = pieces[from..]
        .iter()
        .position(|spaced| spaced.is_mark(';') || AFTER_FROM.iter().any(|word| spaced.is_word(word)))
        .map_or(pieces.len(), |length| from + length);
    let item = &pieces[from..end];
    let is_join = |inside: &[Spaced]| inside.iter().any(|spaced| spaced.is_word("JOIN"));
    if item.iter().any(|spaced| spaced.is_mark(','))
        || is_join(item)
        || item.first()?.parenthesised().is_some_and(is_join)
    {
        return None;
    }
    // The last name is the alias, or the relation itself; the columns of an alias stand in parentheses.
    let named = item.split(|spaced| spaced.is_word("TABLESAMPLE")).next()?;
    let name = named.iter().rev().find(|spaced| {
        matches!(&spaced.piece, Piece::Text(text) if text.starts_with('"'))
            || spaced.word().is_some_and(|word| word != "ORDINALITY")
    })?;
    Some(name.piece.clone())
}

fn unqualify(pieces: &mut Vec<Spaced>, name: &Piece) {
    let mut place = 0;
    while place < pieces.len() {
        let qualifies = pieces[place].piece == *name
            && pieces.get(place + 1).is_some_and(|next| next.is_mark('.'))
            && (place == 0 || !pieces[place - 1].is_mark('.'));
        if qualifies {
            let gap = pieces[place].gap;
            pieces.drain(place..place + 2);
            if let Some(column) = pieces.get_mut(place) {
                column.gap = gap;
            }
        }
        if let Some(Spaced {
            piece: Piece::Group { pieces, .. },
            ..
        }) = pieces.get_mut(place)
        {
            unqualify(pieces, name);
        }
        place += 1;
    }
}

#[cfg(test)]
mod tests;
