//! A Worker in a workerd of its own.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::{bench::cpu, workspace::Workspace};

/// The module that the runtime starts with.
pub const ENTRY: &str = "shim.js";

/// Runs workerd until the end of standard input, so that it ends with the bench, however the bench ends. The
/// first line of output is workerd's process id.
const GUARD: &str =
    r#"trap '' INT TERM; "$@" <&- & echo $!; exec >&-; read -r end; kill -KILL $! 2>/dev/null; wait"#;

/// workerd, and the runtime settings that production has.
pub struct Runtime {
    workerd: PathBuf,
    compatibility_date: String,
    compatibility_flags: String,
}

impl Runtime {
    pub fn of(workspace: &Workspace, workerd: PathBuf) -> anyhow::Result<Self> {
        let path = workspace.root.join("edge-router/wrangler.toml");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let setting = |name: &str| {
            value(&text, name)
                .map(str::to_owned)
                .with_context(|| format!("{} does not set {name}", path.display()))
        };
        Ok(Self {
            workerd,
            compatibility_date: setting("compatibility_date")?,
            compatibility_flags: setting("compatibility_flags")?,
        })
    }

    pub fn version(&self) -> anyhow::Result<String> {
        let output = Command::new(&self.workerd)
            .arg("--version")
            .output()
            .with_context(|| format!("{} cannot be run", self.workerd.display()))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// The value of `name = value` on a line of its own, quotes included: Cap'n Proto has the same literals for
/// texts and lists.
fn value<'a>(toml: &'a str, name: &str) -> Option<&'a str> {
    let lines = toml.lines().filter_map(|line| line.split_once('='));
    lines
        .map(|(key, value)| (key.trim(), value.trim()))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// A running Worker with a new lane; ends with this value.
pub struct Worker {
    pub address: SocketAddr,
    /// Process id of workerd.
    pid: u32,
    guard: Child,
}

impl Worker {
    pub fn start(
        runtime: &Runtime,
        bundle: &Path,
        origin: SocketAddr,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let lanes = folder.join("lanes");
        fs::create_dir_all(&lanes)?;
        let bundle = bundle
            .canonicalize()
            .with_context(|| bundle.display().to_string())?;
        let config = folder.join("edge.capnp");
        fs::write(
            &config,
            text(runtime, &bundle, &modules(&bundle)?, origin, &lanes),
        )?;
        let mut guard = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(&runtime.workerd)
            .args(["serve", "--import-path=/", "--control-fd=1"])
            .arg(&config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("sh cannot be run")?;
        let output = guard.stdout.take();
        let mut worker = Self {
            address: origin,
            pid: 0,
            guard,
        };
        let mut output = BufReader::new(output.context("workerd has no standard output")?);
        let mut pid = String::new();
        output.read_line(&mut pid)?;
        worker.pid = pid.trim().parse().context("workerd has no process id")?;
        worker.address = SocketAddr::from(([127, 0, 0, 1], port(&mut output)?));
        // Keep reading: a full pipe would block workerd.
        thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Ok(worker)
    }

    /// Processor seconds of workerd since its start.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        cpu::of_process(self.pid).context("/proc does not tell the CPU of workerd")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// The port that workerd reports when it listens.
fn port(output: &mut BufReader<ChildStdout>) -> anyhow::Result<u16> {
    for line in output.lines() {
        let event: Value = serde_json::from_str(&line?).unwrap_or_default();
        if event["event"] == "listen" {
            return Ok(u16::try_from(event["port"].as_u64().context("no port")?)?);
        }
    }
    bail!("workerd ended before it listened; its output is above")
}

/// The files that are modules, relative to the bundle, the entry first.
fn modules(bundle: &Path) -> anyhow::Result<Vec<String>> {
    let (mut names, mut folders) = (Vec::new(), vec![bundle.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            let is_module = path
                .extension()
                .is_some_and(|extension| extension == "js" || extension == "wasm");
            if path.is_dir() {
                folders.push(path);
            } else if is_module {
                names.push(path.strip_prefix(bundle)?.display().to_string());
            }
        }
    }
    names.sort_by_key(|name| (name != ENTRY, name.clone()));
    Ok(names)
}

/// The configuration of workerd. The earlier Worker gets the same one, whatever its own checkout has.
fn text(runtime: &Runtime, bundle: &Path, modules: &[String], origin: SocketAddr, lanes: &Path) -> String {
    let mut embedded = String::new();
    for name in modules {
        let is_wasm = Path::new(name).extension().is_some_and(|kind| kind == "wasm");
        let kind = if is_wasm { "wasm" } else { "esModule" };
        // Writing to a String cannot fail.
        let path = quoted(&bundle.join(name));
        let _ = writeln!(
            embedded,
            "    (name = {}, {kind} = embed {path}),",
            quoted(Path::new(name))
        );
    }
    let key = "c0".repeat(32);
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "internet", network = (allow = ["private", "public"])),
    (name = "lanes", disk = (path = {lanes}, writable = true)),
  ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "edge") ],
);

const edge :Workerd.Worker = (
  modules = [
{embedded}  ],
  compatibilityDate = {date},
  compatibilityFlags = {flags},
  bindings = [
    (name = "LANES", durableObjectNamespace = "LaneObject"),
    (name = "LANE", text = "main"),
    (name = "SOURCE_ORIGIN", text = "http://{origin}"),
    (name = "TARGET_ORIGIN", text = "http://{origin}"),
    (name = "ADMIN_KEYS", text = "{{\"bench\": \"{key}\"}}"),
  ],
  durableObjectNamespaces = [ (className = "LaneObject", uniqueKey = "crossover-lanes", enableSql = true) ],
  durableObjectStorage = (localDisk = "lanes"),
);
"#,
        lanes = quoted(lanes),
        date = runtime.compatibility_date,
        flags = runtime.compatibility_flags,
    )
}

/// A Cap'n Proto text; its escapes are those of Rust.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_found_by_its_whole_name() {
        let toml =
            "# compatibility_date\nmy_date = \"no\"\ndate = \"2026-01-01\"\nflags = [\"one\", \"two\"]\n";
        assert_eq!(value(toml, "date"), Some("\"2026-01-01\""));
        assert_eq!(value(toml, "flags"), Some(r#"["one", "two"]"#));
        assert_eq!(value(toml, "compatibility_date"), None);
    }

    #[test]
    fn the_settings_of_production_are_found() {
        let runtime = Runtime::of(&Workspace::find().unwrap(), "workerd".into()).unwrap();
        assert!(runtime.compatibility_date.starts_with("\"20"));
        assert!(runtime.compatibility_flags.starts_with('['));
    }

    #[test]
    fn modules_are_embedded_by_kind() {
        let runtime = Runtime {
            workerd: "workerd".into(),
            compatibility_date: "\"2026-01-01\"".to_owned(),
            compatibility_flags: "[\"one\"]".to_owned(),
        };
        let modules = ["shim.js", "index_bg.wasm"].map(str::to_owned);
        let origin = SocketAddr::from(([127, 0, 0, 1], 8080));
        let text = text(
            &runtime,
            Path::new("/bundle"),
            &modules,
            origin,
            Path::new("/lanes"),
        );
        for expected in [
            r#"(name = "shim.js", esModule = embed "/bundle/shim.js")"#,
            r#"(name = "index_bg.wasm", wasm = embed "/bundle/index_bg.wasm")"#,
            r#"disk = (path = "/lanes", writable = true)"#,
            r#"compatibilityFlags = ["one"],"#,
            r#"(name = "SOURCE_ORIGIN", text = "http://127.0.0.1:8080")"#,
            r#"(name = "ADMIN_KEYS", text = "{\"bench\": \"c0c0"#,
        ] {
            assert!(text.contains(expected), "{expected} is not in {text}");
        }
    }
}
