//! Evaluates a server's settings for a cutover.

use crossover_core::catalogue::{Need, ServerFacts, Shortfall};

/// Settings and counters of a server.
#[derive(Debug, Clone)]
pub(crate) struct ServerFigures {
    pub wal_level: String,
    /// Number in use, and the configured maximum.
    pub slots: (u32, u32),
    /// Number in use, and the configured maximum.
    pub senders: (u32, u32),
    pub in_recovery: bool,
}

impl ServerFigures {
    /// The facts about a server of this version (for example 160014) with these figures.
    pub fn judged(&self, version_num: u32) -> ServerFacts {
        ServerFacts {
            version_num,
            decodes_changes: need(
                self.wal_level == "logical",
                "wal_level",
                format!("is {}, changes cannot be decoded", self.wal_level),
                "set wal_level = logical (Aurora, RDS: rds.logical_replication = 1) and restart",
            ),
            retains_another_position: need(
                self.slots.0 < self.slots.1,
                "max_replication_slots",
                format!("all {} slots are in use", self.slots.1),
                "drop unused slots or raise max_replication_slots and restart",
            ),
            serves_another_reader: need(
                self.senders.0 < self.senders.1,
                "max_wal_senders",
                format!("all {} senders are in use", self.senders.1),
                "raise max_wal_senders and restart",
            ),
            takes_writes: need(
                !self.in_recovery,
                "server",
                "is a standby".to_owned(),
                "name the primary (the writer endpoint) in its secret",
            ),
        }
    }
}

fn need(met: bool, object: &str, message: String, remedy: &str) -> Need {
    Need::unless((!met).then(|| Shortfall {
        object: object.to_owned(),
        message,
        remedy: remedy.to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> ServerFigures {
        ServerFigures {
            wal_level: "logical".into(),
            slots: (9, 10),
            senders: (9, 10),
            in_recovery: false,
        }
    }

    fn missing(figures: &ServerFigures) -> Vec<String> {
        let facts = figures.judged(160_014);
        [
            facts.decodes_changes,
            facts.retains_another_position,
            facts.serves_another_reader,
            facts.takes_writes,
        ]
        .iter()
        .filter_map(|need| need.shortfall().map(|s| s.object.clone()))
        .collect()
    }

    #[test]
    fn one_free_place_of_each_kind_is_enough() {
        assert_eq!(missing(&good()), Vec::<String>::new());
    }

    #[test]
    fn every_insufficient_figure_is_reported_with_its_setting() {
        let changed = |change: fn(&mut ServerFigures)| {
            let mut figures = good();
            change(&mut figures);
            missing(&figures)
        };
        assert_eq!(changed(|f| f.wal_level = "replica".into()), ["wal_level"]);
        assert_eq!(changed(|f| f.slots.0 = 10), ["max_replication_slots"]);
        assert_eq!(changed(|f| f.senders.0 = 10), ["max_wal_senders"]);
        assert_eq!(changed(|f| f.in_recovery = true), ["server"]);
    }
}
