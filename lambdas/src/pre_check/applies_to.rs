//! Which engines a check is about.

use crossover_core::{Direction, Plan, plan::EngineName};

/// The engines a check is about; none: whatever engine the plan names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppliesTo {
    /// The engine of the old writer.
    pub old_writer: Option<&'static str>,
    /// The engine of the new writer.
    pub new_writer: Option<&'static str>,
    /// The engine that carries changes.
    pub replication: Option<&'static str>,
}

/// The name of PostgreSQL in a plan.
const POSTGRESQL: &str = "postgresql";

impl AppliesTo {
    /// Facts that every engine has.
    pub const EVERY_ENGINE: Self = Self {
        old_writer: None,
        new_writer: None,
        replication: None,
    };
    /// Both sides are PostgreSQL.
    pub const POSTGRESQL: Self = Self {
        old_writer: Some(POSTGRESQL),
        new_writer: Some(POSTGRESQL),
        replication: None,
    };
    /// The old writer is PostgreSQL.
    pub const OLD_POSTGRESQL: Self = Self {
        old_writer: Some(POSTGRESQL),
        ..Self::EVERY_ENGINE
    };
    /// The new writer is PostgreSQL.
    pub const NEW_POSTGRESQL: Self = Self {
        new_writer: Some(POSTGRESQL),
        ..Self::EVERY_ENGINE
    };

    /// Why a check has nothing to say about the engines of this plan; none where it has.
    pub fn obstacle(self, plan: &Plan, direction: Direction) -> Option<String> {
        let (old, new) = match direction {
            Direction::Forward => (&plan.source.engine, &plan.target.engine),
            Direction::Reverse => (&plan.target.engine, &plan.source.engine),
        };
        [
            ("the old writer", self.old_writer, old),
            ("the new writer", self.new_writer, new),
            ("replication", self.replication, &plan.replication.engine),
        ]
        .into_iter()
        .find_map(|(what, wanted, given)| differs(what, wanted?, given))
    }
}

fn differs(what: &str, wanted: &str, given: &EngineName) -> Option<String> {
    (wanted != given.as_str()).then(|| format!("{what} is {given}, the check is about {wanted}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plan(source: &str, target: &str) -> Plan {
        serde_json::from_value(json!({
            "migration_id": "shop", "run_id": "run-1", "lane": "main",
            "source": {"engine": source, "secret_id": "s"}, "target": {"engine": target, "secret_id": "t"},
            "replication": {"engine": "memory"},
            "edge": {"admin_url": "https://edge", "secret_id": "e"},
        }))
        .unwrap()
    }

    #[test]
    fn a_check_of_another_engine_says_so_by_the_part_of_the_side_in_the_run() {
        let mixed = plan("mysql", "postgresql");
        let says = |check: AppliesTo, direction| check.obstacle(&mixed, direction);
        assert_eq!(says(AppliesTo::EVERY_ENGINE, Direction::Forward), None);
        assert_eq!(says(AppliesTo::NEW_POSTGRESQL, Direction::Forward), None);
        assert_eq!(says(AppliesTo::OLD_POSTGRESQL, Direction::Reverse), None);
        assert_eq!(
            says(AppliesTo::POSTGRESQL, Direction::Forward).as_deref(),
            Some("the old writer is mysql, the check is about postgresql")
        );
        assert!(says(AppliesTo::NEW_POSTGRESQL, Direction::Reverse).is_some());
        let other_carrier = AppliesTo {
            replication: Some("another"),
            ..AppliesTo::EVERY_ENGINE
        };
        assert!(says(other_carrier, Direction::Forward).is_some());
    }
}
