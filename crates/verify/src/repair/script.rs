//! The plan as two SQL files: the repair and its inverse.

use std::fmt::Write as _;

use crossover_core::{
    ports::Repair,
    rows::{Action, RowChange},
};

use super::{RepairPlan, TablePlan};

/// Statements per transaction.
const TOGETHER: usize = 100;

/// Contents of the files' headers.
#[derive(Debug, Clone)]
pub struct Heading {
    /// When the plan was made.
    pub made: String,
    /// The databases, without passwords.
    pub source: String,
    pub target: String,
    /// The comparison on which the plan is based.
    pub comparison: String,
    /// The option that repairs rows while they change.
    pub while_changing: String,
}

/// The two files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripts {
    pub repair: String,
    pub inverse: String,
}

/// Writes the plan as SQL. The inverse, run after the repair, restores exactly the previous rows.
pub fn scripts(plan: &RepairPlan, target: &dyn Repair, heading: &Heading) -> Scripts {
    let there: Vec<(&TablePlan, RowChange)> = plan
        .steps()
        .into_iter()
        .flat_map(|step| step.changes.into_iter().map(move |c| (step.table, c.clone())))
        .collect();
    let back: Vec<(&TablePlan, RowChange)> = there
        .iter()
        .rev()
        .map(|(table, change)| (*table, change.inverse()))
        .collect();
    let write = |title: &str, changes: &[(&TablePlan, RowChange)]| {
        let mut text = head(title, plan, heading, changes.len());
        // Writing into a string cannot fail.
        let _ = writeln!(text, "\n{}", target.settings());
        // Rows with circular references are consistent only together.
        let together = if plan.silent || plan.cycles.is_empty() {
            TOGETHER
        } else {
            changes.len().max(1)
        };
        for batch in changes.chunks(together) {
            let _ = writeln!(text, "\n{}", target.opening(plan.silent));
            for (table, change) in batch {
                let _ = writeln!(
                    text,
                    "\n{}\n{};",
                    comment(&about(table, change)),
                    target.statement(&table.table, change)
                );
            }
            let _ = writeln!(text, "\ncommit;");
        }
        text
    };
    Scripts {
        repair: write("Repair: makes rows of the target equal to the source.", &there),
        inverse: write(
            "Inverse of repair.sql: restores the target's rows as they were before the repair.",
            &back,
        ),
    }
}

fn head(title: &str, plan: &RepairPlan, heading: &Heading, rows: usize) -> String {
    let mut lines = vec![
        title.to_owned(),
        format!(
            "Made {}: from the {} to the {}.",
            heading.made, heading.source, heading.target
        ),
        format!("Based on: {}.", heading.comparison),
        format!(
            "{rows} rows. Each statement touches its row only while the row is what the comparison saw; a count of 0 means that the row has changed."
        ),
        format!(
            "Run on the target while the source's rows stay as they are: psql -v ON_ERROR_STOP=1 -f FILE. With changes under way: {}.",
            heading.while_changing
        ),
        if plan.silent {
            "Triggers and foreign keys do not fire (session_replication_role = replica).".to_owned()
        } else {
            "Triggers and foreign keys fire: the role may not set session_replication_role.".to_owned()
        },
    ];
    lines.extend(plan.cycles.iter().map(|cycle| {
        let tables: Vec<String> = cycle.iter().map(ToString::to_string).collect();
        format!("Circular foreign keys: {}.", tables.join(", "))
    }));
    lines.extend(
        plan.refused
            .iter()
            .map(|table| format!("Not repaired: {}: {}", table.name, table.reason)),
    );
    lines.iter().map(|line| comment(line) + "\n").collect()
}

fn about(table: &TablePlan, change: &RowChange) -> String {
    let form = &table.table.form;
    let key: Vec<String> = form
        .key_columns()
        .zip(&change.key)
        .map(|(column, text)| format!("{} = {text}", column.name))
        .collect();
    let columns: Vec<&str> = change
        .changing()
        .into_iter()
        .filter_map(|place| form.columns.get(place))
        .map(|c| c.name.as_str())
        .collect();
    let what = match change.action() {
        Action::Update => format!("update {}", columns.join(", ")),
        other => other.as_str().to_owned(),
    };
    format!("{} ({}): {what}", form.table, key.join(", "))
}

/// One line that stays a comment whatever the text contains.
fn comment(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!("-- {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_can_end_a_comment() {
        assert_eq!(comment("a\nb\r\0; drop"), "-- a b  ; drop");
    }
}
