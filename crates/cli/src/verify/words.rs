//! What the options of this command can do about what stood in the way. The libraries name the reason, and no option.

use crossover_certificate::CannotCertify;
use crossover_verify::{
    Cause, CouldNotRun, Estimate, FollowError, FollowEvent, Report, VerifyError,
    follow::Ending,
    repair::{RepairError, RepairReport},
};

/// Puts this command's remedies in the place of the general ones.
pub fn report(report: &mut Report) {
    all(&mut report.could_not_run);
}

/// The same.
pub fn estimate(estimate: &mut Estimate) {
    all(&mut estimate.could_not_run);
}

/// The same.
pub fn repair(repair: &mut RepairReport) {
    all(&mut repair.refused);
}

/// The same.
pub fn news(news: &FollowEvent) -> FollowEvent {
    let mut news = news.clone();
    if let FollowEvent::Ended { could_not_run, .. } = &mut news {
        all(could_not_run);
    }
    news
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
        Cause::NoSuchTable => format!("create {name} there, or leave it out with --exclude {name}"),
        Cause::CatalogueUnreadable => {
            "let the role of the connection read the catalogue, or compare with --rows-only".to_owned()
        }
        Cause::Stopped => {
            "raise --statement-timeout, or lower --chunk-rows; if somebody cancelled it, compare again"
                .to_owned()
        }
        Cause::UnknownName => {
            "see that the columns in --where exist; if the table was changed meanwhile, compare again"
                .to_owned()
        }
        Cause::ConditionNotUnderstood => CORRECT_CONDITION.to_owned(),
        Cause::Encoding => format!(
            "one side holds text that the other's encoding cannot represent: correct it there, or leave the table out with \
             --exclude {name}"
        ),
        Cause::Refused => format!(
            "do what the message asks for, then compare again; or leave the table out with --exclude {name}"
        ),
        Cause::MoreThanReported { different_rows } => {
            format!(
                "raise --max-reported above {different_rows}, or load the table again if most of it differs"
            )
        }
        Cause::NotWritable => {
            format!("grant select, insert, update, delete on {name} to the role of --target")
        }
        Cause::NoCommonForm
        | Cause::Unreachable
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

/// What is wrong with a condition that no server takes.
pub const CORRECT_CONDITION: &str =
    "correct --where: it has to be one condition in SQL, in which the table is called q";

/// An error with what this command's options can do about it.
pub fn error(error: &anyhow::Error) -> String {
    let said = format!("{error:#}");
    match error.chain().find_map(of_error) {
        Some(remedy) => format!("{said}; {remedy}"),
        None => said,
    }
}

fn of_error(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    if let Some(VerifyError::Nothing) = error.downcast_ref() {
        return Some("--source and --target name them, --tables and --exclude what is compared");
    }
    if let Some(RepairError::TargetIsWriter) = error.downcast_ref() {
        return Some("exchange --source and --target, and leave out --writer target");
    }
    match error.downcast_ref()? {
        FollowError::Ended(Ending::OverBudget { .. }) => {
            Some("--wal-budget says how much it may keep, where the disk of the server has room for more")
        }
        FollowError::OtherDatabases { .. } => Some(
            "--checkpoint names the file; that run ends for good with --continuous --forget, its own --source and --target and this \
             --checkpoint",
        ),
        _ => None,
    }
}

/// Why there is no certificate, with the same.
pub fn no_certificate(error: &anyhow::Error) -> String {
    let said = format!("{error:#}");
    let remedy = match error.downcast_ref() {
        Some(CannotCertify::Counted(_)) => "verify without --quick",
        Some(CannotCertify::Methods(_)) => "--method does it",
        Some(CannotCertify::SchemasDiffer) => "--rows-only leaves them out",
        _ => return said,
    };
    format!("{said}; {remedy}")
}
