//! Where a table can be cut so that the pieces mean the same on both sides.

use crossover_core::{
    ports::PortResult,
    routing::Side,
    rows::{Bounds, Form, Hashing, Region, Spread, TableForm, TableShape, ranges},
};

use super::{Comparison, Layout, plan_layout};

impl Comparison<'_> {
    /// The way through a table.
    pub(crate) async fn layout(
        &self,
        (source, target): (&TableShape, &TableShape),
        forms: (&TableForm, &TableForm),
    ) -> PortResult<Layout> {
        let chunk_rows = self.options.chunk_rows;
        let plain = plan_layout(source, target, None, chunk_rows);
        let small = matches!(&plain, Layout::Buckets { source, .. } if *source == [Region::Whole]);
        if small || !ranges_agree(source, target, forms) {
            return Ok(plain);
        }
        let (ours, theirs) = self.spreads(forms).await?;
        Ok(plan_layout(source, target, Some((&ours, &theirs)), chunk_rows))
    }

    /// Ranges of the key, in whatever order the rows lie; a single open one where ranges do not mean the same on both sides.
    pub(crate) async fn key_ranges(
        &self,
        (source, target): (&TableShape, &TableShape),
        forms: (&TableForm, &TableForm),
    ) -> PortResult<Vec<Bounds>> {
        if !ranges_agree(source, target, forms) {
            return Ok(vec![Bounds::default()]);
        }
        let (ours, _) = self.spreads(forms).await?;
        let rows = source.estimated_rows.max(target.estimated_rows);
        Ok(ranges(&ours, rows, self.options.chunk_rows))
    }

    async fn spreads(&self, forms: (&TableForm, &TableForm)) -> PortResult<(Spread, Spread)> {
        let ask = |side: Side, form: &TableForm| {
            let (database, form) = (self.side(side), form.clone());
            self.patiently(move || {
                let form = form.clone();
                async move { database.spread(&form).await }
            })
        };
        futures::try_join!(ask(Side::Source, forms.0), ask(Side::Target, forms.1))
    }
}

/// Ranges of the key's first column hold the same keys on both sides: a type whose order no library decides, in one form.
fn ranges_agree(source: &TableShape, target: &TableShape, forms: (&TableForm, &TableForm)) -> bool {
    let (Some(ours), Some(theirs)) = (forms.0.key_columns().next(), forms.1.key_columns().next()) else {
        return false;
    };
    let ordered =
        |shape: &TableShape, name: &str| shape.columns.iter().any(|c| c.name == name && c.byte_order);
    match ours.form {
        Form::Int4
        | Form::Int8
        | Form::Uuid
        | Form::Date
        | Form::Timestamp
        | Form::TimestampTz
        | Form::FixedNumeric { .. } => true,
        // Bytes have another order in another encoding; where encodings differ rows are streamed.
        Form::Text => {
            forms.0.hashing != Hashing::Stream && ordered(source, &ours.name) && ordered(target, &theirs.name)
        }
        Form::Bool | Form::Printed | Form::PrintedByOutput => false,
    }
}
