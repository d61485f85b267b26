//! The normal form of ICU locales. Versions before 16 store a locale as typed, later versions as a language
//! tag (BCP 47).
//!
//! Names of keywords and their values: Unicode CLDR `common/bcp47/collation.xml`, and the results of ICU's
//! `uloc_toLanguageTag`.

/// The language tag of a locale: `@colNumeric=yes` and `und-u-kn` are `und-u-kn-true`,
/// `de_DE@collation=phonebook` is `de-DE-u-co-phonebk`.
pub(crate) fn language_tag(locale: &str) -> String {
    let (name, keywords) = locale.split_once('@').unwrap_or((locale, ""));
    // `en_US.UTF-8`
    let name = name.split('.').next().unwrap_or_default();
    let mut extension = Extension::default();
    let (mut tag, mut private) = (Vec::new(), Vec::new());
    let mut subtags = name
        .split(['_', '-'])
        .filter(|subtag| !subtag.is_empty())
        .peekable();
    while let Some(subtag) = subtags.next() {
        let lower = subtag.to_ascii_lowercase();
        match lower.as_str() {
            "u" if !tag.is_empty() => extension.read(subtags.by_ref().map(str::to_ascii_lowercase)),
            "posix" => extension.set("va", "posix"),
            "phonebook" | "traditional" => extension.set("co", value_of("co", &lower)),
            // Private use: later subtags have no standard meaning.
            "x" => private = subtags.by_ref().map(str::to_ascii_lowercase).collect(),
            _ => tag.push(cased(&lower, tag.is_empty())),
        }
    }
    if tag.first().is_none_or(|language| language == "root") {
        tag.splice(..tag.len().min(1), ["und".to_owned()]);
    }
    for (keyword, value) in keywords.split(';').filter_map(|pair| pair.split_once('=')) {
        let (keyword, value) = (
            keyword.trim().to_ascii_lowercase(),
            value.trim().to_ascii_lowercase(),
        );
        let key = key_of(&keyword);
        extension.set(key, value_of(key, &value));
    }
    tag.extend(extension.subtags());
    if !private.is_empty() {
        tag.retain(|subtag| subtag != "und");
        tag.push("x".to_owned());
        tag.append(&mut private);
    }
    tag.join("-")
}

/// The language in lower case, the script with an initial capital, the region in capitals.
fn cased(subtag: &str, is_language: bool) -> String {
    match subtag.len() {
        2 if is_language => current_language(subtag).to_owned(),
        2 if !is_language => subtag.to_ascii_uppercase(),
        4 if !is_language && subtag.chars().all(|c| c.is_ascii_alphabetic()) => {
            let (first, rest) = subtag.split_at(1);
            first.to_ascii_uppercase() + rest
        }
        _ => subtag.to_owned(),
    }
}

/// The present code of languages whose code has changed (ISO 639-1).
fn current_language(code: &str) -> &str {
    match code {
        "in" => "id",
        "iw" => "he",
        "ji" => "yi",
        "jw" => "jv",
        "mo" => "ro",
        code => code,
    }
}

/// The keys of a tag's extension `u` with their values.
#[derive(Default)]
struct Extension(std::collections::BTreeMap<String, String>);

impl Extension {
    /// Sets a key unless it is set already.
    fn set(&mut self, key: &str, value: &str) {
        self.0.entry(key.to_owned()).or_insert_with(|| value.to_owned());
    }

    /// Keys have two letters, their values more; a key without a value is true.
    fn read(&mut self, subtags: impl Iterator<Item = String>) {
        let mut key = String::new();
        let mut values: Vec<String> = Vec::new();
        for subtag in subtags.chain([String::new()]) {
            if subtag.len() > 2 {
                values.push(subtag);
                continue;
            }
            if !key.is_empty() {
                self.set(&key, value_of(&key, &values.join("-")));
            }
            values.clear();
            key = subtag;
        }
    }

    fn subtags(self) -> Vec<String> {
        let pairs = self.0.into_iter().flat_map(|(key, value)| [key, value]);
        let mut subtags: Vec<String> = pairs.collect();
        if !subtags.is_empty() {
            subtags.insert(0, "u".to_owned());
        }
        subtags
    }
}

/// The BCP 47 key of an ICU keyword.
fn key_of(keyword: &str) -> &str {
    match keyword {
        "calendar" => "ca",
        "colalternate" => "ka",
        "colbackwards" => "kb",
        "colcasefirst" => "kf",
        "colcaselevel" => "kc",
        "colhiraganaquaternary" => "kh",
        "collation" => "co",
        "colnormalization" => "kk",
        "colnumeric" => "kn",
        "colreorder" => "kr",
        "colstrength" => "ks",
        "currency" => "cu",
        "kv" | "maxvariable" => "kv",
        "numbers" => "nu",
        "timezone" => "tz",
        "variabletop" => "vt",
        other => other,
    }
}

/// The BCP 47 name of a value.
fn value_of<'v>(key: &str, value: &'v str) -> &'v str {
    match (key, value) {
        (_, "" | "yes") => "true",
        (_, "no") => "false",
        ("ks", "primary") => "level1",
        ("ks", "secondary") => "level2",
        ("ks", "tertiary") => "level3",
        ("ks", "quaternary" | "quarternary") => "level4",
        ("ks", "identical") => "identic",
        ("ka", "non-ignorable") => "noignore",
        ("co", "dictionary") => "dict",
        ("co", "gb2312han") => "gb2312",
        ("co", "phonebook") => "phonebk",
        ("co", "traditional") => "trad",
        ("ca", "gregorian") => "gregory",
        (_, value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_locale_have_the_same_tag() {
        for (tag, written) in [
            (
                "und-u-kf-lower-kn-true",
                &[
                    "@colCaseFirst=lower;colNumeric=yes",
                    "und-u-kf-lower-kn",
                    "und-u-kn-kf-lower",
                ][..],
            ),
            (
                "de-DE-u-co-phonebk",
                &[
                    "de_DE@collation=phonebook",
                    "de-DE-u-co-phonebk",
                    "DE-de-u-co-phonebk",
                ],
            ),
            (
                "und-u-ks-level2",
                &[
                    "@colStrength=secondary",
                    "und-u-ks-level2",
                    "root@colStrength=secondary",
                ],
            ),
            (
                "und-u-ka-shifted-kc-true-ks-level1",
                &["@colStrength=primary;colAlternate=shifted;colCaseLevel=yes"],
            ),
            ("en-US-u-va-posix", &["en_US_POSIX", "en-US-u-va-posix"]),
            ("en-US", &["en_US.UTF-8", "en-us"]),
            ("de-u-co-phonebk", &["de__PHONEBOOK", "de@collation=phonebook"]),
            ("he", &["iw", "he"]),
            ("x-icu", &["und-x-icu", "x-icu"]),
            ("en-x-icu", &["en-x-icu"]),
            ("zh-Hant-TW", &["zh_Hant_TW", "zh-hant-tw"]),
            ("de", &["de", "DE"]),
            ("und", &["", "und", "root"]),
        ] {
            for written in written {
                assert_eq!(language_tag(written), tag, "{written}");
            }
        }
        assert_ne!(language_tag("@colNumeric=yes"), language_tag("@colNumeric=no"));
    }
}
