//! Reads a range of an integer key by the disk blocks that hold it.

use crossover_core::{
    ports::{PortError, PortResult, Snapshot},
    rows::{BlockRange, BlockRangeDigest, HashPlan, Region},
};
use tokio_postgres::types::Type;

use super::{
    expression,
    readers::At,
    region::{from_where, relation, within},
};
use crate::{PostgresDatabase, quoting::ident};

impl PostgresDatabase {
    pub(super) async fn begins_of(
        &self,
        form: &HashPlan,
        cuts: &[i64],
        at: &Snapshot,
    ) -> PortResult<Option<Vec<u32>>> {
        let Some(key) = integer_key(form) else {
            return Ok(None);
        };
        let relation = relation(form);
        // The text of a tid can be cast to a point, whose first coordinate is the block.
        let sql = format!(
            "select (select (q.ctid::text::point)[0]::int8 from {relation} q where {key} >= c.cut order by {key} limit 1) \
             as block from unnest($1::int8[]) with ordinality c (cut, place) order by c.place"
        );
        let rows = self
            .read_rows(
                &sql,
                &[(&cuts, Type::INT8_ARRAY)],
                Some(At::new(at, form, &Region::Whole)),
            )
            .await?;
        let blocks = rows.iter().map(|row| self.read::<Option<i64>>(row, "block"));
        let blocks: Option<Vec<i64>> = blocks.collect::<PortResult<_>>()?;
        Ok(blocks.and_then(|blocks| {
            let blocks = blocks.into_iter().map(|block| u32::try_from(block).ok());
            blocks.collect()
        }))
    }

    pub(super) async fn digest_block_range(
        &self,
        form: &HashPlan,
        block_range: &BlockRange,
        at: &Snapshot,
    ) -> PortResult<BlockRangeDigest> {
        let Some(key) = integer_key(form) else {
            return Err(PortError::unexpected(
                self.what(),
                "block ranges need an integer key",
            ));
        };
        let hash = expression::row_hash(form);
        let blocks = Region::Leaf {
            relation: form.table.clone(),
            blocks: Some(block_range.blocks),
        };
        // A range without bounds holds every row.
        let own = [vec!["true".to_owned()], within(form, &block_range.keys)].concat();
        let own = own.join(" and ");
        // Only the few rows of other ranges are hashed twice.
        let sql = format!(
            "select count(*) as rows, sum({hash})::text as sum, \
             array_agg({key}::text || ' ' || {hash}::text) filter (where not ({own})) as out_of_range_rows \
             from {}",
            from_where(form, &blocks)
        );
        let rows = self
            .read_rows(&sql, &[], Some(At::new(at, form, &blocks)))
            .await?;
        let row = rows
            .first()
            .ok_or_else(|| PortError::unexpected(self.what(), "no sum of a block range"))?;
        let out_of_range_rows: Option<Vec<String>> = self.read(row, "out_of_range_rows")?;
        let number = |text: &str| {
            text.parse::<i64>()
                .map_err(|e| PortError::unexpected(self.what(), format!("{text:?}: {e}")))
        };
        let out_of_range_rows = out_of_range_rows.unwrap_or_default();
        let out_of_range_rows = out_of_range_rows.iter().map(|row| {
            let (key, hash) = row.split_once(' ').unwrap_or_default();
            Ok((number(key)?, number(hash)?))
        });
        Ok(BlockRangeDigest {
            all: self.row_digest(row)?,
            out_of_range_rows: out_of_range_rows.collect::<PortResult<_>>()?,
        })
    }
}

/// The key's first column, if it is an integer.
fn integer_key(form: &HashPlan) -> Option<String> {
    let column = form.key_columns().next()?;
    column
        .form
        .is_integer()
        .then(|| format!("q.{}", ident(&column.name)))
}
