//! What the plan can do about what stood in the way. The comparison names the reason, and no field of a plan.

use crossover_verify::{Cause, CouldNotRun, VerifyError};

/// A table that was not compared, why, and what to do.
pub fn not_compared(table: &CouldNotRun) -> String {
    let CouldNotRun { name, reason, .. } = table;
    format!("{name} (not compared: {reason}; {})", remedy(table))
}

fn remedy(table: &CouldNotRun) -> String {
    let name = &table.name;
    match table.cause {
        Cause::NoSuchTable => format!("create {name} there, or add it to scope.exclude of the plan"),
        Cause::Encoding => {
            "one side holds text that the other's encoding cannot represent: correct it there, or add the table to scope.exclude of \
             the plan"
                .to_owned()
        }
        Cause::Refused => {
            "do what the message asks for, or add the table to scope.exclude of the plan; then run the stage again".to_owned()
        }
        Cause::Stopped => {
            "compare it with `crossover verify`, which may run longer statements; if somebody cancelled it, run the stage again"
                .to_owned()
        }
        _ => table.remedy.clone(),
    }
}

/// Why nothing was compared at all.
pub fn error(error: &VerifyError) -> String {
    match error {
        VerifyError::Nothing => {
            format!("{error}; the plan's scope says what is compared, and its sides which databases")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_is_not_there_may_be_left_out_by_the_plan() {
        let table = CouldNotRun {
            name: "shop.a".to_owned(),
            reason: "the target has no such table".to_owned(),
            remedy: "general".to_owned(),
            cause: Cause::NoSuchTable,
        };
        assert_eq!(
            not_compared(&table),
            "shop.a (not compared: the target has no such table; create shop.a there, or add it to scope.exclude of the plan)"
        );
        let other = CouldNotRun {
            cause: Cause::NoRight,
            ..table
        };
        assert!(not_compared(&other).ends_with("; general)"));
    }
}
