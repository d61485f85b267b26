//! The texts of differences, for a terminal: long definitions are cut, and two long texts are shown from
//! where they differ.

use std::collections::BTreeMap;

use super::{
    Severity,
    weight::{Breaks, Weight},
};
use crate::catalogue::{Definition, ObjectClass, Property, STATEMENT};

/// The number of an object's parts, by class.
pub(super) type Counted = BTreeMap<ObjectClass, usize>;

/// Values up to this length are shown whole, in characters.
const SHORT: usize = 120;
/// The longest part of a definition that a report keeps, in characters.
const EXCERPT: usize = 1_000;
/// How much is shown before the first difference of two long texts, in characters.
const BEFORE: usize = 30;

/// A definition for reports: whole, or its beginning.
pub(super) fn excerpt(text: &str) -> String {
    cut(text, EXCERPT)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!(
            "{} … ({} more characters)",
            &text[..end],
            text[end..].chars().count()
        ),
    }
}

pub(super) fn missing(object: &Definition, parts: &Counted) -> String {
    format!(
        "{}: missing on the target{}",
        object.object,
        description(object, parts)
    )
}

pub(super) fn extra(object: &Definition, weight: Weight, parts: &Counted) -> String {
    let harm = match (weight, object.class) {
        ((Severity::Warning, _), _) => "",
        ((Severity::Error, _), ObjectClass::Revoked) => ", where it takes rights",
        ((Severity::Error, Breaks::Results), _) => ", where it changes results",
        ((Severity::Error, _), _) => ", where it refuses or changes rows",
    };
    format!(
        "{}: only on the target{harm}{}",
        object.object,
        description(object, parts)
    )
}

/// The parts and the definition of an object, for the operator who has to create or drop it.
fn description(object: &Definition, parts: &Counted) -> String {
    let counted: Vec<String> = parts
        .iter()
        .map(|(class, count)| format!("{count} {}", plural(*class, *count)))
        .collect();
    let with = if counted.is_empty() {
        String::new()
    } else {
        format!(", with {}", counted.join(", "))
    };
    let text = one_line(&object.to_string());
    match text.as_str() {
        "" => with,
        text => format!("{with}: {}", cut(text, SHORT)),
    }
}

fn plural(class: ObjectClass, count: usize) -> String {
    let word = class.word();
    match class {
        ObjectClass::Grants if count == 1 => "grant".to_owned(),
        ObjectClass::Grants | ObjectClass::Statistics | ObjectClass::DefaultPrivileges => word.to_owned(),
        ObjectClass::Revoked => format!("rights {word}"),
        _ if count == 1 => word.to_owned(),
        ObjectClass::Index => "indexes".to_owned(),
        ObjectClass::Policy => "policies".to_owned(),
        ObjectClass::OperatorFamily => "operator families".to_owned(),
        ObjectClass::OperatorClass => "operator classes".to_owned(),
        ObjectClass::TextSearchDictionary => "text search dictionaries".to_owned(),
        _ => format!("{word}s"),
    }
}

/// The text for one property that differs.
pub(super) fn property(source: Option<&Property>, target: Option<&Property>) -> String {
    match (source, target) {
        (Some(source), Some(target)) => {
            let name = match source.name.as_str() {
                STATEMENT => String::new(),
                name => format!("{name} "),
            };
            name + &values(&source.value, &target.value)
        }
        (Some(alone), None) => format!("{} only on the source", cut(&one_line(&alone.to_string()), SHORT)),
        (None, Some(alone)) => format!("{} only on the target", cut(&one_line(&alone.to_string()), SHORT)),
        (None, None) => String::new(),
    }
}

fn values(source: &str, target: &str) -> String {
    if source.contains('\n') || target.contains('\n') {
        return lines(source, target);
    }
    match parting(source, target) {
        None => format!("{} on the source, {} on the target", shown(source), shown(target)),
        Some((ours, theirs)) => format!("reads `{ours}` on the source, `{theirs}` on the target"),
    }
}

/// An empty value is shown as a word.
fn shown(value: &str) -> &str {
    if value.is_empty() { "nothing" } else { value }
}

/// The text for the first line that differs; lines are counted from one.
fn lines(source: &str, target: &str) -> String {
    let (mut ours, mut theirs) = (source.split('\n'), target.split('\n'));
    let mut number = 0;
    loop {
        number += 1;
        match (ours.next(), theirs.next()) {
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) if one.trim_end() == other.trim_end() => {
                let line = cut(one.trim_end(), SHORT);
                return format!("line {number}, `{line}`, ends with other white space on the target");
            }
            (Some(one), Some(other)) => {
                let (one, other) = parting(one, other).unwrap_or((one.to_owned(), other.to_owned()));
                return format!("line {number} is `{one}` on the source, `{other}` on the target");
            }
            (Some(one), None) => {
                return format!("line {number}, `{}`, is only on the source", cut(one, SHORT));
            }
            (None, Some(other)) => {
                return format!("line {number}, `{}`, is only on the target", cut(other, SHORT));
            }
            (None, None) => return "the same".to_owned(),
        }
    }
}

/// Excerpts of two texts from shortly before their first difference; `None` when both are short enough to be
/// shown whole.
fn parting(ours: &str, theirs: &str) -> Option<(String, String)> {
    let (ours, theirs): (Vec<char>, Vec<char>) = (ours.chars().collect(), theirs.chars().collect());
    if ours.len() <= SHORT && theirs.len() <= SHORT {
        return None;
    }
    let same = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    let nearest = same.saturating_sub(BEFORE);
    // The excerpts begin at the beginning of a word if possible.
    let from = match ours[nearest..same].iter().position(|c| *c == ' ') {
        Some(space) if nearest > 0 => nearest + space + 1,
        _ => nearest,
    };
    Some((window(&ours, from), window(&theirs, from)))
}

fn window(text: &[char], from: usize) -> String {
    let rest = text.get(from..).unwrap_or_default();
    let before = if from > 0 { "… " } else { "" };
    let after = if rest.len() > SHORT { " …" } else { "" };
    let shown: String = rest.iter().take(SHORT).collect();
    format!("{before}{shown}{after}")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The remedy for an object that exists only on the target.
pub(super) const fn remove(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "drop it on the target, or create it on the source as well",
        Severity::Warning => "drop it on the target, or keep it deliberately",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(name: &str, source: &str, target: &str) -> String {
        property(
            Some(&Property::new(name, source)),
            Some(&Property::new(name, target)),
        )
    }

    #[test]
    fn short_values_are_shown_whole() {
        assert_eq!(
            differs("type", "numeric(12,2)", "numeric(10,2)"),
            "type numeric(12,2) on the source, numeric(10,2) on the target"
        );
        assert_eq!(
            differs("values", "'a'", ""),
            "values 'a' on the source, nothing on the target"
        );
        assert_eq!(
            property(Some(&Property::new("not null", "")), None),
            "not null only on the source"
        );
        assert_eq!(
            property(None, Some(&Property::new("default", "0"))),
            "default 0 only on the target"
        );
    }

    #[test]
    fn long_values_are_shown_from_their_first_difference() {
        let long = |state: &str| {
            let columns = "column, ".repeat(40);
            format!("SELECT {columns} FROM shop.orders o WHERE (o.state = {state})")
        };
        assert_eq!(
            differs(STATEMENT, &long("'open'"), &long("'paid'")),
            "reads `… o WHERE (o.state = 'open')` on the source, `… o WHERE (o.state = 'paid')` on the target"
        );
    }

    #[test]
    fn a_long_text_of_multibyte_characters_without_spaces_is_cut_as_well() {
        let long = |middle: &str| format!("{}{middle}{}", "ö".repeat(500), "ä".repeat(500));
        let text = differs(STATEMENT, &long("a"), &long("b"));
        assert!(text.contains("öaä") && text.contains("öbä"), "{text}");
        assert!(text.chars().count() < 400, "{text}");
        assert!(differs(STATEMENT, &long("a"), "").contains("`öö"));
    }

    #[test]
    fn bodies_are_shown_by_the_first_line_that_differs() {
        assert_eq!(
            differs("body", "begin\n  return new;\nend", "begin\n  return old;\nend"),
            "body line 2 is `  return new;` on the source, `  return old;` on the target"
        );
        assert_eq!(
            differs("body", "begin\nend", "begin\nend\n-- more"),
            "body line 3, `-- more`, is only on the target"
        );
        assert_eq!(
            differs("body", "begin\r\nend", "begin\nend"),
            "body line 1, `begin`, ends with other white space on the target"
        );
        let long = |end: &str| format!("begin\n{} {end}", "x".repeat(200));
        assert!(differs("body", &long("one"), &long("two")).contains("one` on the source"));
    }

    #[test]
    fn a_definition_is_kept_up_to_its_first_thousand_characters() {
        assert_eq!(excerpt("short"), "short");
        let text = excerpt(&"ü".repeat(1_200));
        assert!(
            text.starts_with('ü') && text.ends_with(" … (200 more characters)"),
            "{text}"
        );
    }

    #[test]
    fn parts_are_counted_in_words() {
        let parts = Counted::from([(ObjectClass::Index, 2), (ObjectClass::Column, 1)]);
        let table = Definition::new(ObjectClass::Table, "shop.t", Vec::new());
        assert_eq!(
            missing(&table, &parts),
            "table shop.t: missing on the target, with 1 column, 2 indexes"
        );
    }
}
