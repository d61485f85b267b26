//! `crossover edge sign-region`.

use std::process::ExitCode;

use anyhow::Context as _;
use crossover_clock::SystemClock;
use crossover_core::{
    Millis,
    ports::Clock as _,
    routing::{Directory, directory::signed_region::HEADER},
};

use super::utc;
use crate::{
    migration::{Config, work},
    output::print,
};

pub const MANUAL: &str = "Print a header with which a request belongs to a region, whatever else it says of itself and wherever its client is: to test one region from anywhere.\n\n\
The edge honours it where the directory says so (`region.signed`), until it expires. Whoever has the header can use it: keep it as you keep a password. It changes nothing at the edge.";

/// Options of `crossover edge sign-region`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 printed; 1 the directory has no such region, or honours no signature; 2 could not run; 130 interrupted."
)]
pub struct Arguments {
    /// The region's code
    #[arg(value_name = "CODE")]
    code: String,
    #[command(flatten)]
    config: Config,
    /// How long the header is valid, in seconds
    #[arg(long = "for", value_name = "S", default_value_t = 3_600, value_parser = clap::value_parser!(u64).range(1..=86_000))]
    seconds: u64,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| interrupt.to_string())
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let admin = arguments.config.clients().await?.lane().await?;
    let directory = admin.directory().await?.current.directory;
    if let Err(why) = honours(&directory, &arguments.code) {
        eprintln!("{why}");
        return Ok(ExitCode::FAILURE);
    }
    let expires = SystemClock.now() + Millis(arguments.seconds * 1_000);
    let until = utc(expires).context("the time is in no calendar")?;
    eprintln!("valid until {until:.0}");
    print(&format!(
        "{HEADER}: {}\n",
        admin.sign_region(&arguments.code, expires)
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a signed region of this code leads anywhere.
fn honours(directory: &Directory, code: &str) -> Result<(), String> {
    let Some(regions) = &directory.region else {
        return Err("the directory in force has no regions: `crossover edge directory` shows it".to_owned());
    };
    if !regions.codes.contains(code) {
        let known: Vec<&str> = regions.codes.iter().map(String::as_str).collect();
        return Err(format!(
            "the directory in force has no region {code}; it has {}",
            known.join(", ")
        ));
    }
    if !regions.signed {
        return Err(
            "the directory in force honours no signed region: publish one with `\"signed\": true` in `region` (docs/edge.md)"
                .to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crossover_core::routing::directory::Regions;
    use serde_json::json;

    use super::{super::directory::tests::directory, *};

    #[test]
    fn a_header_that_would_be_refused_is_not_made() {
        let mut directory = directory();
        assert!(honours(&directory, "N01").unwrap_err().contains("no regions"));
        let mut regions: Regions =
            serde_json::from_value(json!({"codes": ["N01"], "default": "N01"})).unwrap();
        directory.region = Some(regions.clone());
        assert!(honours(&directory, "N01").unwrap_err().contains("signed"));
        regions.signed = true;
        directory.region = Some(regions);
        assert_eq!(honours(&directory, "N01"), Ok(()));
        assert!(honours(&directory, "X99").unwrap_err().contains("it has N01"));
    }
}
