//! The values behind `${{ }}`. GitHub's language is not evaluated: an expression is looked up as it is written, and one
//! that is not in the table fails the test.

use std::collections::BTreeMap;

/// Expressions and their values.
#[derive(Debug, Clone, Default)]
pub struct Table(BTreeMap<String, String>);

impl Table {
    pub fn set(&mut self, expression: impl Into<String>, value: impl Into<String>) {
        self.0.insert(expression.into(), value.into());
    }

    pub fn value(&self, expression: &str) -> &str {
        self.0.get(expression).unwrap_or_else(|| {
            let known: Vec<&String> = self.0.keys().collect();
            panic!("the expression {expression:?} has no value; those that have: {known:?}")
        })
    }

    /// A text with its expressions replaced.
    pub fn text(&self, template: &str) -> String {
        let mut parts = template.split("${{");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (expression, behind) = part
                .split_once("}}")
                .unwrap_or_else(|| panic!("{template:?} has an expression without an end"));
            text.push_str(self.value(expression.trim()));
            text.push_str(behind);
        }
        text
    }

    /// Whether a step or a job of this condition runs. `failed`: something before it has failed. A condition without a
    /// function of its own is one of success, as for GitHub.
    pub fn holds(&self, condition: &str, failed: bool) -> bool {
        match condition {
            "" => !failed,
            "always()" => true,
            // Nothing is cancelled here.
            "failure()" | "failure() || cancelled()" => failed,
            compared => {
                let (left, right) = compared
                    .split_once(" == ")
                    .unwrap_or_else(|| panic!("the condition {condition:?} is not known here"));
                let right = right
                    .strip_prefix('\'')
                    .and_then(|right| right.strip_suffix('\''))
                    .unwrap_or_else(|| panic!("the condition {condition:?} is not known here"));
                !failed && self.value(left) == right
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::default();
        table.set("inputs.mode", "execute");
        table.set("github.run_id", "7");
        table
    }

    #[test]
    fn expressions_are_replaced_wherever_they_stand() {
        let text = table().text("gh-${{ github.run_id }}-${{inputs.mode}}.");
        assert_eq!(text, "gh-7-execute.");
        assert_eq!(table().text("$HOME ${x}"), "$HOME ${x}");
    }

    #[test]
    #[should_panic(expected = "github.ref\" has no value")]
    fn an_unknown_expression_fails_the_test() {
        table().text("${{ github.ref }}");
    }

    #[test]
    #[should_panic(expected = "is not known here")]
    fn an_unknown_condition_fails_the_test() {
        table().holds("inputs.mode == 'execute' && true", false);
    }

    #[test]
    fn a_failure_stops_everything_that_does_not_ask_for_it() {
        for (condition, fresh, failed) in [
            ("", true, false),
            ("always()", true, true),
            ("failure()", false, true),
            ("failure() || cancelled()", false, true),
            ("inputs.mode == 'execute'", true, false),
            ("inputs.mode == 'dry-run'", false, false),
        ] {
            let held = [false, true].map(|before| table().holds(condition, before));
            assert_eq!(held, [fresh, failed], "{condition}");
        }
    }
}
