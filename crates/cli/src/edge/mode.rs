//! `crossover edge set-mode`.

use std::{process::ExitCode, str::FromStr};

use crossover_core::routing::{Command, LaneRecord, Mode, ReadShare};
use crossover_operate::edge::EdgeAdmin;
use crossover_report::number::duration;

use super::change::Setting;
use crate::{
    migration::{Config, work},
    output::print,
};

pub const MANUAL: &str = "Take load or writes off the lane, or serve everything again.\n\n\
normal: everything is served. read-only: writes get 503 with \"not executed\" and Retry-After, reads are served. shed=PERCENT: this share of all requests gets 503 \
with \"not executed\" and Retry-After, drawn for each request.\n\n\
Every isolate of the edge follows within one lease (5 s). A mode can be set only while a side serves; a cutover does not change it, so set normal when the need is over.";

const MODE: Setting = Setting {
    name: "the mode",
    possible: "a mode can be set only while a side serves and no cutover is under way",
};

/// Options of `crossover edge set-mode`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 set, or it was so already; 1 the lane refuses it: nothing was changed; 2 could not run, or it is unknown whether it was set: \
                  repeat the command; 130 interrupted."
)]
pub struct Arguments {
    /// normal, read-only, or shed=PERCENT (0.01 to 100 in steps of 0.01)
    #[arg(value_name = "MODE")]
    mode: Wanted,
    #[command(flatten)]
    config: Config,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Wanted(Mode);

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mode = match (text, text.strip_prefix("shed=")) {
            ("normal", _) => Mode::Normal,
            ("read-only", _) => Mode::ReadOnly,
            (_, Some(percent)) => {
                let number = percent
                    .parse::<f64>()
                    .map_err(|_| format!("{percent:?} is no number of percent"))?;
                let share = ReadShare::try_from(number).map_err(|error| error.to_string())?;
                if f64::from(share) == 0.0 {
                    return Err("a share of 0 sheds nothing: say normal".to_owned());
                }
                Mode::Shed(share)
            }
            _ => return Err("say normal, read-only, or shed=PERCENT".to_owned()),
        };
        Ok(Self(mode))
    }
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| {
        format!(
            "{interrupt}: `crossover edge status{}` says which mode is set",
            arguments.config.shown()
        )
    })
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let clients = arguments.config.clients().await?;
    set(&clients.lane().await?, arguments.mode.0).await
}

/// Sets the mode, if it is another one than before.
async fn set(admin: &EdgeAdmin, mode: Mode) -> anyhow::Result<ExitCode> {
    let record = admin.read().await?;
    if record.mode == mode {
        print(&format!(
            "No change: lane {} serves {}.\n",
            record.lane,
            words(mode)
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(after) = MODE.change(admin, &record, Command::SetMode { mode }).await? else {
        return Ok(ExitCode::FAILURE);
    };
    print(&done(&record, &after))?;
    Ok(ExitCode::SUCCESS)
}

fn done(before: &LaneRecord, after: &LaneRecord) -> String {
    format!(
        "Lane {}, epoch {}: it served {}, it serves {}. Every isolate of the edge follows within {}.\n",
        after.lane,
        after.epoch,
        words(before.mode),
        words(after.mode),
        duration(after.lease_ttl())
    )
}

/// What a lane serves in a mode.
pub(super) fn words(mode: Mode) -> String {
    match mode {
        Mode::Normal => "everything".to_owned(),
        Mode::ReadOnly => "reads only".to_owned(),
        Mode::Shed(share) => format!("all but {share} of the requests"),
    }
}

#[cfg(test)]
mod tests {
    use crossover_core::routing::Epoch;

    use super::{
        super::tests::{edge, locked},
        *,
    };

    #[test]
    fn a_mode_is_one_of_three_words() {
        let share = |percent: f64| ReadShare::try_from(percent).unwrap();
        for (text, mode) in [
            ("normal", Mode::Normal),
            ("read-only", Mode::ReadOnly),
            ("shed=12.5", Mode::Shed(share(12.5))),
            ("shed=100", Mode::Shed(share(100.0))),
        ] {
            assert_eq!(text.parse(), Ok(Wanted(mode)), "{text}");
        }
        for text in [
            "",
            "off",
            "readonly",
            "shed",
            "shed=",
            "shed=0",
            "shed=101",
            "shed=x",
            "shed=0.001",
        ] {
            assert!(text.parse::<Wanted>().is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_mode_is_set_once() {
        let (admin, edge) = edge().await;
        for _ in 0..2 {
            assert_eq!(set(&admin, Mode::ReadOnly).await.unwrap(), ExitCode::SUCCESS);
        }
        assert_eq!(locked(&edge).asked, 1, "the second time it was so already");
        let record = admin.read().await.unwrap();
        assert_eq!((record.mode, record.epoch), (Mode::ReadOnly, Epoch(2)));
    }
}
