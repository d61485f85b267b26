//! Shadow reads: a read that is also sent to the side that does not serve, to compare the two answers.
//!
//! Answers are equal with the same status and the same body. Bodies of JSON are compared as values: the order of members
//! means nothing, and members that the directory lists (`reads.shadow_ignores`) are passed over. Other bodies are
//! compared byte for byte.

use std::{collections::BTreeSet, fmt};

use serde_json::Value;

/// A longer path is cut: it is for people.
const LONGEST_PATH: usize = 200;

/// What is compared of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub status: u16,
    pub content_type: &'a str,
    pub body: &'a [u8],
}

/// How the answer of the other side differs. Says where, and never which values: they are the users' data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    Status {
        serving: u16,
        other: u16,
    },
    /// The first member or element that differs, as a JSON pointer.
    Member(String),
    /// The first byte that differs, counted from 0.
    Byte(usize),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { serving, other } => write!(f, "status {other} instead of {serving}"),
            Self::Member(path) if path.is_empty() => f.write_str("the whole value"),
            Self::Member(path) => write!(f, "{path}"),
            Self::Byte(at) => write!(f, "byte {at}"),
        }
    }
}

/// The first difference of the other side's answer; none if it is equal.
pub fn difference(serving: Answer<'_>, other: Answer<'_>, ignored: &BTreeSet<String>) -> Option<Difference> {
    if serving.status != other.status {
        return Some(Difference::Status {
            serving: serving.status,
            other: other.status,
        });
    }
    if serving.body == other.body {
        return None;
    }
    if let (Some(serving), Some(other)) = (json(serving), json(other)) {
        let mut path = String::new();
        is_different(&serving, &other, ignored, &mut path).then(|| Difference::Member(cut(path)))
    } else {
        let pairs = serving.body.iter().zip(other.body);
        let first = pairs.take_while(|(one, other)| one == other).count();
        Some(Difference::Byte(first))
    }
}

fn json(answer: Answer<'_>) -> Option<Value> {
    let kind = answer.content_type.split(';').next().unwrap_or_default().trim();
    let is_json =
        kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json");
    is_json.then(|| serde_json::from_slice(answer.body).ok())?
}

/// Whether the values differ; then `path` leads to the first difference.
fn is_different(serving: &Value, other: &Value, ignored: &BTreeSet<String>, path: &mut String) -> bool {
    let length = path.len();
    match (serving, other) {
        (Value::Object(serving), Value::Object(other)) => {
            let mut names: BTreeSet<&String> = serving.keys().chain(other.keys()).collect();
            names.retain(|name| !ignored.contains(*name));
            names.into_iter().any(|name| {
                path.truncate(length);
                path.push('/');
                path.push_str(&name.replace('~', "~0").replace('/', "~1"));
                match (serving.get(name), other.get(name)) {
                    (Some(serving), Some(other)) => is_different(serving, other, ignored, path),
                    _ => true,
                }
            })
        }
        (Value::Array(serving), Value::Array(other)) => {
            let all = serving.len().max(other.len());
            (0..all).any(|at| {
                path.truncate(length);
                path.push('/');
                path.push_str(&at.to_string());
                match (serving.get(at), other.get(at)) {
                    (Some(serving), Some(other)) => is_different(serving, other, ignored, path),
                    _ => true,
                }
            })
        }
        _ => serving != other,
    }
}

/// Names of members can be data too, and long.
fn cut(path: String) -> String {
    if path.chars().count() <= LONGEST_PATH {
        return path;
    }
    let head: String = path.chars().take(LONGEST_PATH).collect();
    format!("{head}...")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer<'a>(content_type: &'a str, body: &'a str) -> Answer<'a> {
        Answer {
            status: 200,
            content_type,
            body: body.as_bytes(),
        }
    }

    fn told(content_type: &str, serving: &str, other: &str) -> Option<String> {
        let ignored = BTreeSet::from(["generated_at".to_owned()]);
        let found = difference(
            answer(content_type, serving),
            answer(content_type, other),
            &ignored,
        );
        found.map(|found| found.to_string())
    }

    #[test]
    fn json_is_compared_by_value() {
        let kind = "application/problem+json; charset=utf-8";
        for (serving, other, difference) in [
            (r#"{"a":1,"b":[1,2]}"#, r#"{ "b": [1, 2], "a": 1 }"#, None),
            (r#"{"a":1,"generated_at":1}"#, r#"{"a":1,"generated_at":2}"#, None),
            (r#"{"a":{"generated_at":1}}"#, r#"{"a":{}}"#, None),
            (r#"{"a":1}"#, r#"{"a":2}"#, Some("/a")),
            (r#"{"a":1}"#, r#"{"a":1,"b":null}"#, Some("/b")),
            (
                r#"{"a":[{"b":1},{"b":2}]}"#,
                r#"{"a":[{"b":1},{"b":3}]}"#,
                Some("/a/1/b"),
            ),
            (r#"{"a":[1,2]}"#, r#"{"a":[1]}"#, Some("/a/1")),
            (r#"{"a/b":1}"#, r#"{"a/b":2}"#, Some("/a~1b")),
            ("[1,2]", "[2,1]", Some("/0")),
            ("1", "2", Some("the whole value")),
            ("{", "{}", Some("byte 1")),
        ] {
            assert_eq!(
                told(kind, serving, other).as_deref(),
                difference,
                "{serving} {other}"
            );
        }
    }

    #[test]
    fn other_bodies_are_compared_byte_for_byte() {
        assert_eq!(told("text/html", "abc", "abc"), None);
        assert_eq!(told("text/html", "abc", "abd").as_deref(), Some("byte 2"));
        assert_eq!(told("text/html", "abc", "ab").as_deref(), Some("byte 2"));
        assert_eq!(told("", r#"{"a":1}"#, r#"{ "a":1}"#).as_deref(), Some("byte 1"));
    }

    #[test]
    fn another_status_is_a_difference_whatever_the_body() {
        let other = Answer {
            status: 404,
            ..answer("text/html", "abc")
        };
        let found = difference(answer("text/html", "abc"), other, &BTreeSet::new()).unwrap();
        assert_eq!(found.to_string(), "status 404 instead of 200");
    }

    #[test]
    fn a_long_path_is_cut() {
        let name = "n".repeat(300);
        let [serving, other] = [1, 2].map(|value| format!("{{\"{name}\":{value}}}"));
        assert_eq!(
            told("application/json", &serving, &other).unwrap().len(),
            LONGEST_PATH + 3
        );
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            "[a-z]{0,3}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            let member = ("[a-c]{1,2}", inner.clone());
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                prop::collection::vec(member, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Without members to pass over, two values of JSON are equal exactly if they are the same value, and the path leads to a
        /// place where they are not.
        #[test]
        fn a_difference_is_told_exactly_where_there_is_one(one in any_json(), other in any_json()) {
            let texts = [&one, &other].map(|value| serde_json::to_string_pretty(value).unwrap());
            let [serving, shadow] = texts.each_ref().map(|text| answer("application/json", text));
            match difference(serving, shadow, &BTreeSet::new()) {
                None => prop_assert_eq!(one, other),
                Some(Difference::Member(path)) => prop_assert_ne!(one.pointer(&path), other.pointer(&path)),
                Some(found) => prop_assert!(false, "{}", found),
            }
        }
    }
}
