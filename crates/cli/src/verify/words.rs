//! Remedies in terms of this command's options. The libraries give the reason and mention no option.

use crossover_certificate::CannotCertify;
use crossover_core::{
    ErrorName,
    ports::{Absence, PortError, Refusal},
};
use crossover_verify::{
    Cause, CouldNotRun, Estimate, FollowError, FollowEvent, Report, VerifyError,
    follow::Ending,
    repair::{RepairError, RepairReport},
};

use crate::databases::MORE_TIME_FOR_CATALOGUE;

/// Replaces the general remedies with those of this command.
pub fn report(report: &mut Report) {
    all(&mut report.could_not_run);
}

/// The same for the tables of an estimate.
pub fn estimate(estimate: &mut Estimate) {
    all(&mut estimate.could_not_run);
}

/// The same for the tables of a repair.
pub fn repair(repair: &mut RepairReport) {
    all(&mut repair.refused);
}

/// The same for the tables of an event.
pub fn event(event: &FollowEvent) -> FollowEvent {
    let mut event = event.clone();
    if let FollowEvent::Ended { could_not_run, .. } = &mut event {
        all(could_not_run);
    }
    event
}

fn all(tables: &mut [CouldNotRun]) {
    for table in tables {
        if let Some(remedy) = remedy(table) {
            table.remedy = remedy;
        }
    }
}

fn remedy(table: &CouldNotRun) -> Option<String> {
    let name = &table.name;
    Some(match table.cause {
        Cause::NoSuchTable => format!("create {name} on that side, or leave it out with --exclude {name}"),
        Cause::CatalogueUnreadable => {
            "allow the role of the connection to read the catalogue, or compare with --rows-only".to_owned()
        }
        Cause::CatalogueStopped => MORE_TIME_FOR_CATALOGUE.to_owned(),
        Cause::Stopped => {
            "raise --statement-timeout, or lower --chunk-rows; if the statement was cancelled, compare again"
                .to_owned()
        }
        Cause::UnknownName => {
            "check that the columns in --where exist; if the table was changed during the comparison, compare again"
                .to_owned()
        }
        Cause::ConditionNotUnderstood => CORRECT_CONDITION.to_owned(),
        Cause::Encoding => format!(
            "one side holds text that the other's encoding cannot represent: correct the text on that side, or leave the table out with \
             --exclude {name}"
        ),
        Cause::Refused => format!(
            "follow the message of the server, then compare again; or leave the table out with --exclude {name}"
        ),
        Cause::MoreThanReported { different_rows } => {
            format!(
                "raise --max-reported above {different_rows}, or load the table again if most of it differs"
            )
        }
        Cause::NoConnectionFree => NO_CONNECTION_FREE.to_owned(),
        Cause::OtherServer => format!(
            "compare again when the server named in the message can be reached from the one that reports it; or leave the table out with \
             --exclude {name}"
        ),
        Cause::NotWritable => {
            format!("grant select, insert, update, delete on {name} to the role of --target")
        }
        Cause::NoCommonForm
        | Cause::Unreachable
        | Cause::Rewritten
        | Cause::NoRight
        | Cause::HiddenRows
        | Cause::Removed
        | Cause::Unexpected
        | Cause::Changed
        | Cause::MarkerNotSeen { .. }
        | Cause::MarkerDuplicated { .. }
        | Cause::NoKey => return None,
    })
}

/// The remedy for a server whose connections are all in use.
const NO_CONNECTION_FREE: &str = "lower --jobs, end idle sessions there, or allow more connections (max_connections, or the connection \
    limit of the role or the database)";

/// The remedy for a condition that no server accepts.
pub const CORRECT_CONDITION: &str =
    "correct --where: one SQL condition is expected, in which the table is called q";

/// An error with the remedy in terms of this command's options.
pub fn error(error: &anyhow::Error) -> String {
    let said = format!("{error:#}");
    match error.chain().find_map(of_error) {
        Some(remedy) => format!("{said}; {remedy}"),
        None => said,
    }
}

fn of_error(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    if let Some(VerifyError::Nothing) = error.downcast_ref() {
        return Some("--source and --target name the databases, --tables and --exclude the tables");
    }
    // Before the first table only catalogues are read.
    if let Some(VerifyError::Port(PortError::Refused {
        about: Refusal::Stopped,
        ..
    })) = error.downcast_ref()
    {
        return Some(MORE_TIME_FOR_CATALOGUE);
    }
    if let Some(VerifyError::Port(PortError::Unreachable { absence, .. })) = error.downcast_ref() {
        return Some(match absence {
            Absence::NoAnswer => ErrorName::Unreachable.remedy(),
            Absence::NoConnectionFree => NO_CONNECTION_FREE,
        });
    }
    if let Some(RepairError::TargetIsWriter) = error.downcast_ref() {
        return Some("exchange --source and --target, and leave out --writer target");
    }
    match error.downcast_ref()? {
        FollowError::Ended(Ending::OverBudget { .. }) => {
            Some("raise --wal-budget if the server's disk has space for more")
        }
        FollowError::OtherDatabases { .. } => Some(
            "name another --checkpoint; to end that run for good, use --continuous --forget with its own --source and --target and \
             this --checkpoint",
        ),
        _ => None,
    }
}

/// Why there is no certificate, with the remedy in terms of options.
pub fn no_certificate(error: &anyhow::Error) -> String {
    let said = format!("{error:#}");
    let remedy = match error.downcast_ref() {
        Some(CannotCertify::Counted(_)) => "verify without --quick",
        Some(CannotCertify::Methods(_)) => "use --method",
        Some(CannotCertify::SchemasDiffer) => "use --rows-only to leave the schemas out",
        _ => return said,
    };
    format!("{said}; {remedy}")
}
