//! The positions of the two sides' sequences.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Remedies, Remedy, Severity};
use crate::{catalogue::SequenceFacts, routing::Side};

/// The position of a sequence on the target relative to the source, in the direction in which it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SequenceOrder {
    /// All further values of the target lie beyond every value of the source and beyond the source's next
    /// value.
    Ahead,
    /// Both give out the same value next: correct while the source takes no writes.
    Level,
    /// The target would repeat values of the source. This is normal before a cutover, because sequences are
    /// not replicated, and an error once the application writes to the target.
    Behind,
    /// At least one of the two cycles, and their positions differ: which position is the later one cannot be
    /// known.
    Cycles,
    /// One counts up and the other down.
    Opposite,
    MissingOnTarget,
    /// Reported as a difference of the schema.
    ExtraOnTarget,
}

/// A sequence on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SequencePair {
    /// `schema.name`.
    pub sequence: String,
    /// The last value on the source; `None` for a sequence that is unused or missing there.
    pub source: Option<i64>,
    /// The last value on the target; `None` for a sequence that is unused or missing there.
    pub target: Option<i64>,
    pub order: SequenceOrder,
    /// `None` where nothing has to be done.
    pub severity: Option<Severity>,
    pub detail: String,
    pub remedy: Option<String>,
}

/// Every sequence of either side with its position, sorted by name. `writer` is the side the application
/// writes to.
pub fn positions(
    source: &[SequenceFacts],
    target: &[SequenceFacts],
    writer: Side,
    target_engine: &dyn Remedies,
) -> Vec<SequencePair> {
    let (ours, theirs) = (by_name(source), by_name(target));
    let names: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    names
        .into_iter()
        .map(|name| {
            let (schema, sequence) = name;
            let sides = (ours.get(name).copied(), theirs.get(name).copied());
            pair(
                format!("{schema}.{sequence}"),
                sides.0,
                sides.1,
                writer,
                target_engine,
            )
        })
        .collect()
}

fn by_name(sequences: &[SequenceFacts]) -> BTreeMap<(&str, &str), &SequenceFacts> {
    sequences
        .iter()
        .map(|s| ((s.schema.as_str(), s.name.as_str()), s))
        .collect()
}

fn order(source: Option<&SequenceFacts>, target: Option<&SequenceFacts>) -> SequenceOrder {
    match (source, target) {
        (None, _) => SequenceOrder::ExtraOnTarget,
        (_, None) => SequenceOrder::MissingOnTarget,
        (Some(source), Some(target)) if source.increment.signum() != target.increment.signum() => {
            SequenceOrder::Opposite
        }
        (Some(source), Some(target)) if source.last_value == target.last_value => SequenceOrder::Level,
        (Some(source), Some(target)) if source.cycles_with(target) && source.last_value.is_some() => {
            SequenceOrder::Cycles
        }
        (Some(source), Some(target)) if target.is_beyond(source) => SequenceOrder::Ahead,
        _ => SequenceOrder::Behind,
    }
}

fn pair(
    sequence: String,
    source: Option<&SequenceFacts>,
    target: Option<&SequenceFacts>,
    writer: Side,
    target_engine: &dyn Remedies,
) -> SequencePair {
    let order = order(source, target);
    let description = match order {
        SequenceOrder::Ahead => "the target is ahead",
        SequenceOrder::Level => "level",
        SequenceOrder::Behind => "the target is behind",
        SequenceOrder::Cycles => "it cycles, so its positions do not show which side would repeat values",
        SequenceOrder::Opposite => "the two sides count in opposite directions",
        SequenceOrder::MissingOnTarget => "missing on the target",
        SequenceOrder::ExtraOnTarget => "only on the target",
    };
    let place = |side: Option<&SequenceFacts>, name: &str| {
        side.map(|s| match s.last_value {
            Some(value) => format!("{value} on the {name}"),
            None => format!("unused on the {name}"),
        })
    };
    let places: Vec<String> = [place(source, "source"), place(target, "target")]
        .into_iter()
        .flatten()
        .collect();
    let (severity, remedy) = match order {
        SequenceOrder::Ahead | SequenceOrder::Level | SequenceOrder::ExtraOnTarget => (None, None),
        // The next insert on the target would get a value that is already in use.
        SequenceOrder::Behind if writer == Side::Target => (
            Some(Severity::Error),
            Some(target_engine.remedy(&Remedy::AdvanceSequence)),
        ),
        SequenceOrder::Behind => (
            Some(Severity::Warning),
            Some("nothing to do now: the cutover moves it beyond the source's (final-sync)".to_owned()),
        ),
        SequenceOrder::Cycles if writer == Side::Target => (
            Some(Severity::Warning),
            Some(target_engine.remedy(&Remedy::SetCyclingSequence)),
        ),
        SequenceOrder::Cycles => (
            Some(Severity::Warning),
            Some(
                "nothing to do now: the cutover sets it to the source's position plus the headroom (final-sync)"
                    .to_owned(),
            ),
        ),
        SequenceOrder::Opposite => (
            Some(Severity::Error),
            Some(target_engine.remedy(&Remedy::TurnSequence)),
        ),
        SequenceOrder::MissingOnTarget => (
            Some(Severity::Error),
            Some("create it on the target as the source has it".to_owned()),
        ),
    };
    SequencePair {
        detail: format!("sequence {sequence}: {description} ({})", places.join(", ")),
        sequence,
        source: source.and_then(|s| s.last_value),
        target: target.and_then(|s| s.last_value),
        order,
        severity,
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::remedy::tests::Plain;

    fn sequence(name: &str, increment: i64, last_value: Option<i64>) -> SequenceFacts {
        SequenceFacts {
            schema: "shop".into(),
            name: name.into(),
            increment,
            min_value: -1_000,
            max_value: 1_000,
            cycle: false,
            cache: 1,
            last_value,
            start_value: 1,
        }
    }

    fn judged(source: (i64, Option<i64>), target: (i64, Option<i64>)) -> (SequenceOrder, Option<Severity>) {
        let pairs = positions(
            &[sequence("ids", source.0, source.1)],
            &[sequence("ids", target.0, target.1)],
            Side::Source,
            &Plain,
        );
        (pairs[0].order, pairs[0].severity)
    }

    #[test]
    fn ahead_and_behind_follow_the_direction_in_which_the_sequence_counts() {
        let behind = (SequenceOrder::Behind, Some(Severity::Warning));
        assert_eq!(judged((1, Some(10)), (1, Some(11))), (SequenceOrder::Ahead, None));
        assert_eq!(judged((1, Some(10)), (1, Some(9))), behind);
        assert_eq!(
            judged((-1, Some(10)), (-1, Some(9))),
            (SequenceOrder::Ahead, None)
        );
        assert_eq!(judged((-1, Some(10)), (-1, Some(11))), behind);
        assert_eq!(judged((1, Some(10)), (1, None)), behind);
        assert_eq!(judged((1, None), (1, Some(10))), (SequenceOrder::Ahead, None));
    }

    #[test]
    fn behind_is_an_error_as_soon_as_the_target_is_written_to() {
        let (ours, theirs) = ([sequence("ids", 1, Some(10))], [sequence("ids", 1, Some(9))]);
        let severity = |writer| positions(&ours, &theirs, writer, &Plain)[0].severity;
        assert_eq!(severity(Side::Source), Some(Severity::Warning));
        assert_eq!(severity(Side::Target), Some(Severity::Error));
    }

    #[test]
    fn a_cycling_sequence_is_never_called_ahead() {
        let cycling = |last_value| SequenceFacts {
            cycle: true,
            ..sequence("tickets", 1, last_value)
        };
        let judged = |source, target, writer| {
            let pair = positions(&[cycling(source)], &[cycling(target)], writer, &Plain).remove(0);
            (pair.order, pair.severity)
        };
        let unknown = (SequenceOrder::Cycles, Some(Severity::Warning));
        for writer in [Side::Source, Side::Target] {
            assert_eq!(judged(Some(120), Some(500), writer), unknown);
            assert_eq!(judged(Some(500), Some(120), writer), unknown);
            assert_eq!(judged(Some(120), Some(120), writer), (SequenceOrder::Level, None));
        }
        let wrapped = positions(&[cycling(Some(120))], &[cycling(Some(500))], Side::Target, &Plain).remove(0);
        assert!(
            wrapped.detail.contains("120 on the source, 500 on the target"),
            "{wrapped:?}"
        );
    }

    #[test]
    fn level_needs_no_action_and_opposite_directions_are_an_error() {
        assert_eq!(judged((1, Some(10)), (1, Some(10))), (SequenceOrder::Level, None));
        assert_eq!(judged((5, None), (5, None)), (SequenceOrder::Level, None));
        assert_eq!(
            judged((1, Some(10)), (-1, Some(10))),
            (SequenceOrder::Opposite, Some(Severity::Error))
        );
    }

    #[test]
    fn a_sequence_at_its_end_is_ahead_of_one_just_before_its_end() {
        assert_eq!(judged((1, Some(1_000)), (1, Some(999))).0, SequenceOrder::Behind);
        assert_eq!(judged((1, Some(999)), (1, Some(1_000))).0, SequenceOrder::Ahead);
    }

    #[test]
    fn all_of_both_sides_are_named_sorted_and_with_their_positions() {
        let pairs = positions(
            &[sequence("b", 1, Some(7)), sequence("c", 1, None)],
            &[sequence("a", 1, Some(3)), sequence("c", 1, Some(4))],
            Side::Source,
            &Plain,
        );
        let details: Vec<&str> = pairs.iter().map(|p| p.detail.as_str()).collect();
        assert_eq!(
            details,
            [
                "sequence shop.a: only on the target (3 on the target)",
                "sequence shop.b: missing on the target (7 on the source)",
                "sequence shop.c: the target is ahead (unused on the source, 4 on the target)",
            ]
        );
        assert_eq!(pairs[1].severity, Some(Severity::Error));
        assert!(pairs.iter().all(|p| p.severity.is_some() == p.remedy.is_some()));
    }
}
