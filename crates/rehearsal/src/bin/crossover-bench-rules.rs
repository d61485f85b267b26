//! `crossover-bench-rules URL KEY_ID KEY SOURCE TARGET RULES EXCEPTIONS PERCENT`: publishes a directory at an edge, lets the target
//! answer a share of the reads, and waits until both are in force.
//!
//! For `cargo xtask bench edge --rules`, which has no client of the admin API of its own.

use std::process::ExitCode;

use anyhow::{Context, bail};
use crossover_clock::SystemClock;
use crossover_core::{
    Millis, UnixMillis,
    ports::Clock as _,
    routing::{Command, Directory, ReadShare},
};
use crossover_edge_admin::{AdminKey, EdgeAdmin};
use serde_json::json;

/// As short as possible: the share begins one lease and one pin after it is set.
const PIN: Millis = Millis(1_000);
const LOOK_EVERY: Millis = Millis(50);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match publish(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn publish(arguments: &[String]) -> anyhow::Result<()> {
    let [url, key_id, key, source, target, rules, exceptions, percent] = arguments else {
        bail!("eight arguments are needed: see the source");
    };
    let edge = EdgeAdmin::new(url, "main", key_id, AdminKey::from_hex(key)?)?;
    let directory = directory(source, target, rules.parse()?, exceptions.parse()?)?;
    let newest = edge.directory().await?.newest();
    let spreading = edge.publish(newest, &directory).await?;
    let next = spreading.next.context("the directory is not spreading")?;
    until(next.from_ms).await;
    let percent: f64 = percent.parse()?;
    if percent > 0.0 {
        let command = Command::SetReads {
            percent: ReadShare::try_from(percent)?,
            pin_ms: PIN,
        };
        let record = edge.apply(edge.read().await?.epoch, command).await?;
        let reads = record.target_reads.context("the lane shares no reads")?;
        until(reads.from_ms).await;
    }
    Ok(())
}

/// All rules name the one lane, so that every request finds the same origins; the requests of the bench match the last one.
fn directory(source: &str, target: &str, rules: usize, exceptions: usize) -> anyhow::Result<Directory> {
    let tenants = (1..rules).map(|number| json!({"lane": "main", "tenant": format!("tenant-{number}")}));
    let by_path = json!({"lane": "main", "path": "/orders"});
    let rules: Vec<_> = tenants.chain([by_path]).collect();
    let keys: Vec<_> = (0..exceptions).map(|number| format!("k{number}")).collect();
    let document = json!({
        "lanes": {"main": {
            "source": source,
            "target": target,
            "reads": {"key": [{"cookie": "session"}], "exceptions": {"source": keys}},
        }},
        "default_lane": "main",
        "tenant": [{"header": "x-tenant"}],
        "rules": rules,
    });
    Ok(serde_json::from_value(document)?)
}

async fn until(time: UnixMillis) {
    while SystemClock.now() <= time {
        SystemClock.sleep(LOOK_EVERY).await;
    }
}
