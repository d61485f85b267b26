//! The machine and the versions of a measurement; figures mean nothing without them.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    bench::{other_tools::OtherTool, ours::Ours, stand::Stand},
    workspace::Workspace,
};

/// The machine, and its load before the bench: on a busy machine only ratios are meaningful.
pub fn machine() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let memory = memory.and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok());
    let load = read("/proc/loadavg")
        .split_whitespace()
        .next()
        .and_then(|load| load.parse::<f64>().ok());
    json!({
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "processor": field(&read("/proc/cpuinfo"), "model name"),
        "cores": std::thread::available_parallelism().map(usize::from).ok(),
        "memory_mb": memory.map(|kilobytes| kilobytes / 1024),
        "load_before": load,
    })
}

/// A warning if the machine was busy before the bench.
pub fn busy(machine: &Value) -> Option<String> {
    let (load, cores) = (machine["load_before"].as_f64()?, machine["cores"].as_f64()?);
    (load > cores / 2.0).then(|| {
        format!(
            "the machine was busy before the bench began (load {load} on {cores} cores): times are not reliable"
        )
    })
}

/// The value after `name :` in a file of /proc.
fn field(text: &str, name: &str) -> Option<String> {
    let line = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(key, _)| key.trim() == name);
    line.map(|(_, value)| value.trim().to_owned())
}

/// Versions of all candidates and servers.
pub fn versions(workspace: &Workspace, stand: &Stand, ours: Option<&Ours>) -> anyhow::Result<Value> {
    Ok(json!({
        "revision": revision(workspace),
        "crossover": ours.map(Ours::version).transpose()?,
        "postgresql_source": stand.source.settings["server_version"],
        "postgresql_target": stand.target.settings["server_version"],
        "reladiff": OtherTool::Reladiff.version(),
        "data-diff": OtherTool::DataDiff.version(),
    }))
}

/// The commit of the checkout; none without git.
pub fn revision(workspace: &Workspace) -> Option<String> {
    let git = Command::new("git")
        .args(["describe", "--always", "--dirty"])
        .current_dir(&workspace.root)
        .output()
        .ok()?;
    let revision = String::from_utf8_lossy(&git.stdout).trim().to_owned();
    (git.status.success() && !revision.is_empty()).then_some(revision)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_busy_when_the_load_exceeds_half_its_cores() {
        let machine = |load: f64| json!({ "cores": 2, "load_before": load });
        assert_eq!(busy(&machine(1.0)), None);
        assert!(busy(&machine(1.1)).unwrap().contains("load 1.1 on 2 cores"));
        assert_eq!(busy(&json!({ "cores": 2, "load_before": null })), None);
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "MemTotalX: 1 kB\nMemTotal:       24 kB\nmodel name\t: A: B\n";
        assert_eq!(field(text, "MemTotal").unwrap(), "24 kB");
        assert_eq!(field(text, "model name").unwrap(), "A: B");
        assert_eq!(field(text, "Mem"), None);
    }
}
