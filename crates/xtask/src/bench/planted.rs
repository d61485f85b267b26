//! Twenty planted differences.

/// How a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One column was changed on the target.
    Changed(Change),
    /// The row was deleted on the target.
    Missing,
    /// The row was deleted on the source.
    Extra,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    pub column: &'static str,
    /// The new value, as SQL.
    value: &'static str,
    /// Whether the row must have NULL as its note.
    of_null: bool,
}

/// One difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planted {
    pub key: u64,
    pub kind: Kind,
}

/// All differences in the order of their keys: every column is changed, and the note also to NULL and from
/// NULL.
const DIFFERENCES: [Kind; 20] = [
    changed("customer_id", "customer_id + 1"),
    Kind::Missing,
    changed("placed_at", "placed_at + interval '1 microsecond'"),
    Kind::Extra,
    Kind::Missing,
    changed("note", "null"),
    Kind::Missing,
    Kind::Changed(Change {
        column: "note",
        value: "''",
        of_null: true,
    }),
    Kind::Extra,
    Kind::Extra,
    changed("total", "total + 0.01"),
    Kind::Missing,
    changed("attributes", "attributes || '{\"items\": 99}'"),
    Kind::Extra,
    Kind::Missing,
    changed("status", "'void'"),
    Kind::Missing,
    changed("note", "upper(note)"),
    Kind::Extra,
    Kind::Extra,
];

/// Number of planted differences.
pub const COUNT: usize = DIFFERENCES.len();

const fn changed(column: &'static str, value: &'static str) -> Kind {
    Kind::Changed(Change {
        column,
        value,
        of_null: false,
    })
}

/// The differences for a table with `rows` rows, evenly distributed over its keys.
pub fn planted(rows: u64) -> Vec<Planted> {
    let count = COUNT as u64;
    (0..count)
        .zip(DIFFERENCES)
        .map(|(at, kind)| {
            // Every fiftieth note is NULL (see rows.sql).
            let middle = (2 * at + 1) * rows / (2 * count);
            let without_note = middle - middle % 50;
            let of_null = matches!(kind, Kind::Changed(Change { of_null: true, .. }));
            let key = without_note + u64::from(!of_null);
            Planted { key, kind }
        })
        .collect()
}

/// The statements that create the differences: for the source, and for the target.
pub fn statements(planted: &[Planted]) -> (String, String) {
    let (mut source, mut target) = (Vec::new(), Vec::new());
    for Planted { key, kind } in planted {
        match kind {
            Kind::Missing => target.push(format!("delete from public.orders where id = {key};")),
            Kind::Extra => source.push(format!("delete from public.orders where id = {key};")),
            Kind::Changed(Change { column, value, .. }) => {
                target.push(format!(
                    "update public.orders set {column} = {value} where id = {key};"
                ));
            }
        }
    }
    (source.join("\n"), target.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_differences_are_of_all_kinds_and_over_the_whole_range() {
        for rows in [10_000, 200_000, 12_000_000] {
            let planted = planted(rows);
            let of = |wanted: fn(&Kind) -> bool| planted.iter().filter(|one| wanted(&one.kind)).count();
            assert_eq!((COUNT, planted.len()), (20, 20));
            assert_eq!(of(|kind| *kind == Kind::Missing), 6);
            assert_eq!(of(|kind| *kind == Kind::Extra), 6);
            assert!(planted.windows(2).all(|pair| pair[0].key < pair[1].key));
            let (first, last) = (planted[0].key, planted[19].key);
            assert!(first <= rows / 20 && last >= rows - rows / 20 && last <= rows);
        }
    }

    #[test]
    fn a_note_made_of_null_is_made_where_there_is_none() {
        let planted = planted(12_000_000);
        for one in &planted {
            let of_null = matches!(one.kind, Kind::Changed(change) if change.of_null);
            assert_eq!(one.key % 50 == 0, of_null, "{one:?}");
        }
        let (source, target) = statements(&planted);
        assert_eq!((source.lines().count(), target.lines().count()), (6, 14));
        assert!(target.contains("set note = '' where id = 4500000;"), "{target}");
    }
}
