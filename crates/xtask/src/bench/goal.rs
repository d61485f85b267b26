//! Verdicts computed from figures.

use serde_json::{Value, json};

use crate::bench::figures::Figure;

/// The required value of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// No requirement: the figure is only reported.
    None,
}

impl Goal {
    /// Whether the goal is met; none without a goal, or if a lower bound leaves the question open. An unknown
    /// figure misses the goal.
    pub fn is_met(self, figure: Option<Figure>) -> Option<bool> {
        let (met, bound_decides) = match (self, figure) {
            (Self::None, _) => return None,
            (_, None) => return Some(false),
            (Self::AtLeast(goal), Some(figure)) => (figure.value >= goal, figure.value >= goal),
            (Self::AtMost(goal), Some(figure)) => (figure.value <= goal, figure.value > goal),
        };
        let known = bound_decides || figure.is_some_and(|figure| !figure.at_least);
        known.then_some(met)
    }

    pub fn describe(self) -> String {
        match self {
            Self::AtLeast(goal) => format!(">= {goal}"),
            Self::AtMost(goal) => format!("<= {goal}"),
            Self::None => String::new(),
        }
    }
}

/// A figure with its name and its goal.
pub struct Mark {
    pub name: &'static str,
    pub figure: Option<Figure>,
    pub goal: Goal,
}

impl Mark {
    /// A line for readers.
    pub fn verdict(&self) -> String {
        let value = self.figure.map_or("unknown".to_owned(), |figure| {
            format!("{}{:.2}", if figure.at_least { ">= " } else { "" }, figure.value)
        });
        let met = match self.goal.is_met(self.figure) {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "",
        };
        format!("{:<34}{value:>12}  {:<8}{met}", self.name, self.goal.describe())
            .trim_end()
            .to_owned()
    }

    pub fn json(&self) -> Value {
        json!({
            "name": self.name,
            "value": self.figure.map(|figure| figure.value),
            "is_lower_bound": self.figure.is_some_and(|figure| figure.at_least),
            "target": match self.goal {
                Goal::None => Value::Null,
                goal => json!(goal.describe()),
            },
            "met": self.goal.is_met(self.figure),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_missed_or_left_open() {
        let (least, most) = (Goal::AtLeast(5.0), Goal::AtMost(1.15));
        assert_eq!(
            (
                least.is_met(Some(Figure::exactly(5.0))),
                least.is_met(Some(Figure::exactly(4.9)))
            ),
            (Some(true), Some(false))
        );
        assert_eq!(
            (
                least.is_met(Some(Figure::at_least(5.0))),
                least.is_met(Some(Figure::at_least(4.9)))
            ),
            (Some(true), None)
        );
        assert_eq!(
            (
                most.is_met(Some(Figure::exactly(1.15))),
                most.is_met(Some(Figure::exactly(1.2)))
            ),
            (Some(true), Some(false))
        );
        assert_eq!(
            (
                most.is_met(Some(Figure::at_least(1.1))),
                most.is_met(Some(Figure::at_least(1.2)))
            ),
            (None, Some(false))
        );
        assert_eq!(least.is_met(None), Some(false));
        assert_eq!(Goal::None.is_met(Some(Figure::exactly(1.0))), None);
    }
}
