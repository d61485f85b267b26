//! The engines a check applies to.

use crossover_core::{Direction, Plan, plan::EngineName};

/// The engines a check applies to. `None` stands for every engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppliesTo {
    /// The engine of the old writer.
    pub old_writer: Option<&'static str>,
    /// The engine of the new writer.
    pub new_writer: Option<&'static str>,
    /// The engine that carries changes.
    pub replication: Option<&'static str>,
}

/// PostgreSQL as a plan names its engine.
const POSTGRESQL: &str = "postgresql";

impl AppliesTo {
    /// For facts that every engine has.
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

    /// The reason why a check does not apply to the engines of this plan; `None` where the check applies.
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
    (wanted != given.as_str()).then(|| format!("the check applies to {wanted} only; {what} is {given}"))
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
    fn a_check_that_does_not_apply_names_the_engine_of_the_old_or_new_writer() {
        let mixed = plan("mysql", "postgresql");
        let obstacle = |check: AppliesTo, direction| check.obstacle(&mixed, direction);
        assert_eq!(obstacle(AppliesTo::EVERY_ENGINE, Direction::Forward), None);
        assert_eq!(obstacle(AppliesTo::NEW_POSTGRESQL, Direction::Forward), None);
        assert_eq!(obstacle(AppliesTo::OLD_POSTGRESQL, Direction::Reverse), None);
        assert_eq!(
            obstacle(AppliesTo::POSTGRESQL, Direction::Forward).as_deref(),
            Some("the check applies to postgresql only; the old writer is mysql")
        );
        assert!(obstacle(AppliesTo::NEW_POSTGRESQL, Direction::Reverse).is_some());
        let other_carrier = AppliesTo {
            replication: Some("another"),
            ..AppliesTo::EVERY_ENGINE
        };
        assert!(obstacle(other_carrier, Direction::Forward).is_some());
    }
}
