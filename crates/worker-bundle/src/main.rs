//! `worker-bundle <wasm> <out-dir> [wasm-opt]`: writes the Worker's bundle.
//!
//! `worker-bundle digest <bundle>`: prints the SHA-256 of a bundle, as reports of rehearsals have it. Its first 16 digits are the build that
//! `crossover edge status` shows.
//!
//! `worker-bundle config <bundle> <listen> <lanes> [NAME=VALUE]...`: prints the configuration with which workerd
//! runs a bundle, with these variables. Other users see the variables in the list of processes: not for secrets.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use worker_bundle::{Bundle, LaneStorage, WorkerdConfig};

const USAGE: &str = "usage: worker-bundle <wasm> <out-dir> [wasm-opt]\n       \
                     worker-bundle digest <bundle>\n       \
                     worker-bundle config <bundle> <listen> <lanes> [NAME=VALUE]...";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [config, bundle, listen, lanes, vars @ ..] if config == "config" => {
            configuration(bundle.as_ref(), listen, lanes, vars)
        }
        [digest, bundle] if digest == "digest" => Bundle::open(bundle.as_ref())
            .and_then(|bundle| bundle.digest())
            .map(|digest| format!("{digest}\n"))
            .map_err(|error| error.to_string()),
        [wasm, out_dir] => files(wasm.as_ref(), out_dir.as_ref(), None),
        [wasm, out_dir, wasm_opt] => files(wasm.as_ref(), out_dir.as_ref(), Some(wasm_opt.as_ref())),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("worker-bundle: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes the bundle; returns the paths of its modules, a line each.
fn files(wasm: &Path, out_dir: &Path, wasm_opt: Option<&Path>) -> Result<String, String> {
    let bundle = worker_bundle::bundle(wasm, out_dir, wasm_opt).map_err(|error| error.to_string())?;
    let mut paths = String::new();
    for module in &bundle.modules {
        paths.push_str(&bundle.dir.join(&module.name).to_string_lossy());
        paths.push('\n');
    }
    Ok(paths)
}

fn configuration(
    bundle: &Path,
    listen: &OsString,
    lanes: &OsString,
    vars: &[OsString],
) -> Result<String, String> {
    let bundle = Bundle::open(bundle).map_err(|error| error.to_string())?;
    let listen = listen.to_string_lossy();
    let address = listen.parse();
    let vars: Option<BTreeMap<String, String>> = vars
        .iter()
        .map(|var| {
            let (name, value) = var.to_str()?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect();
    let config = WorkerdConfig {
        bundle: &bundle,
        listen: address.map_err(|_| format!("{listen} is not an address with a port"))?,
        storage: LaneStorage::LocalDisk(PathBuf::from(lanes)),
        vars: &vars.ok_or("a variable is not of the form NAME=VALUE")?,
    };
    Ok(config.text())
}
