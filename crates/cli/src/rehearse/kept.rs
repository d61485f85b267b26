//! `crossover rehearse --keep`.

use std::{fmt::Write as _, process::ExitCode};

use crossover_interrupt::{Interrupt, interrupted};
use crossover_rehearsal::{Kept, KeptOutcome, RehearsalOptions, keep};
use tokio::sync::watch;

use crate::steps::Steps;

/// Starts everything and waits. The first signal ends the traffic, with the ledger compared; a second one, or one
/// before the traffic runs, ends everything at once.
pub async fn kept(options: &RehearsalOptions, progress: &Steps) -> anyhow::Result<ExitCode> {
    let (asked, mut is_asked) = watch::channel(false);
    let (begun, has_begun) = watch::channel(false);
    let until = async move {
        // Fails only when the sender is gone, which ends the wait as well.
        let _ = is_asked.wait_for(|asked| *asked).await;
    };
    let work = keep(
        options,
        progress,
        |kept| {
            eprint!("{}", told(kept));
            begun.send_replace(true);
        },
        until,
    );
    tokio::pin!(work);
    let mut first: Option<Interrupt> = None;
    let outcome = loop {
        tokio::select! {
            biased;
            Ok(interrupt) = interrupted() => {
                if first.is_some() || !*has_begun.borrow() {
                    eprintln!("{interrupt}: every component was stopped");
                    return Ok(ExitCode::from(interrupt.exit_status()));
                }
                first = Some(interrupt);
                asked.send_replace(true);
            }
            outcome = &mut work => break outcome?,
        }
    };
    let (text, sound) = judged(&outcome);
    eprint!("{text}");
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn told(kept: &Kept) -> String {
    let config = kept.config.display();
    format!(
        "\nrunning: {}\n\n  crossover status --config {config}\n  crossover run --follow --config {config}\n  \
         crossover rollback --follow --config {config}\n\nCtrl-C ends it\n",
        kept.edge_url
    )
}

/// The outcome in words, and whether nothing was lost and no client saw an error.
fn judged(outcome: &KeptOutcome) -> (String, bool) {
    let errors = outcome.errors;
    let mut text = String::new();
    let mut sound = errors == 0;
    match &outcome.ledger {
        Some(ledger) => {
            // Writing into a string cannot fail.
            let _ = writeln!(
                text,
                "  writes   {} acknowledged, {} present, {} lost, {} duplicated, {errors} client errors",
                ledger.acknowledged, ledger.present, ledger.lost, ledger.duplicated
            );
            sound &= ledger.lost == 0 && ledger.duplicated == 0;
        }
        None => sound = false,
    }
    for unknown in &outcome.unknown {
        let _ = writeln!(text, "  unknown  {unknown}");
    }
    (text, sound)
}
