//! `crossover-bench-stand <workspace> <folder> [--replicating]`: PostgreSQL 16 (source) and 17 (target) for a
//! benchmark, and statements on both. Servers that can replicate write more WAL, so they are configured for
//! replication only on demand.
//!
//! For `cargo xtask bench`, which depends on no other crate of the workspace and has no database driver. The
//! first line on standard output has the addresses of the servers; then every line on standard input is a
//! request ([`request::Request`]) that is answered by one line. The servers end, and their data is removed,
//! at the end of standard input or after a signal.

mod load;
mod request;
mod side;

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crossover_interrupt::unless_interrupted;
use crossover_stand::{Major, Progress, TestEnvironment, guard, parts};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use load::Loads;
use request::Request;
use side::Side;

/// Errors are only printed, so their type does not matter.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    guard::install();
    let mut arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let replicating = arguments
        .last()
        .is_some_and(|last| last == Path::new("--replicating"));
    if replicating {
        arguments.pop();
    }
    let [workspace, folder] = arguments.as_slice() else {
        eprintln!("usage: crossover-bench-stand <workspace> <folder> [--replicating]");
        return ExitCode::from(2);
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(unless_interrupted(serve(workspace, folder, replicating))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
        Err(interrupt) => ExitCode::from(interrupt.exit_status()),
    }
}

/// Runs the servers until there are no more requests. Dropped without an orderly stop, because their data is
/// not needed afterwards.
async fn serve(workspace: &Path, folder: &Path, replicating: bool) -> Result<()> {
    let parts = parts::ensure(workspace, parts::Set::Rehearsal, &Lines).await?;
    let mut stand = TestEnvironment::new();
    let (source, target) = tokio::try_join!(
        Side::start(&parts, Major::V16, "source", folder, replicating),
        Side::start(&parts, Major::V17, "target", folder, replicating),
    )?;
    let sides = [source.opened(&mut stand).await?, target.opened(&mut stand).await?];
    let [source, target] = [sides[0].described().await?, sides[1].described().await?];
    print(&json!({ "source": source, "target": target }))?;
    let (mut lines, mut loads) = (lines(), Loads::default());
    while let Some(line) = lines.recv().await {
        print(&answer(&sides, &mut loads, &line).await)?;
    }
    Ok(())
}

async fn answer(sides: &[Side; 2], loads: &mut Loads, line: &str) -> Value {
    let result = match serde_json::from_str::<Request>(line) {
        Ok(request) => request::execute(request, sides, loads).await,
        Err(error) => Err(error.into()),
    };
    result.unwrap_or_else(|error| json!({ "error": error.to_string() }))
}

fn print(answer: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{answer}")?;
    out.flush()
}

/// Standard input, line by line. Read in a separate thread, because such a read cannot be cancelled.
fn lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, received) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(std::result::Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    received
}

/// Prints one line when a long step begins, and one when the step ends.
struct Lines;

impl Progress for Lines {
    fn started(&self, step: &str) {
        eprintln!("  … {step}");
    }

    fn done(&self, step: &str, elapsed: Duration) {
        eprintln!("  ✓ {step} ({:.1} s)", elapsed.as_secs_f64());
    }

    fn failed(&self, step: &str, elapsed: Duration) {
        eprintln!("  ✗ {step} ({:.1} s)", elapsed.as_secs_f64());
    }
}
