//! Names like one that nothing has.

/// Most names that are suggested.
const MOST: usize = 3;
/// Similarity (Jaro-Winkler, 0 to 1) below which a name is no help.
const LEAST: f64 = 0.75;

/// The most similar names, the most similar first.
pub fn to<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let given = given.to_lowercase();
    let mut similar: Vec<(f64, &str)> = names
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity >= LEAST)
        .collect();
    similar.sort_by(|(one, a), (two, b)| two.total_cmp(one).then_with(|| a.cmp(b)));
    similar.into_iter().take(MOST).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::to;

    const NAMES: [&str; 6] = [
        "MarkerNotSeen",
        "MarkerDuplicated",
        "ProbeMarkerNotSeen",
        "Timeout",
        "PG11",
        "PG12",
    ];

    #[test]
    fn a_typing_error_leads_to_the_name_and_nonsense_to_none() {
        assert_eq!(
            to("markernotsene", NAMES.into_iter()).first(),
            Some(&"MarkerNotSeen")
        );
        assert_eq!(to("PG1", NAMES.into_iter()), ["PG11", "PG12"]);
        assert_eq!(to("zzzz", NAMES.into_iter()), [""; 0]);
    }
}
