//! The plan as two SQL files: the repair and its inverse.

use std::io::{self, Write};

use crossover_core::{
    ports::{PortError, Repair},
    rows::{Action, RowKey},
};

use super::{
    RepairPlan, TablePlan,
    planned::{Planned, by_key, portions},
};
use crate::run::Sides;

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

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

type Change<'p> = (&'p TablePlan, &'p Planned);

/// Writes the plan as SQL, and its inverse: run after the repair, it restores exactly the previous rows. The values are
/// read again, a few rows at a time; a row that is no longer what the comparison saw is left out, with a comment.
///
/// # Errors
/// A side that does not answer; a file that cannot be written.
pub async fn write_scripts(
    sides: &Sides<'_>,
    plan: &RepairPlan,
    target: &dyn Repair,
    heading: &Heading,
    (repair, inverse): (&mut (dyn Write + Send), &mut (dyn Write + Send)),
) -> Result<(), ScriptError> {
    let mut changes: Vec<Change<'_>> = plan
        .steps()
        .into_iter()
        .flat_map(|step| step.changes.into_iter().map(move |c| (step.table, c)))
        .collect();
    let mut file = ScriptFile {
        sides,
        plan,
        target,
        inverse: false,
        out: repair,
    };
    let title = "Repair: makes rows of the target equal to the source.";
    file.write(title, heading, &changes).await?;
    changes.reverse();
    file.inverse = true;
    file.out = inverse;
    let title = "Inverse of repair.sql: restores the target's rows as they were before the repair.";
    file.write(title, heading, &changes).await
}

/// One file as it is written.
struct ScriptFile<'a> {
    sides: &'a Sides<'a>,
    plan: &'a RepairPlan,
    target: &'a dyn Repair,
    inverse: bool,
    out: &'a mut (dyn Write + Send),
}

impl ScriptFile<'_> {
    async fn write(
        &mut self,
        title: &str,
        heading: &Heading,
        changes: &[Change<'_>],
    ) -> Result<(), ScriptError> {
        self.out
            .write_all(head(title, self.plan, heading, changes.len()).as_bytes())?;
        writeln!(self.out, "\n{}", self.target.settings())?;
        // Rows with circular references are consistent only together.
        let together = if self.plan.silent || self.plan.cycles.is_empty() {
            TOGETHER
        } else {
            changes.len().max(1)
        };
        for transaction in changes.chunks(together) {
            writeln!(self.out, "\n{}", self.target.opening(self.plan.silent))?;
            for part in transaction.chunk_by(|(one, _), (two, _)| std::ptr::eq(*one, *two)) {
                let mut rest = part;
                for length in portions(part.iter().map(|(_, change)| change.bytes), TOGETHER) {
                    let (portion, later) = rest.split_at(length);
                    rest = later;
                    self.statements(portion).await?;
                }
            }
            writeln!(self.out, "\ncommit;")?;
        }
        Ok(())
    }

    /// The statements of some rows of one table.
    async fn statements(&mut self, changes: &[Change<'_>]) -> Result<(), ScriptError> {
        let Some((table, _)) = changes.first() else {
            return Ok(());
        };
        let keys: Vec<RowKey> = changes.iter().map(|(_, change)| change.key.clone()).collect();
        let read = futures::try_join!(
            self.sides.source.values_of(&table.source, &keys),
            self.sides.target.values_of(&table.table.form, &keys)
        );
        let (ours, theirs) = match read {
            Ok(rows) => rows,
            Err(error @ PortError::Refused { .. }) => {
                for (_, planned) in changes {
                    let about = about(table, planned, self.inverse);
                    writeln!(self.out, "\n{}", comment(&format!("{about}: left out, {error}")))?;
                }
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let (mut ours, mut theirs) = (by_key(ours), by_key(theirs));
        for (_, planned) in changes {
            let values = (theirs.remove(&planned.key), ours.remove(&planned.key));
            let about = about(table, planned, self.inverse);
            match planned.with_values(values.0, values.1) {
                None => writeln!(
                    self.out,
                    "\n{}",
                    comment(&format!(
                        "{about}: left out, the row has changed since the comparison"
                    ))
                )?,
                Some(change) => {
                    let change = if self.inverse { change.inverse() } else { change };
                    let statement = self.target.statement(&table.table, &change);
                    writeln!(self.out, "\n{}\n{statement};", comment(&about))?;
                }
            }
        }
        Ok(())
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

fn about(table: &TablePlan, change: &Planned, inverse: bool) -> String {
    let form = &table.table.form;
    let key: Vec<String> = form
        .key_columns()
        .zip(&change.key)
        .map(|(column, text)| format!("{} = {text}", column.name))
        .collect();
    let action = match change.action() {
        Action::Delete if inverse => Action::Insert,
        Action::Insert if inverse => Action::Delete,
        action => action,
    };
    let what = match action {
        Action::Update => format!("update {}", change.columns.join(", ")),
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
