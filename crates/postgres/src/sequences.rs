//! Sequence positions.
//!
//! `pg_sequences.last_value` is not reliable: the value is NULL for an unused sequence, but also after `alter
//! sequence ... restart with n` and for a role without rights. The sequence itself is read instead.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use crossover_core::{
    catalogue::SequenceFacts,
    plan::Scope,
    ports::{PortError, PortResult, Sequences},
};
use tokio_postgres::types::Type;

use crate::{
    PostgresDatabase,
    quoting::{literal, qualified},
};

const SEQUENCES: &str = concat!(include_str!("sql/scope.sql"), include_str!("sql/sequences.sql"));
/// Settings of and rights on the sequences; `$1` and `$2` are their schemas and names.
pub(crate) const NAMED: &str = include_str!("sql/named_sequences.sql");
pub(crate) const MOVE: &str = "select setval(format('%I.%I', m.schema, m.name)::regclass, m.position, true) \
                    from unnest($1::text[], $2::text[], $3::bigint[]) as m (schema, name, position)";

impl PostgresDatabase {
    /// Every sequence in scope with its position.
    pub(crate) async fn sequences_in(&self, scope: &Scope) -> PortResult<Vec<SequenceFacts>> {
        let rows = self.query_scope_prepared(SEQUENCES, scope, &[]).await?;
        let settings = rows
            .iter()
            .map(|row| self.sequence(row))
            .collect::<PortResult<Vec<_>>>()?;
        self.with_positions(settings, false).await
    }

    fn sequence(&self, row: &tokio_postgres::Row) -> PortResult<(SequenceFacts, bool, bool)> {
        let facts = SequenceFacts {
            schema: self.read(row, "schema")?,
            name: self.read(row, "name")?,
            increment: self.read(row, "increment")?,
            min_value: self.read(row, "min_value")?,
            max_value: self.read(row, "max_value")?,
            cycle: self.read(row, "cycle")?,
            cache: self.read(row, "cache")?,
            last_value: self.read(row, "last_value")?,
            start_value: self.read(row, "start_value")?,
        };
        Ok((facts, self.read(row, "readable")?, self.read(row, "movable")?))
    }

    async fn with_positions(
        &self,
        settings: Vec<(SequenceFacts, bool, bool)>,
        to_move: bool,
    ) -> PortResult<Vec<SequenceFacts>> {
        let barred: Vec<String> = settings
            .iter()
            .filter(|(_, readable, movable)| !readable || (to_move && !movable))
            .map(|(facts, ..)| facts.to_string())
            .collect();
        if !barred.is_empty() {
            let rights = if to_move { "select, update" } else { "select" };
            return Err(self.refused(format!(
                "sequences without the right to use them: {}; grant {rights} on them to {}",
                barred.join(", "),
                self.own_role
            )));
        }
        let mut sequences: Vec<SequenceFacts> = settings.into_iter().map(|(facts, ..)| facts).collect();
        // Only sequences that seem unused, because they may have been restarted.
        let reads: Vec<String> = sequences
            .iter()
            .filter(|s| s.last_value.is_none())
            .map(|s| {
                let (schema, name) = (literal(&s.schema), literal(&s.name));
                format!(
                    "select {schema}::text as schema, {name}::text as name, q.last_value, q.is_called from {} q",
                    qualified(&s.schema, &s.name)
                )
            })
            .collect();
        if reads.is_empty() {
            return Ok(sequences);
        }
        let rows = self.query(&reads.join(" union all "), &[]).await?;
        let mut found = BTreeMap::new();
        for row in &rows {
            let name: (String, String) = (self.read(row, "schema")?, self.read(row, "name")?);
            found.insert(
                name,
                (
                    self.read::<i64>(row, "last_value")?,
                    self.read::<bool>(row, "is_called")?,
                ),
            );
        }
        for sequence in sequences.iter_mut().filter(|s| s.last_value.is_none()) {
            let name = (sequence.schema.clone(), sequence.name.clone());
            let (value, called) = found
                .remove(&name)
                .ok_or_else(|| PortError::unexpected(self.what(), format!("no position of {sequence}")))?;
            sequence.last_value = used_up_to(sequence, value, called);
        }
        Ok(sequences)
    }
}

/// The last value that counts as handed out: of a sequence restarted at `value`, the value before it.
fn used_up_to(sequence: &SequenceFacts, value: i64, called: bool) -> Option<i64> {
    if called {
        Some(value)
    } else if value == sequence.start_value {
        None
    } else {
        sequence.value_before(value)
    }
}

#[async_trait]
impl Sequences for PostgresDatabase {
    async fn advance_sequences(
        &self,
        positions: &[SequenceFacts],
        headroom: i64,
    ) -> PortResult<Vec<SequenceFacts>> {
        let names = |field: fn(&SequenceFacts) -> &str| positions.iter().map(field).collect::<Vec<_>>();
        let (schemas, sequences) = (names(|p| &p.schema), names(|p| &p.name));
        let rows = self
            .query_prepared(
                NAMED,
                &[(&schemas, Type::TEXT_ARRAY), (&sequences, Type::TEXT_ARRAY)],
            )
            .await?;
        let settings = rows
            .iter()
            .map(|row| self.sequence(row))
            .collect::<PortResult<Vec<_>>>()?;
        let here: BTreeSet<(&str, &str)> = settings
            .iter()
            .map(|(own, ..)| (own.schema.as_str(), own.name.as_str()))
            .collect();
        let missing: BTreeSet<String> = positions
            .iter()
            .filter(|p| !here.contains(&(p.schema.as_str(), p.name.as_str())))
            .map(ToString::to_string)
            .collect();
        if !missing.is_empty() {
            let missing = missing.into_iter().collect::<Vec<_>>().join(", ");
            return Err(PortError::missing(format!(
                "in {}: sequence {missing}",
                self.what()
            )));
        }
        let mut owns = self.with_positions(settings, true).await?;
        let others: BTreeMap<_, _> = positions
            .iter()
            .map(|p| ((p.schema.as_str(), p.name.as_str()), p))
            .collect();
        let against: Vec<String> = owns
            .iter()
            .filter(|own| {
                let other = others.get(&(own.schema.as_str(), own.name.as_str()));
                other.is_some_and(|other| other.increment.signum() != own.increment.signum())
            })
            .map(ToString::to_string)
            .collect();
        if !against.is_empty() {
            return Err(self.refused(format!(
                "sequences whose increment has the opposite sign on the other side: {}; alter the increment",
                against.join(", ")
            )));
        }
        let (mut schemas, mut names, mut moves) = (Vec::new(), Vec::new(), Vec::new());
        for own in &mut owns {
            let other = others.get(&(own.schema.as_str(), own.name.as_str()));
            if let Some(position) = other.and_then(|other| own.position_after(other, headroom)) {
                schemas.push(own.schema.clone());
                names.push(own.name.clone());
                moves.push(position);
                own.last_value = Some(position);
            }
        }
        if !moves.is_empty() {
            let params = [
                (&schemas as _, Type::TEXT_ARRAY),
                (&names as _, Type::TEXT_ARRAY),
                (&moves as _, Type::INT8_ARRAY),
            ];
            self.query_prepared(MOVE, &params).await?;
        }
        Ok(owns)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sequence(increment: i64, last_value: Option<i64>) -> SequenceFacts {
        SequenceFacts {
            schema: "s".into(),
            name: "q".into(),
            increment,
            min_value: -1_000,
            max_value: 1_000,
            cycle: false,
            cache: 1,
            last_value,
            start_value: 1,
        }
    }

    #[test]
    fn an_unused_sequence_is_unchanged() {
        assert_eq!(sequence(1, None).position_after(&sequence(1, None), 10), None);
    }

    #[test]
    fn a_restarted_sequence_counts_earlier_values_as_used() {
        assert_eq!(used_up_to(&sequence(1, None), 500, false), Some(499));
        assert_eq!(used_up_to(&sequence(-5, None), 500, false), Some(505));
        assert_eq!(used_up_to(&sequence(1, None), 1, false), None);
    }

    proptest! {
        #[test]
        fn the_position_is_beyond_the_other_one_never_back_and_stays_when_repeated(
            increment in prop_oneof![-7_i64..=-1, 1_i64..=7],
            own in proptest::option::of(-1_000_i64..=1_000),
            other in -1_000_i64..=1_000,
            headroom in 0_i64..2_000,
        ) {
            let mut own = sequence(increment, own);
            let other = sequence(increment, Some(other));
            let before = own.last_value;
            if let Some(position) = own.position_after(&other, headroom) {
                own.last_value = Some(position);
            }
            let mirrored = |value: i64| value * increment.signum();
            let now = own.last_value.unwrap();
            let most = mirrored(if increment > 0 { own.max_value } else { own.min_value });
            let wanted = (mirrored(other.last_value.unwrap()) + increment.abs() * headroom).min(most);
            prop_assert!(mirrored(now) >= wanted);
            prop_assert!(before.is_none_or(|before| mirrored(now) >= mirrored(before)));
            prop_assert_eq!(own.position_after(&other, headroom), None);
        }
    }
}
