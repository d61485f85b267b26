//! Remedies in terms of the plan. The comparison names the reason, but does not know the fields of a plan.

use crossover_verify::{Cause, CouldNotRun, VerifyError};

/// A table that was not compared, with the reason and the remedy.
pub fn not_compared(table: &CouldNotRun) -> String {
    let CouldNotRun { name, reason, .. } = table;
    format!("{name} (not compared: {reason}; {})", remedy(table))
}

fn remedy(table: &CouldNotRun) -> String {
    let name = &table.name;
    match table.cause {
        Cause::NoSuchTable => format!("create {name} on that side, or add it to scope.exclude of the plan"),
        Cause::Encoding => {
            "one side holds text that the other side's encoding cannot represent: correct that text, or add the table to \
             scope.exclude of the plan"
                .to_owned()
        }
        Cause::Refused => {
            "remove the cause that the server names, or add the table to scope.exclude of the plan; then run the stage again"
                .to_owned()
        }
        Cause::Stopped => {
            "compare the table with `crossover verify`, which allows longer statements; if an administrator cancelled the \
             statement, run the stage again"
                .to_owned()
        }
        Cause::CatalogueStopped => {
            "compare the schemas with `crossover verify`, which allows more time; if an administrator cancelled the statement, run the \
             stage again"
                .to_owned()
        }
        _ => table.remedy.clone(),
    }
}

/// Why the comparison as a whole could not be made.
pub fn error(error: &VerifyError) -> String {
    match error {
        VerifyError::Nothing => {
            format!(
                "{error}; check scope.schemas and scope.exclude of the plan, and the dbname in both secrets"
            )
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_for_a_missing_table_names_the_field_of_the_plan() {
        let table = CouldNotRun {
            name: "shop.a".to_owned(),
            reason: "the target has no such table".to_owned(),
            remedy: "general".to_owned(),
            cause: Cause::NoSuchTable,
        };
        assert_eq!(
            not_compared(&table),
            "shop.a (not compared: the target has no such table; create shop.a on that side, or add it to scope.exclude of the plan)"
        );
        let other = CouldNotRun {
            cause: Cause::NoRight,
            ..table
        };
        assert!(not_compared(&other).ends_with("; general)"));
    }
}
