//! The engines a check applies to.

use crossover_core::plan::EngineName;

use super::CheckContext;

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

    /// The reason why a check does not apply to these engines; `None` where the check applies. An engine of
    /// the replication that is not known is no obstacle: a check that needs the replication has no answer then.
    pub fn obstacle(self, ctx: &CheckContext<'_>) -> Option<String> {
        let carrier = ctx.carrier.as_ref().ok();
        self.differing(
            ctx.old_writer.engine,
            ctx.new_writer.engine,
            carrier.map(|carrier| carrier.engine),
        )
    }

    fn differing(self, old: &EngineName, new: &EngineName, carrier: Option<&EngineName>) -> Option<String> {
        [
            ("the old writer", self.old_writer, Some(old)),
            ("the new writer", self.new_writer, Some(new)),
            ("replication", self.replication, carrier),
        ]
        .into_iter()
        .find_map(|(what, wanted, given)| differs(what, wanted?, given?))
    }
}

fn differs(what: &str, wanted: &str, given: &EngineName) -> Option<String> {
    (wanted != given.as_str()).then(|| format!("the check applies to {wanted} only; {what} is {given}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_does_not_apply_names_the_engine_of_the_old_or_new_writer() {
        let (mysql, postgresql) = (EngineName::new("mysql"), EngineName::new("postgresql"));
        let memory = EngineName::new("memory");
        let forward = |check: AppliesTo| check.differing(&mysql, &postgresql, Some(&memory));
        let back = |check: AppliesTo| check.differing(&postgresql, &mysql, Some(&memory));
        assert_eq!(forward(AppliesTo::EVERY_ENGINE), None);
        assert_eq!(forward(AppliesTo::NEW_POSTGRESQL), None);
        assert_eq!(back(AppliesTo::OLD_POSTGRESQL), None);
        assert_eq!(
            forward(AppliesTo::POSTGRESQL).as_deref(),
            Some("the check applies to postgresql only; the old writer is mysql")
        );
        assert!(back(AppliesTo::NEW_POSTGRESQL).is_some());
        let other_carrier = AppliesTo {
            replication: Some("another"),
            ..AppliesTo::EVERY_ENGINE
        };
        assert!(forward(other_carrier).is_some());
        assert_eq!(other_carrier.differing(&mysql, &postgresql, None), None);
    }
}
