//! YAML with the line of every value. Scalars stay the text that the file has: `1.10` is no number here.

use saphyr_parser::{Event, Parser, Span, StrInput};

/// A value and the line on which it begins, counted from 1.
#[derive(Debug, Clone)]
pub struct Node {
    pub line: usize,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    pub line: usize,
    pub key: String,
    pub node: Node,
}

/// Why a text is no YAML that is read here.
#[derive(Debug)]
pub struct Fault {
    pub line: usize,
    pub text: String,
}

impl Node {
    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The keys of a map, in the order of the file; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Text(_) | Value::List(_) => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Text(_) | Value::Map(_) => &[],
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// A text, or all texts of a list: `needs: a` and `needs: [a, b]`.
    pub fn texts(&self) -> Vec<&str> {
        let of_list = self.items().iter().filter_map(Self::text);
        self.text().into_iter().chain(of_list).collect()
    }

    /// Every text below this value, this one included.
    pub fn all_texts(&self) -> Vec<&str> {
        let below = self
            .items()
            .iter()
            .chain(self.entries().iter().map(|entry| &entry.node));
        let mut all: Vec<&str> = self.text().into_iter().collect();
        all.extend(below.flat_map(Self::all_texts));
        all
    }
}

/// Reads the one document of a text.
pub fn parse(text: &str) -> Result<Node, Fault> {
    let mut reader = Reader(Parser::new_from_str(text));
    let mut root = None;
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => break,
            (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _) => {}
            (_, span) if root.is_some() => return Err(fault(span, "a second document")),
            (event, span) => root = Some(reader.node(&event, span)?),
        }
    }
    root.ok_or(Fault {
        line: 1,
        text: "the file is empty".to_owned(),
    })
}

fn fault(span: Span, text: impl Into<String>) -> Fault {
    Fault {
        line: span.start.line(),
        text: text.into(),
    }
}

struct Reader<'a>(Parser<'a, StrInput<'a>>);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Fault> {
        match self.0.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(Fault {
                line: error.marker().line(),
                text: error.info().to_owned(),
            }),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// The value that begins with this event.
    fn node(&mut self, event: &Event<'a>, span: Span) -> Result<Node, Fault> {
        // Of a block it is the first line of the text, not that of its indicator.
        let line = span.start.line();
        let value = match event {
            Event::Scalar(text, ..) => Value::Text(text.to_string()),
            Event::SequenceStart(..) => Value::List(self.items()?),
            Event::MappingStart(..) => Value::Map(self.entries()?),
            _ => return Err(fault(span, "an alias; write the value out")),
        };
        Ok(Node { line, value })
    }

    fn items(&mut self) -> Result<Vec<Node>, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, span) => items.push(self.node(&event, span)?),
            }
        }
    }

    fn entries(&mut self) -> Result<Vec<Entry>, Fault> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (key, line) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (Event::Scalar(key, ..), span) => (key.to_string(), span.start.line()),
                (_, span) => return Err(fault(span, "a key that is no text")),
            };
            let (event, span) = self.next()?;
            let node = self.node(&event, span)?;
            if entries.iter().any(|entry| entry.key == key) {
                return Err(Fault {
                    line,
                    text: format!("{key} is there twice"),
                });
            }
            entries.push(Entry { line, key, node });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_line_and_its_own_text() {
        let root = parse("on: push\njobs:\n  a:\n    run: |\n      one\n      two\n    version: 1.10\n    flag: true\n    none:\n").unwrap();
        let job = root.get("jobs").and_then(|jobs| jobs.get("a")).unwrap();
        let run = job.get("run").unwrap();
        assert_eq!((run.line, run.text()), (5, Some("one\ntwo\n")));
        assert_eq!(job.entry("run").unwrap().line, 4);
        let version = job.get("version").unwrap();
        assert_eq!((version.line, version.text()), (7, Some("1.10")));
        assert_eq!(job.get("flag").unwrap().text(), Some("true"));
        assert_eq!(root.get("on").unwrap().text(), Some("push"), "`on` is no boolean");
    }

    #[test]
    fn one_text_and_a_list_of_texts_are_read_alike() {
        let root = parse("a: x\nb: [x, y]\n").unwrap();
        assert_eq!(root.get("a").unwrap().texts(), ["x"]);
        assert_eq!(root.get("b").unwrap().texts(), ["x", "y"]);
        assert_eq!(root.all_texts(), ["x", "x", "y"]);
    }

    #[test]
    fn what_is_no_yaml_or_says_a_thing_twice_is_refused_with_its_line() {
        assert_eq!(parse("a: [1\nb: 2\n").unwrap_err().line, 2);
        assert_eq!(parse("a: 1\na: 2\n").unwrap_err().line, 2);
        assert_eq!(parse("a: &x 1\nb: *x\n").unwrap_err().line, 2);
        assert_eq!(parse("a: 1\n---\nb: 2\n").unwrap_err().line, 3);
        assert!(parse("").is_err());
    }
}
