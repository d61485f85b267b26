//! The configuration with which `workerd` runs a bundle on this machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::bundle::{Bundle, ModuleKind};

/// The runtime behaviour that the Worker is written for; same value as in `edge-router/wrangler.toml`.
const COMPATIBILITY_DATE: &str = "2026-01-01";
/// With this flag a held request is notified when its client disconnects.
const COMPATIBILITY_FLAGS: &str = "\"enable_request_signal\"";

/// Storage of the Durable Objects: the lanes and the directory. They need SQL, which workerd's in-memory storage does not support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneStorage {
    /// Kept in this directory, which must exist. Every change of a lane waits for this disk.
    LocalDisk(PathBuf),
}

/// Configuration of one local edge.
#[derive(Debug, Clone)]
pub struct WorkerdConfig<'a> {
    pub bundle: &'a Bundle,
    /// The address to listen on. With port 0, start workerd with `--control-fd=1`: it prints the port as
    /// JSON.
    pub listen: SocketAddr,
    pub storage: LaneStorage,
    /// The Worker's variables and secrets.
    pub vars: &'a BTreeMap<String, String>,
}

impl WorkerdConfig<'_> {
    /// The capnp text. Module paths are absolute: run `workerd serve --import-path=/ <file>`. The text
    /// contains the secrets among the variables: keep the file private.
    pub fn text(&self) -> String {
        let mut modules = String::new();
        for module in &self.bundle.modules {
            let kind = match module.kind {
                ModuleKind::EsModule => "esModule",
                ModuleKind::Wasm => "wasm",
            };
            let path = self.bundle.dir.join(&module.name);
            let (name, path) = (quoted(&module.name), quoted(&path.to_string_lossy()));
            // Writing to a String cannot fail.
            let _ = writeln!(modules, "    (name = {name}, {kind} = embed {path}),");
        }
        let mut bindings = String::new();
        for (name, value) in self.vars {
            let _ = writeln!(
                bindings,
                "    (name = {}, text = {}),",
                quoted(name),
                quoted(value)
            );
        }
        let LaneStorage::LocalDisk(lanes) = &self.storage;
        format!(
            r#"using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "internet", network = (allow = ["private", "public"])),
    (name = "lanes", disk = (path = {lanes}, writable = true)),
  ],
  sockets = [ (name = "http", address = {listen}, http = (), service = "edge") ],
);

const edge :Workerd.Worker = (
  modules = [
{modules}  ],
  compatibilityDate = "{COMPATIBILITY_DATE}",
  compatibilityFlags = [{COMPATIBILITY_FLAGS}],
  bindings = [
    (name = "LANES", durableObjectNamespace = "LaneObject"),
    (name = "DIRECTORY", durableObjectNamespace = "DirectoryObject"),
{bindings}  ],
  durableObjectNamespaces = [
    (className = "LaneObject", uniqueKey = "crossover-lanes", enableSql = true),
    (className = "DirectoryObject", uniqueKey = "crossover-directory", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "lanes"),
);
"#,
            listen = quoted(&self.listen.to_string()),
            lanes = quoted(&lanes.to_string_lossy()),
        )
    }
}

/// A capnp text literal.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Module;

    fn text() -> String {
        let bundle = Bundle {
            dir: PathBuf::from("/bundle"),
            modules: vec![
                Module {
                    name: "shim.js".to_owned(),
                    kind: ModuleKind::EsModule,
                },
                Module {
                    name: "index_bg.wasm".to_owned(),
                    kind: ModuleKind::Wasm,
                },
            ],
        };
        let vars = BTreeMap::from([("ADMIN_KEYS".to_owned(), r#"{"a\b": "ff"}"#.to_owned())]);
        let listen = SocketAddr::from(([127, 0, 0, 1], 8080));
        WorkerdConfig {
            bundle: &bundle,
            listen,
            storage: LaneStorage::LocalDisk(PathBuf::from("/state")),
            vars: &vars,
        }
        .text()
    }

    #[test]
    fn values_are_quoted_and_modules_are_embedded_by_kind() {
        let text = text();
        assert!(
            text.contains(r#"(name = "ADMIN_KEYS", text = "{\"a\\b\": \"ff\"}")"#),
            "{text}"
        );
        assert!(text.contains(r#"(name = "index_bg.wasm", wasm = embed "/bundle/index_bg.wasm")"#));
        assert!(text.contains(r#"address = "127.0.0.1:8080""#));
    }

    #[test]
    fn lanes_on_disk_get_a_writable_service() {
        let text = text();
        assert!(
            text.contains(r#"(name = "lanes", disk = (path = "/state", writable = true))"#),
            "{text}"
        );
        assert!(text.contains(r#"durableObjectStorage = (localDisk = "lanes")"#));
    }
}
