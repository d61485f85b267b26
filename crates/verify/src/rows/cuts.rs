//! Positions where a table can be divided so that the parts mean the same on both sides.

use crossover_core::{
    ports::{PortResult, Rows},
    rows::{Bounds, ColumnEncoding, ColumnStatistics, HashPlan, Hashing, Region, TableShape, ranges},
};

use super::{Comparison, Layout, plan_layout};

impl Comparison<'_> {
    /// Chooses the method of reading a table.
    pub(crate) async fn layout(
        &self,
        (source, target): (&TableShape, &TableShape),
        forms: (&HashPlan, &HashPlan),
    ) -> PortResult<Layout> {
        let chunk_rows = self.options.chunk_rows;
        let plain = plan_layout(source, target, None, chunk_rows);
        let small = matches!(&plain, Layout::Buckets { source, .. } if *source == [Region::Whole]);
        if small || !ranges_agree(source, target, forms) {
            return Ok(plain);
        }
        let (ours, theirs) = self.column_statistics(forms).await?;
        Ok(plan_layout(source, target, Some((&ours, &theirs)), chunk_rows))
    }

    /// Ranges of the key, for any order of the rows on disk; one range with open ends where ranges do not
    /// mean the same on both sides.
    pub(crate) async fn key_ranges(
        &self,
        (source, target): (&TableShape, &TableShape),
        forms: (&HashPlan, &HashPlan),
    ) -> PortResult<Vec<Bounds>> {
        if !ranges_agree(source, target, forms) {
            return Ok(vec![Bounds::default()]);
        }
        let (ours, _) = self.column_statistics(forms).await?;
        let rows = source.estimated_rows.max(target.estimated_rows);
        Ok(ranges(&ours, rows, self.options.chunk_rows))
    }

    async fn column_statistics(
        &self,
        forms: (&HashPlan, &HashPlan),
    ) -> PortResult<(ColumnStatistics, ColumnStatistics)> {
        futures::try_join!(
            self.source.column_statistics(forms.0),
            self.target.column_statistics(forms.1)
        )
    }
}

/// Whether ranges of the key's first column contain the same keys on both sides: the order of its type does
/// not depend on a library, and both sides have the same form.
fn ranges_agree(source: &TableShape, target: &TableShape, forms: (&HashPlan, &HashPlan)) -> bool {
    let (Some(ours), Some(theirs)) = (forms.0.key_columns().next(), forms.1.key_columns().next()) else {
        return false;
    };
    let ordered =
        |shape: &TableShape, name: &str| shape.columns.iter().any(|c| c.name == name && c.byte_order);
    match ours.form {
        ColumnEncoding::Int4
        | ColumnEncoding::Int8
        | ColumnEncoding::Uuid
        | ColumnEncoding::Date
        | ColumnEncoding::Timestamp
        | ColumnEncoding::TimestampTz
        | ColumnEncoding::FixedNumeric { .. } => true,
        // Bytes have another order in another encoding; where encodings differ rows are streamed.
        ColumnEncoding::Text => {
            forms.0.hashing != Hashing::Stream && ordered(source, &ours.name) && ordered(target, &theirs.name)
        }
        ColumnEncoding::Bool | ColumnEncoding::TextCast | ColumnEncoding::TypeOutput => false,
    }
}
