//! A directory from a text: every fault at once, each with its place and its remedy.

use std::{collections::HashSet, fmt};

use crossover_core::routing::{
    Directory, Origin,
    directory::{Country, Fault, Lookup, Rule},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

/// The directory of a text.
///
/// Whether its origins are permitted only the edge knows: it checks its list `ORIGINS` when the directory is published.
///
/// # Errors
/// Everything that is wrong with the document, as far as it can be known here.
pub fn parse(text: &str) -> Result<Directory, Vec<Fault>> {
    if let Err(error) = serde_json::from_str::<Unique>(text) {
        return Err(vec![of_text(&error)]);
    }
    let directory = serde_json::from_str::<Directory>(text).map_err(|error| {
        let mut faults = Vec::new();
        if let Ok(document) = serde_json::from_str(text) {
            DOCUMENT.check("", &document, &mut faults);
        }
        if faults.is_empty() {
            faults.push(of_text(&error));
        }
        faults
    })?;
    let faults = directory.faults_in_itself();
    if faults.is_empty() {
        Ok(directory)
    } else {
        Err(faults)
    }
}

/// A fault of the text itself.
fn of_text(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    let message = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(message, _)| message);
    let hint = if error.is_data() {
        ""
    } else {
        "; the file must be one JSON document"
    };
    Fault {
        place: format!("line {}, column {}", error.line(), error.column()),
        message: format!("{message}{hint}"),
    }
}

/// The form of a part of the document. Asked only for a document that the types refuse, to name all of its faults and
/// not just the first.
enum Shape {
    Object(&'static [Member]),
    Map(&'static Shape),
    List(&'static Shape),
    /// Why the value is none of the type; `None` if it is one.
    Value(fn(&Value) -> Option<String>),
}

struct Member {
    name: &'static str,
    needed: bool,
    shape: Shape,
}

const fn needed(name: &'static str, shape: Shape) -> Member {
    Member {
        name,
        needed: true,
        shape,
    }
}

const fn optional(name: &'static str, shape: Shape) -> Member {
    Member {
        name,
        needed: false,
        shape,
    }
}

const TEXT: Shape = Shape::Value(refused::<String>);
const TEXTS: Shape = Shape::List(&TEXT);
const PLACES: Shape = Shape::List(&Shape::Value(refused::<Lookup>));
const EXCEPTIONS: Shape = Shape::Object(&[optional("source", TEXTS), optional("target", TEXTS)]);
const READS: Shape = Shape::Object(&[
    optional("key", PLACES),
    optional("exceptions", EXCEPTIONS),
    optional("shadow_ignores", TEXTS),
]);
const LANE: Shape = Shape::Object(&[
    needed("source", Shape::Value(refused::<Origin>)),
    needed("target", Shape::Value(refused::<Origin>)),
    optional("reads", READS),
]);
const REGION: Shape = Shape::Object(&[
    needed("codes", TEXTS),
    optional("named_by", PLACES),
    optional("signed", Shape::Value(refused::<bool>)),
    optional("countries", Shape::Map(&Shape::Value(refused::<Country>))),
    needed("default", TEXT),
]);
const DOCUMENT: Shape = Shape::Object(&[
    needed("lanes", Shape::Map(&LANE)),
    needed("default_lane", TEXT),
    optional("tenant", PLACES),
    optional("region", REGION),
    optional("rules", Shape::List(&Shape::Value(refused::<Rule>))),
]);

fn refused<T: DeserializeOwned>(value: &Value) -> Option<String> {
    T::deserialize(value).err().map(|error| error.to_string())
}

impl Shape {
    fn check(&self, place: &str, value: &Value, faults: &mut Vec<Fault>) {
        let below = |name: &str| match place {
            "" => name.to_owned(),
            place => format!("{place}.{name}"),
        };
        let mut fault = |place: String, message: String| faults.push(Fault { place, message });
        let here = || match place {
            "" => "the document".to_owned(),
            place => place.to_owned(),
        };
        match (self, value) {
            (Self::Object(members), Value::Object(given)) => {
                let known: Vec<&str> = members.iter().map(|member| member.name).collect();
                let known = known.join(", ");
                for name in given.keys() {
                    if members.iter().all(|member| member.name != name) {
                        fault(below(name), format!("there is no such member; known: {known}"));
                    }
                }
                for member in *members {
                    match given.get(member.name) {
                        Some(value) => member.shape.check(&below(member.name), value, faults),
                        None if member.needed => {
                            faults.push(Fault {
                                place: below(member.name),
                                message: "is missing; add it".to_owned(),
                            });
                        }
                        None => {}
                    }
                }
            }
            (Self::Map(shape), Value::Object(given)) => {
                for (name, value) in given {
                    shape.check(&below(name), value, faults);
                }
            }
            (Self::List(shape), Value::Array(given)) => {
                for (number, value) in given.iter().enumerate() {
                    shape.check(&format!("{place}[{number}]"), value, faults);
                }
            }
            (Self::Value(refused), value) => {
                if let Some(message) = refused(value) {
                    fault(here(), message);
                }
            }
            (Self::Object(_) | Self::Map(_), _) => {
                fault(here(), "must be an object: {...}".to_owned());
            }
            (Self::List(_), _) => fault(here(), "must be a list: [...]".to_owned()),
        }
    }
}

/// JSON in which no object has a member twice: of two lanes of one name the types would keep the second in silence.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if seen.contains(&name) {
                return Err(A::Error::custom(format!(
                    "the member {name:?} is given twice; keep one of them"
                )));
            }
            seen.insert(name);
            map.next_value::<Unique>()?;
        }
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unique, A::Error> {
        while list.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "lanes": {
                "main": {"source": "https://s.example", "target": "https://t.example"},
                "n01": {
                    "source": "https://s.n01.example", "target": "https://t.n01.example",
                    "reads": {
                        "key": [{"header": "x-user"}], "exceptions": {"source": ["a"], "target": ["b"]},
                        "shadow_ignores": ["at"],
                    },
                },
            },
            "default_lane": "main",
            "tenant": [{"cookie": "tenant"}],
            "region": {
                "codes": ["N01", "S01"], "named_by": [{"path_segment": 1}], "signed": true,
                "countries": {"VN": {"code": "S01", "parts": {"HN": "N01"}}}, "default": "S01",
            },
            "rules": [
                {"lane": "n01", "tenant": "acme", "region": "N01", "host": "shop.example", "path": "/api"},
            ],
        })
    }

    fn places(document: &Value) -> Vec<String> {
        let faults = parse(&document.to_string()).unwrap_err();
        faults.into_iter().map(|fault| fault.place).collect()
    }

    /// Every pointer to an object or a list in the document, and to every value.
    fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Object(members) => members
                .iter()
                .for_each(|(name, value)| pointers(value, &format!("{at}/{name}"), found)),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(number, value)| pointers(value, &format!("{at}/{number}"), found)),
            _ => {}
        }
    }

    #[test]
    fn a_sound_document_is_read() {
        let directory = parse(&document().to_string()).unwrap();
        assert_eq!(directory.lanes.len(), 2);
        // The shapes know every member of the types: what the types write, the shapes take.
        let mut faults = Vec::new();
        DOCUMENT.check("", &serde_json::to_value(&directory).unwrap(), &mut faults);
        assert_eq!(faults, []);
    }

    #[test]
    fn whatever_the_types_refuse_has_a_place_in_the_document() {
        let mut all = Vec::new();
        pointers(&document(), "", &mut all);
        for pointer in all {
            let mut broken = document();
            *broken.pointer_mut(&pointer).unwrap() = json!(-1.5);
            let faults = parse(&broken.to_string()).unwrap_err();
            assert_eq!(faults.len(), 1, "{pointer}: {faults:?}");
            assert!(!faults[0].place.starts_with("line"), "{pointer}: {faults:?}");
        }
    }

    #[test]
    fn all_faults_of_form_are_told_at_once() {
        let mut broken = document();
        broken["lanez"] = json!({});
        broken["lanes"]["main"]["source"] = json!("ftp://s.example");
        broken["lanes"]["n01"]["target"].take();
        broken["lanes"]["n01"].as_object_mut().unwrap().remove("source");
        broken["lanes"]["n01"]["reads"]["pin"] = json!(3);
        broken["rules"][0]["tennant"] = json!("acme");
        broken["tenant"] = json!([{"heather": "x"}, {"header": "x-tenant"}, {"header": 1}]);
        assert_eq!(
            places(&broken),
            [
                "lanez",
                "lanes.main.source",
                "lanes.n01.source",
                "lanes.n01.target",
                "lanes.n01.reads.pin",
                "tenant[0]",
                "tenant[2]",
                "rules[0]",
            ]
        );
    }

    #[test]
    fn faults_of_content_are_told_and_origins_are_the_edges_business() {
        let mut broken = document();
        broken["default_lane"] = json!("none");
        broken["rules"][0]["region"] = json!("X");
        assert_eq!(places(&broken), ["default_lane", "rules[0].region"]);
    }

    #[test]
    fn a_lane_that_is_given_twice_is_refused() {
        let lane = r#"{"source": "https://s.example", "target": "https://t.example"}"#;
        let text =
            format!("{{\"lanes\": {{\"main\": {lane},\n \"main\": {lane}}}, \"default_lane\": \"main\"}}");
        let faults = parse(&text).unwrap_err();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].place.starts_with("line 2, column "), "{faults:?}");
        assert!(
            faults[0].message.contains("\"main\" is given twice"),
            "{faults:?}"
        );
    }

    #[test]
    fn a_text_that_is_no_json_is_told_with_its_line() {
        let faults = parse("{\n  \"lanes\": {,}\n}").unwrap_err();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].place.starts_with("line 2, column "), "{faults:?}");
        assert!(
            faults[0].message.ends_with("the file must be one JSON document"),
            "{faults:?}"
        );
        for text in ["", "[]", "null", "{}", "{} {}"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
