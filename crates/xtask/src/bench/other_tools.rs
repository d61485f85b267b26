//! reladiff and data-diff: installed from PyPI with pinned versions, each in a separate environment, and
//! called with their fastest settings.

mod installation;

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path};

use anyhow::Context;
use serde_json::Value;

use crate::bench::{
    judgement::Named,
    measure::Measured,
    options::Options,
    outcome::{Outcome, last_line},
    stand::Stand,
};

/// A tool for comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherTool {
    Reladiff,
    DataDiff,
}

impl OtherTool {
    pub const ALL: [Self; 2] = [Self::Reladiff, Self::DataDiff];

    /// The name of the tool, of its package and of its program.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reladiff => "reladiff",
            Self::DataDiff => "data-diff",
        }
    }

    fn pins(self) -> &'static str {
        match self {
            Self::Reladiff => include_str!("../../other-tools/reladiff.txt"),
            Self::DataDiff => include_str!("../../other-tools/data-diff.txt"),
        }
    }

    /// The pinned version.
    pub fn version(self) -> &'static str {
        let pin = self
            .pins()
            .lines()
            .filter_map(|line| line.split_once("=="))
            .find(|(name, _)| *name == self.name());
        pin.map_or("unknown", |(_, version)| version)
    }

    /// The command line that compares all columns of the table (by default the tools compare only the key)
    /// with the fastest settings, including the option that reladiff may assume a unique key. `sorted` keeps
    /// reladiff's default of sorting its differences.
    pub fn command(
        self,
        program: &Path,
        stand: &Stand,
        options: &Options,
        sorted: bool,
    ) -> anyhow::Result<Vec<OsString>> {
        let mut command: Vec<OsString> = vec![program.into()];
        for server in [&stand.source, &stand.target] {
            command.extend([server.url.clone().into(), "orders".into()]);
        }
        command.extend(["--key-columns", "id", "--columns", "%", "--json", "--threads"].map(Into::into));
        command.push(options.other_tool_threads().to_string().into());
        let factor = options.bisection_factor();
        match self {
            Self::Reladiff => {
                command.extend(["--assume-unique-key", "--bisection-factor"].map(Into::into));
                command.push(factor.to_string().into());
                if !sorted {
                    command.push("--skip-sort-results".into());
                }
            }
            // The option --bisection-factor fails ('>=' between str and int); the same setting in a file
            // works.
            Self::DataDiff => {
                let settings = program.with_file_name("bench.toml");
                fs::write(&settings, format!("[run.default]\nbisection_factor = {factor}\n"))
                    .with_context(|| settings.display().to_string())?;
                command.extend(["--no-tracking".into(), "--conf".into(), settings.into()]);
            }
        }
        Ok(command)
    }
}

/// The outcome of a run. The exit status of both tools is 0 whether or not the sides are equal; reladiff's
/// also after an error.
pub fn outcome(measured: &Measured) -> Outcome {
    if measured.over_limit {
        return Outcome::OverLimit;
    }
    let error = measured
        .stderr
        .lines()
        .chain(measured.stdout.lines())
        .find(|line| is_error(line));
    if let Some(line) = error {
        return Outcome::Failed(line.trim().to_owned());
    }
    if measured.exit != 0 {
        return Outcome::Failed(format!(
            "exit status {}: {}",
            measured.exit,
            last_line(&measured.stderr)
        ));
    }
    let named = read(&measured.stdout);
    if named.is_empty() {
        Outcome::Equal
    } else {
        Outcome::Different(named)
    }
}

/// `[15:48:19] ERROR - ...` of reladiff, `15:48:34 ERROR    ...` of data-diff.
fn is_error(line: &str) -> bool {
    line.split_whitespace().take(2).any(|word| word == "ERROR")
}

/// Reads rows: `["-", ["1", ...]]` for a row of the source, `+` for a row of the target; both for a changed
/// row.
fn read(stdout: &str) -> BTreeMap<u64, Named> {
    let mut named: BTreeMap<u64, Named> = BTreeMap::new();
    for line in stdout.lines() {
        let Ok(Value::Array(row)) = serde_json::from_str(line.trim()) else {
            continue;
        };
        let [Value::String(sign), Value::Array(values)] = row.as_slice() else {
            continue;
        };
        let Some(key) = values
            .first()
            .and_then(Value::as_str)
            .and_then(|key| key.parse().ok())
        else {
            continue;
        };
        let kind = match sign.as_str() {
            "-" => "missing",
            "+" => "extra",
            _ => continue,
        };
        let known = named.entry(key).or_default();
        let kind = if known.kind.is_empty() { kind } else { "changed" };
        kind.clone_into(&mut known.kind);
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(exit: i32, stdout: &str, stderr: &str) -> Measured {
        Measured {
            elapsed_s: 1.0,
            cpu_s: 0.1,
            rss_mb: 9.0,
            exit,
            over_limit: false,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    #[test]
    fn every_pin_is_exact_and_names_its_program() {
        for tool in OtherTool::ALL {
            assert_ne!(tool.version(), "unknown");
            let loose = tool
                .pins()
                .lines()
                .find(|line| !line.starts_with('#') && !line.contains("=="));
            assert_eq!(loose, None);
        }
    }

    #[test]
    fn a_row_on_both_sides_is_changed_one_on_either_is_missing_or_extra() {
        let stdout = "15:48:34 WARNING  a column\n[\"-\", [\"1\", null]]\n[\"+\", [\"1\", \"x\"]]\n[\"-\", [\"2\", null]]\n\
                      [\"+\", [\"3\", \"[\\\"+\\\"]\"]]\n";
        let Outcome::Different(named) = outcome(&measured(0, stdout, "")) else {
            panic!("not different");
        };
        let kinds: Vec<(u64, &str)> = named
            .iter()
            .map(|(key, named)| (*key, named.kind.as_str()))
            .collect();
        assert_eq!(kinds, [(1, "changed"), (2, "missing"), (3, "extra")]);
    }

    #[test]
    fn an_error_is_a_failure_even_with_exit_status_0_and_rows() {
        let error = "[15:48:19] ERROR - '<' not supported between instances of 'NoneType' and 'str'";
        let outcome = outcome(&measured(
            0,
            "[\"-\", [\"1\"]]\n",
            &format!("[15:48:18] WARNING - x\n{error}\n"),
        ));
        assert_eq!(outcome, Outcome::Failed(error.to_owned()));
    }

    #[test]
    fn no_output_means_equal_only_with_exit_status_0() {
        assert_eq!(outcome(&measured(0, "", "")), Outcome::Equal);
        let failed = outcome(&measured(137, "", ""));
        assert_eq!(failed, Outcome::Failed("exit status 137: no output".to_owned()));
    }
}
