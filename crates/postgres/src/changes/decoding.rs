//! Parses the output of test_decoding, as `contrib/test_decoding/test_decoding.c` of PostgreSQL 12 to 18
//! prints it. Text that does not parse is an error, so that no change is lost.

use std::borrow::Cow;

use crossover_core::catalogue::TableName;

/// A text that test_decoding does not print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} was expected {at} bytes before the end of {line:?}")]
pub struct Malformed {
    what: &'static str,
    at: usize,
    /// Only the beginning of the line, because the line holds values of rows.
    line: String,
}

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    Null,
    /// A TOASTed value that the change left alone.
    Unchanged,
    Text(Cow<'a, str>),
}

/// Columns and their values, in the order of the table.
pub type Tuple<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// A row's change. Columns of an old key that are NULL are left out by the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowChange<'a> {
    Insert(Option<Tuple<'a>>),
    Update {
        old: Option<Tuple<'a>>,
        new: Option<Tuple<'a>>,
    },
    Delete(Option<Tuple<'a>>),
}

/// A line by kind. A row is parsed to its end only when the caller asks for the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    Commit,
    Row {
        relation: TableName,
        change: Rest<'a>,
    },
    Truncate(Vec<TableName>),
    /// BEGIN lines and messages.
    Other,
}

/// The part of a line after the relation's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest<'a>(&'a str);

/// Reads a line up to the relation's name.
pub fn line(text: &str) -> Result<Line<'_>, Malformed> {
    if text == "COMMIT" || text.starts_with("COMMIT ") {
        return Ok(Line::Commit);
    }
    let Some(rest) = text.strip_prefix("table ") else {
        return Ok(Line::Other);
    };
    let mut cursor = Cursor { rest, line: text };
    let mut relations = vec![cursor.relation()?];
    while cursor.skip(", ") {
        relations.push(cursor.relation()?);
    }
    cursor.expect(": ")?;
    if cursor.rest.starts_with("TRUNCATE:") {
        return Ok(Line::Truncate(relations));
    }
    match (relations.pop(), relations.is_empty()) {
        (Some(relation), true) => Ok(Line::Row {
            relation,
            change: Rest(cursor.rest),
        }),
        _ => Err(cursor.malformed("TRUNCATE")),
    }
}

impl<'a> Rest<'a> {
    /// Reads the row.
    pub fn read(self) -> Result<RowChange<'a>, Malformed> {
        let mut cursor = Cursor {
            rest: self.0,
            line: self.0,
        };
        let change = if cursor.skip("INSERT:") {
            RowChange::Insert(cursor.tuple()?)
        } else if cursor.skip("UPDATE:") {
            let old = if cursor.skip(" old-key:") {
                let old = cursor.tuple()?;
                cursor.expect(" new-tuple:")?;
                old
            } else {
                None
            };
            RowChange::Update {
                old,
                new: cursor.tuple()?,
            }
        } else if cursor.skip("DELETE:") {
            RowChange::Delete(cursor.tuple()?)
        } else {
            return Err(cursor.malformed("INSERT, UPDATE or DELETE"));
        };
        if cursor.rest.is_empty() {
            Ok(change)
        } else {
            Err(cursor.malformed("the end"))
        }
    }
}

struct Cursor<'a> {
    rest: &'a str,
    line: &'a str,
}

impl<'a> Cursor<'a> {
    fn malformed(&self, what: &'static str) -> Malformed {
        Malformed {
            what,
            at: self.rest.len(),
            line: self.line.chars().take(60).collect(),
        }
    }

    fn skip(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, text: &'static str) -> Result<(), Malformed> {
        if self.skip(text) {
            Ok(())
        } else {
            Err(self.malformed(text))
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// A text between two of these quotation marks; a mark inside the text is doubled.
    fn quoted(&mut self, mark: char) -> Result<Cow<'a, str>, Malformed> {
        let (one, two) = if mark == '"' { ("\"", "\"\"") } else { ("'", "''") };
        if !self.skip(one) {
            return Err(self.malformed("a quotation mark"));
        }
        let mut end = 0;
        loop {
            let Some(found) = self.rest[end..].find(mark) else {
                return Err(self.malformed("the closing quotation mark"));
            };
            end += found;
            if self.rest[end..].starts_with(two) {
                end += 2;
            } else {
                break;
            }
        }
        let text = self.take(end);
        self.rest = &self.rest[1..];
        Ok(if text.contains(mark) {
            Cow::Owned(text.replace(two, one))
        } else {
            Cow::Borrowed(text)
        })
    }

    fn name(&mut self) -> Result<Cow<'a, str>, Malformed> {
        if self.rest.starts_with('"') {
            return self.quoted('"');
        }
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let length = self.rest.find(|c| !plain(c)).unwrap_or(self.rest.len());
        if length == 0 {
            return Err(self.malformed("a name"));
        }
        Ok(Cow::Borrowed(self.take(length)))
    }

    fn relation(&mut self) -> Result<TableName, Malformed> {
        let schema = self.name()?.into_owned();
        self.expect(".")?;
        let name = self.name()?.into_owned();
        Ok(TableName { schema, name })
    }

    /// A type between brackets. An array type contains brackets itself, and so can a quoted name.
    fn sql_type(&mut self) -> Result<(), Malformed> {
        self.expect("[")?;
        let mut open = 1;
        while open > 0 {
            match self.rest.bytes().next() {
                None => return Err(self.malformed("]")),
                Some(b'"') => {
                    self.quoted('"')?;
                    continue;
                }
                Some(b'[') => open += 1,
                Some(b']') => open -= 1,
                Some(_) => {}
            }
            let step = self.rest.chars().next().map_or(1, char::len_utf8);
            self.take(step);
        }
        Ok(())
    }

    fn value(&mut self) -> Result<Value<'a>, Malformed> {
        if self.rest.starts_with('\'') {
            return Ok(Value::Text(self.quoted('\'')?));
        }
        if self.rest.starts_with("B'") {
            self.take(1);
            return Ok(Value::Text(self.quoted('\'')?));
        }
        let length = self.rest.find(' ').unwrap_or(self.rest.len());
        match self.take(length) {
            "" => Err(self.malformed("a value")),
            "null" => Ok(Value::Null),
            "unchanged-toast-datum" => Ok(Value::Unchanged),
            text => Ok(Value::Text(Cow::Borrowed(text))),
        }
    }

    fn tuple(&mut self) -> Result<Option<Tuple<'a>>, Malformed> {
        if self.skip(" (no-tuple-data)") {
            return Ok(None);
        }
        let mut tuple = Tuple::new();
        // ` new-tuple:` is not a column: a column's name is followed by its type.
        while self.rest.starts_with(' ') && !self.rest.starts_with(" new-tuple:") {
            self.take(1);
            let name = self.name()?;
            self.sql_type()?;
            self.expect(":")?;
            tuple.push((name, self.value()?));
        }
        Ok(Some(tuple))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> (String, RowChange<'_>) {
        match line(text) {
            Ok(Line::Row { relation, change }) => (relation.to_string(), change.read().unwrap()),
            other => panic!("{other:?}"),
        }
    }

    fn text<'a>(name: &'a str, value: &'a str) -> (Cow<'a, str>, Value<'a>) {
        (name.into(), Value::Text(value.into()))
    }

    #[test]
    fn quotation_marks_and_brackets_inside_names_types_and_values_do_not_end_them() {
        let (table, change) = row(
            "table \"a.\"\"b\".\"c: d\": INSERT: id[integer]:-7 \"x[y]\"[\"s.]\".\"t\"\"]\"]:'it''s: [a] ''' \
             l[integer[]]:'{1,2}' n[text]:null b[bit varying]:B'010' e[text]:''",
        );
        assert_eq!(table, "\"a.\"\"b\".c: d");
        let expected = vec![
            text("id", "-7"),
            text("x[y]", "it's: [a] '"),
            text("l", "{1,2}"),
            ("n".into(), Value::Null),
            text("b", "010"),
            text("e", ""),
        ];
        assert_eq!(change, RowChange::Insert(Some(expected)));
    }

    #[test]
    fn an_update_of_the_key_has_the_old_and_the_new_one() {
        let (_, change) = row(
            "table s.t: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 doc[text]:unchanged-toast-datum",
        );
        let expected = RowChange::Update {
            old: Some(vec![text("id", "1")]),
            new: Some(vec![text("id", "2"), ("doc".into(), Value::Unchanged)]),
        };
        assert_eq!(change, expected);
    }

    #[test]
    fn a_delete_without_identity_has_no_tuple() {
        assert_eq!(
            row("table s.t: DELETE: (no-tuple-data)").1,
            RowChange::Delete(None)
        );
    }

    #[test]
    fn all_truncated_tables_are_named() {
        let Ok(Line::Truncate(tables)) = line("table s.t, s.\"T, 2\": TRUNCATE: restart_seqs cascade") else {
            panic!("no truncate");
        };
        let names: Vec<String> = tables.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["s.t", "s.T, 2"]);
    }

    #[test]
    fn commit_lines_are_distinguished_from_begin_and_messages() {
        assert_eq!(line("BEGIN"), Ok(Line::Other));
        assert_eq!(line("COMMIT"), Ok(Line::Commit));
        assert_eq!(
            line("message: transactional: 1 prefix: table , sz: 5 content:table"),
            Ok(Line::Other)
        );
    }

    #[test]
    fn a_truncated_line_is_an_error() {
        let whole = "table s.t: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 v[text]:'x'";
        for length in "table ".len()..whole.len() {
            let part = &whole[..length];
            let read = match line(part) {
                Ok(Line::Row { change, .. }) => change.read().map(drop),
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            // A line cut at the end of a column is a valid shorter row; a table without columns has the
            // shortest.
            let shorter = ["UPDATE:", "new-tuple:", "integer]:2"]
                .iter()
                .any(|end| part.ends_with(end));
            assert_eq!(read.is_ok(), shorter, "{part}: {read:?}");
        }
    }
}
