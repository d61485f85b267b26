//! `crossover edge set-shadow`.

use std::process::ExitCode;

use crossover_core::routing::{Command, LaneRecord, ReadShare};
use crossover_operate::edge::EdgeAdmin;
use crossover_report::number::duration;

use super::{change::Setting, wanted::Wanted};
use crate::{
    migration::{Config, work},
    output::print,
};

pub const MANUAL: &str = "Send a share of the reads to the target too, while the source answers them, and count how the target's answers compare: by status and body, JSON by value, without the \
members that the directory lists (`reads.shadow_ignores`). No client waits for it, and none gets the target's answer.\n\n\
The counts are in the metrics (crossover_shadow_reads_total), and a sample of the differences in the Worker's log: where they are, and no values. Every isolate follows within one lease (5 s). \
It is possible only while the source serves, stops while a cutover is under way, and ends with its commit. While it is set, all reads take the longer way through the edge.";

const SHADOW: Setting = Setting {
    name: "the share",
    possible: "reads can be copied only while the source serves and no cutover is under way",
};

/// Options of `crossover edge set-shadow`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 set, or it was so already; 1 the lane refuses it: nothing was changed; 2 could not run, or it is unknown whether it was set: \
                  repeat the command; 130 interrupted."
)]
pub struct Arguments {
    /// Percent of the reads, from 0 to 100 in steps of 0.01, drawn for each read; or off
    #[arg(value_name = "PERCENT|off")]
    share: Wanted,
    #[command(flatten)]
    config: Config,
}

/// A share of 0 copies nothing: off.
fn copied(wanted: Wanted) -> Option<ReadShare> {
    wanted.0.filter(|share| !share.is_none())
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| {
        format!(
            "{interrupt}: `crossover edge status{}` says which share is set",
            arguments.config.shown()
        )
    })
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let clients = arguments.config.clients().await?;
    set(&clients.lane().await?, copied(arguments.share)).await
}

/// Sets the share, if it is another one than before.
async fn set(admin: &EdgeAdmin, share: Option<ReadShare>) -> anyhow::Result<ExitCode> {
    let record = admin.read().await?;
    if record.shadow == share {
        print(&format!(
            "No change: lane {} copies {}.\n",
            record.lane,
            words(share)
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let percent = share.unwrap_or_default();
    let Some(after) = SHADOW
        .change(admin, &record, Command::SetShadow { percent })
        .await?
    else {
        return Ok(ExitCode::FAILURE);
    };
    print(&done(&record, &after))?;
    Ok(ExitCode::SUCCESS)
}

fn done(before: &LaneRecord, after: &LaneRecord) -> String {
    format!(
        "Lane {}, epoch {}: it copied {}, it copies {}. Every isolate of the edge follows within {}.\n",
        after.lane,
        after.epoch,
        words(before.shadow),
        words(after.shadow),
        duration(after.lease_ttl())
    )
}

/// Which reads are copied.
pub(super) fn words(share: Option<ReadShare>) -> String {
    share.map_or_else(|| "no reads".to_owned(), |share| format!("{share} of the reads"))
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{edge, locked},
        *,
    };

    #[test]
    fn a_share_is_a_percentage_or_off() {
        let share = |percent: f64| ReadShare::try_from(percent).unwrap();
        for (text, wanted) in [
            ("12.5", Some(share(12.5))),
            ("100", Some(share(100.0))),
            ("0", None),
            ("off", None),
        ] {
            assert_eq!(text.parse().map(copied), Ok(wanted), "{text}");
        }
        for text in ["", "on", "101", "0.001", "-1"] {
            assert!(text.parse::<Wanted>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_share_is_set_once_and_ended() {
        let (admin, edge) = edge().await;
        let share = ReadShare::try_from(10.0).ok();
        for _ in 0..2 {
            assert_eq!(set(&admin, share).await.unwrap(), ExitCode::SUCCESS);
        }
        assert_eq!(locked(&edge).asked, 1, "the second time it was so already");
        assert_eq!(admin.read().await.unwrap().shadow, share);
        assert_eq!(set(&admin, None).await.unwrap(), ExitCode::SUCCESS);
        assert_eq!(admin.read().await.unwrap().shadow, None);
    }
}
