//! Issues the certificate from the report of a comparison.

use std::collections::BTreeSet;

use crossover_core::{
    plan::Scope,
    ports::{Clock, PortResult},
    rows::{Hashing, RowDigest},
};

use super::{
    Certificate, CertificateError, ChunkDigest, ComparedChunk, ComparedTable, Comparison, Conditions, How,
    Method, NotCertifiable, Sides, SigningKey, reading::now,
};
use crossover_verify::{
    Report, Sides as Databases, VerifyError,
    rows::{Chunk, Selection, TableResult, UnknownTables},
};

/// Why there is no certificate for a comparison.
#[derive(Debug, thiserror::Error)]
pub enum CannotCertify {
    #[error(
        "only databases that were compared completely and found equal can be certified, and these were not: {}; correct that, \
         then verify again", .0.join("; ")
    )]
    NotEqual(Vec<String>),
    #[error(
        "every row was found equal in the end, but tables {} were written to while they were read, so that the sums of some parts never \
         agreed between the sides; verify again at a quiet time, when no session writes to them",
        .0.join(", ")
    )]
    Restless(Vec<String>),
    #[error(
        "only databases that were compared completely and found equal can be certified, and the schemas of these differ, as the report \
         states; correct that, then verify again"
    )]
    SchemasDiffer,
    #[error("tables {} were compared only in part; verify them completely", .0.join(", "))]
    InParts(Vec<String>),
    #[error("tables {} were only counted, which proves nothing about their rows; compare the rows", .0.join(", "))]
    Counted(Vec<String>),
    #[error("tables were compared by different methods ({}); choose one", .0.join(", "))]
    Methods(Vec<String>),
    #[error(transparent)]
    NotCertifiable(#[from] NotCertifiable),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// The scope in the certificate for a selection of tables: every table of either side that is not selected is
/// excluded by name. A table created later is therefore in scope: it was not compared, and the selection does
/// not determine whether it would have been included.
///
/// # Errors
/// Names that match no table, all at once; a server that does not answer.
pub async fn certified_scope(
    sides: &Databases<'_>,
    scope: &Scope,
    selection: &Selection,
) -> Result<Scope, VerifyError> {
    if selection.tables.is_empty() && selection.exclude.is_empty() {
        return Ok(scope.clone());
    }
    let (source, target) = tables(sides, scope).await?;
    Ok(without_unselected(scope, selection, source, target)?)
}

type Shapes = Vec<crossover_core::rows::TableShape>;

async fn tables(sides: &Databases<'_>, scope: &Scope) -> PortResult<(Shapes, Shapes)> {
    futures::try_join!(sides.source.shapes(scope), sides.target.shapes(scope))
}

fn without_unselected(
    scope: &Scope,
    selection: &Selection,
    source: Shapes,
    target: Shapes,
) -> Result<Scope, UnknownTables> {
    let pairs = selection.pairs(source, target)?.into_iter();
    let left_out: Vec<_> = pairs.map(|p| p.table).filter(|t| !selection.holds(t)).collect();
    Ok(scope.without(&left_out))
}

impl Certificate {
    /// Certifies a comparison. `before` was read before the first row, for `scope`, which is the result of
    /// [`certified_scope`]; `condition` is the condition for the compared rows.
    ///
    /// # Errors
    /// All reasons against the certificate.
    pub fn issue(
        report: &Report,
        before: Conditions,
        scope: Scope,
        condition: Option<String>,
        clock: &dyn Clock,
        key: &SigningKey,
    ) -> Result<Self, CannotCertify> {
        let obstacles = inequalities(report);
        if !obstacles.is_empty() {
            return Err(CannotCertify::NotEqual(obstacles));
        }
        if !report.equal {
            return Err(CannotCertify::SchemasDiffer);
        }
        let named = |flawed: fn(&TableResult) -> bool| {
            let tables = report.tables.iter().filter(|table| flawed(table));
            tables.map(|table| table.name.clone()).collect::<Vec<_>>()
        };
        let refuse = |tables: Vec<String>, refusal: fn(Vec<String>) -> CannotCertify| {
            if tables.is_empty() {
                Ok(())
            } else {
                Err(refusal(tables))
            }
        };
        refuse(named(|t| Method::of(t.method).is_none()), CannotCertify::Counted)?;
        refuse(named(|t| !Chunk::are_whole(&t.chunks)), CannotCertify::InParts)?;
        refuse(
            named(|t| t.chunks.iter().any(Chunk::differs)),
            CannotCertify::Restless,
        )?;
        let comparison = Comparison {
            conditions: before,
            how: How {
                method: common_method(&report.tables)?,
                seed: report.seed.into(),
                condition,
            },
            scope,
            tables: report.tables.iter().map(compared).collect(),
        };
        Ok(comparison.equal()?.certify(now(clock), key)?)
    }
}

impl Method {
    fn of(word: &str) -> Option<Self> {
        [
            (Hashing::TypedHash, Self::TypedHash),
            (Hashing::Md5, Self::Md5),
            (Hashing::Stream, Self::Stream),
        ]
        .into_iter()
        .find_map(|(hashing, method)| (hashing.as_str() == word).then_some(method))
    }
}

fn common_method(tables: &[TableResult]) -> Result<Method, CannotCertify> {
    let words: BTreeSet<&str> = tables.iter().map(|table| table.method).collect();
    let mut methods = words.iter().filter_map(|word| Method::of(word));
    match (methods.next(), methods.next()) {
        (Some(method), None) => Ok(method),
        (None, _) => Err(CannotCertify::NotEqual(vec!["no table was compared".to_owned()])),
        (Some(_), Some(_)) => Err(CannotCertify::Methods(
            words.into_iter().map(str::to_owned).collect(),
        )),
    }
}

/// A summary of the reasons in the report, which has the details.
fn inequalities(report: &Report) -> Vec<String> {
    let listed =
        |what: &str, names: Vec<&str>| (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")));
    let different = report.tables.iter().filter(|table| !table.equal);
    let failed = report.could_not_run.iter();
    [
        listed(
            "tables that differ",
            different.map(|table| table.name.as_str()).collect(),
        ),
        listed("not compared", failed.map(|c| c.name.as_str()).collect()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn compared(table: &TableResult) -> ComparedTable {
    let digest = |digest: RowDigest| ChunkDigest {
        rows: digest.rows,
        sums: vec![digest.sum.into()],
    };
    let chunk = |chunk: &Chunk| {
        let bounds = chunk.bounds.clone().unwrap_or_default();
        ComparedChunk {
            id: chunk.id,
            lower: bounds.from,
            upper: bounds.to,
            digests: Sides {
                source: digest(chunk.source),
                target: digest(chunk.target),
            },
        }
    };
    ComparedTable {
        table: table.table.clone(),
        key: table.key.clone(),
        chunks: table.chunks.iter().map(chunk).collect(),
    }
}
