//! A table that both sides can read in a common form.

use crossover_core::{
    catalogue::TableName,
    routing::Side,
    rows::{HashPlan, TableShape},
};

/// A table with the form each side uses to read it.
pub struct PreparedTable {
    pub table: TableName,
    pub shapes: (TableShape, TableShape),
    pub forms: (HashPlan, HashPlan),
}

impl PreparedTable {
    /// Its form on one side.
    pub const fn form_of(&self, side: Side) -> &HashPlan {
        match side {
            Side::Source => &self.forms.0,
            Side::Target => &self.forms.1,
        }
    }

    /// Number of rows according to the statistics.
    pub(crate) fn rows(&self) -> u64 {
        self.shapes.0.estimated_rows.max(self.shapes.1.estimated_rows)
    }

    /// Its size on the larger side.
    pub(crate) fn bytes(&self) -> u64 {
        self.shapes.0.bytes.max(self.shapes.1.bytes)
    }
}
