//! Selection of the tables to compare, in pairs.

use std::collections::BTreeMap;

use crossover_core::{catalogue::TableName, rows::TableShape};

/// The selected tables. Patterns are `schema.table` or `table`, as names are printed, with `*` for any characters.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only these tables; empty means all.
    pub tables: Vec<String>,
    /// Tables to leave out.
    pub exclude: Vec<String>,
}

/// Patterns that match no table on either side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no table on either side is called {}; names are schema.table as the catalogue spells them, `*` stands for any characters",
    .0.join(", ")
)]
pub struct UnknownTables(pub Vec<String>);

/// A table by its name; at least one side has it.
#[derive(Debug, Clone)]
pub struct TablePair {
    pub table: TableName,
    pub source: Option<TableShape>,
    pub target: Option<TableShape>,
}

impl TablePair {
    /// The larger of the two estimates.
    pub fn estimated_rows(&self) -> u64 {
        [&self.source, &self.target]
            .into_iter()
            .flatten()
            .map(|shape| shape.estimated_rows)
            .max()
            .unwrap_or(0)
    }
}

impl Selection {
    /// Matches the tables of both sides by name, sorted, with a mark for each selected one.
    ///
    /// # Errors
    /// All patterns that match no table: a table with a typing error in its name must not count as compared.
    pub fn pairs(
        &self,
        source: Vec<TableShape>,
        target: Vec<TableShape>,
    ) -> Result<Vec<TablePair>, UnknownTables> {
        let mut pairs: BTreeMap<TableName, TablePair> = BTreeMap::new();
        for (is_source, shapes) in [(true, source), (false, target)] {
            for shape in shapes {
                let pair = pairs.entry(shape.table.clone()).or_insert_with(|| TablePair {
                    table: shape.table.clone(),
                    source: None,
                    target: None,
                });
                let side = if is_source {
                    &mut pair.source
                } else {
                    &mut pair.target
                };
                *side = Some(shape);
            }
        }
        self.all_known(&pairs.keys())?;
        Ok(pairs.into_values().collect())
    }

    /// Whether every pattern matches one of these tables.
    ///
    /// # Errors
    /// All patterns that match none.
    pub fn all_known<'a>(
        &self,
        tables: &(impl Iterator<Item = &'a TableName> + Clone),
    ) -> Result<(), UnknownTables> {
        let patterns = self.tables.iter().chain(&self.exclude);
        let unknown: Vec<String> = patterns
            .filter(|pattern| !tables.clone().any(|table| meets(pattern, table)))
            .cloned()
            .collect();
        if unknown.is_empty() {
            Ok(())
        } else {
            Err(UnknownTables(unknown))
        }
    }

    /// Whether the table is selected.
    pub fn holds(&self, table: &TableName) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|p| meets(p, table));
        (self.tables.is_empty() || any(&self.tables)) && !any(&self.exclude)
    }
}

fn meets(pattern: &str, table: &TableName) -> bool {
    let full = table.to_string();
    matches(pattern.as_bytes(), full.as_bytes())
        || matches(pattern.as_bytes(), table.without_schema().as_bytes())
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|from| matches(rest, &text[from..])),
        Some((first, rest)) => text
            .split_first()
            .is_some_and(|(c, text)| c == first && matches(rest, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(name: &str) -> TableShape {
        let (schema, name) = name.split_once('.').unwrap();
        TableShape {
            table: TableName {
                schema: schema.into(),
                name: name.into(),
            },
            partitioned: false,
            rows_hidden: false,
            columns: Vec::new(),
            keys: Vec::new(),
            leaves: Vec::new(),
            bytes: 0,
            estimated_rows: 0,
        }
    }

    fn names(selection: &Selection) -> Result<Vec<String>, UnknownTables> {
        let source = ["a.orders", "a.items", "b.orders"].map(shape).to_vec();
        let target = ["a.orders", "a.items", "c.extra"].map(shape).to_vec();
        let pairs = selection.pairs(source, target)?;
        let held = pairs.iter().filter(|p| selection.holds(&p.table));
        Ok(held.map(|p| p.table.to_string()).collect())
    }

    fn only(tables: &[&str], exclude: &[&str]) -> Selection {
        let own = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect();
        Selection {
            tables: own(tables),
            exclude: own(exclude),
        }
    }

    #[test]
    fn tables_of_one_side_are_kept_too() {
        let all = ["a.items", "a.orders", "b.orders", "c.extra"];
        assert_eq!(names(&Selection::default()).unwrap(), all);
    }

    #[test]
    fn names_patterns_and_exclusions_choose() {
        assert_eq!(names(&only(&["orders"], &[])).unwrap(), ["a.orders", "b.orders"]);
        assert_eq!(names(&only(&["a.*"], &["a.i*s"])).unwrap(), ["a.orders"]);
    }

    #[test]
    fn a_dot_in_a_name_chooses_no_other_table() {
        let named = |schema: &str, name: &str| TableName {
            schema: schema.to_owned(),
            name: name.to_owned(),
        };
        let tables = [named("a.b", "c"), named("a", "b.c"), named("b", "c")];
        for (pattern, chosen) in [
            ("\"a.b\".c", &tables[..1]),
            ("a.\"b.c\"", &tables[1..2]),
            ("\"b.c\"", &tables[1..2]),
            ("b.c", &tables[2..]),
        ] {
            let selection = only(&[pattern], &[]);
            let held: Vec<_> = tables.iter().filter(|table| selection.holds(table)).collect();
            assert_eq!(held, chosen.iter().collect::<Vec<_>>(), "{pattern}");
        }
    }

    #[test]
    fn all_names_without_a_table_are_reported_at_once() {
        let error = names(&only(&["a.ordres", "a.items"], &["nix"])).unwrap_err();
        assert_eq!(error, UnknownTables(vec!["a.ordres".into(), "nix".into()]));
    }
}
