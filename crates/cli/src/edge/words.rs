//! Parts of the directory in words.

use crossover_core::{
    UnixMillis,
    routing::directory::{Lookup, ReadRules, Regions, Rule},
};
use crossover_report::number::count;

use super::utc;

/// A point in time, to the second.
pub fn time(at: UnixMillis) -> String {
    utc(at).map_or_else(|| at.to_string(), |at| format!("{at:.0}"))
}

/// A place in a request.
pub fn place(lookup: &Lookup) -> String {
    match lookup {
        Lookup::Header(name) => format!("header {name}"),
        Lookup::Cookie(name) => format!("cookie {name}"),
        Lookup::Query(name) => format!("query {name}"),
        Lookup::PathSegment(number) => format!("path segment {number}"),
    }
}

/// Places in a request; `none` if there is none.
pub fn places(lookups: &[Lookup], none: &str) -> String {
    if lookups.is_empty() {
        return none.to_owned();
    }
    lookups.iter().map(place).collect::<Vec<_>>().join(", ")
}

/// The conditions of a rule.
pub fn conditions(rule: &Rule) -> String {
    let parts = [
        ("tenant", &rule.tenant),
        ("region", &rule.region),
        ("host", &rule.host),
        ("path", &rule.path),
    ];
    let parts = parts.into_iter().filter_map(|(what, value)| {
        let value = value.as_ref()?;
        Some(format!("{what} {value}"))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// How a request gets its region, a line each.
pub fn region(region: Option<&Regions>) -> Vec<String> {
    let Some(region) = region else {
        return vec!["none".to_owned()];
    };
    let codes: Vec<&str> = region.codes.iter().map(String::as_str).collect();
    let mut lines = vec![
        format!("{}; default {}", codes.join(", "), region.default),
        format!("named by {}", places(&region.named_by, "nothing in the request")),
    ];
    for (name, country) in &region.countries {
        let parts = country.parts.iter();
        let parts = parts.map(|(part, code)| format!(", {name}-{part} {code}"));
        lines.push(format!(
            "clients in {name} {}{}",
            country.code,
            parts.collect::<String>()
        ));
    }
    lines
}

/// Which reads may go to the target.
pub fn reads(rules: &ReadRules) -> String {
    format!(
        "key: {}; exceptions: {}",
        places(&rules.key, "the client's address"),
        exceptions(rules)
    )
}

/// How many keys read from one side whatever the share is.
pub fn exceptions(rules: &ReadRules) -> String {
    let number = |keys: usize| count(keys as u64);
    let exceptions = &rules.exceptions;
    match (exceptions.source.len(), exceptions.target.len()) {
        (0, 0) => "none".to_owned(),
        (source, target) => format!(
            "{} from the source, {} from the target",
            number(source),
            number(target)
        ),
    }
}

/// Every name, or only how many there are.
pub fn names<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    const SHOWN: usize = 12;
    let number = names.len();
    let mut shown: Vec<&str> = names.take(SHOWN).map(String::as_str).collect();
    let more = (number > SHOWN).then(|| format!("{} more", count((number - SHOWN) as u64)));
    shown.extend(more.as_deref());
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_names_its_conditions_in_the_order_of_precedence() {
        let rule =
            json!({"lane": "x", "path": "/api", "tenant": "acme", "host": "shop.example", "region": "N01"});
        assert_eq!(
            conditions(&serde_json::from_value(rule).unwrap()),
            "tenant acme, region N01, host shop.example, path /api"
        );
    }

    #[test]
    fn regions_are_told_with_places_and_countries() {
        let regions = json!({
            "codes": ["S01", "N01"], "default": "S01", "named_by": [{"header": "x-region"}, {"path_segment": 1}],
            "countries": {"VN": {"code": "S01", "parts": {"HN": "N01"}}},
        });
        let regions: Regions = serde_json::from_value(regions).unwrap();
        assert_eq!(
            region(Some(&regions)),
            [
                "N01, S01; default S01",
                "named by header x-region, path segment 1",
                "clients in VN S01, VN-HN N01"
            ]
        );
        assert_eq!(region(None), ["none"]);
    }

    #[test]
    fn read_rules_without_anything_are_told_by_their_defaults() {
        assert_eq!(
            reads(&ReadRules::default()),
            "key: the client's address; exceptions: none"
        );
    }

    #[test]
    fn many_names_are_counted() {
        let few: Vec<String> = (0..3).map(|n| n.to_string()).collect();
        assert_eq!(names(few.iter()), "0, 1, 2");
        let many: Vec<String> = (0..500).map(|n| n.to_string()).collect();
        assert!(names(many.iter()).ends_with("10, 11, 488 more"));
    }
}
