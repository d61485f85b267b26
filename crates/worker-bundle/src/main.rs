//! `worker-bundle <wasm> <out-dir> [wasm-opt]`: writes the Worker's bundle.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let (wasm, out_dir, wasm_opt) = match arguments.as_slice() {
        [wasm, out_dir] => (wasm, out_dir, None),
        [wasm, out_dir, wasm_opt] => (wasm, out_dir, Some(wasm_opt.as_path())),
        _ => {
            eprintln!("usage: worker-bundle <wasm> <out-dir> [wasm-opt]");
            return ExitCode::from(2);
        }
    };
    match worker_bundle::bundle(wasm, out_dir, wasm_opt) {
        Ok(bundle) => {
            for module in &bundle.modules {
                println!("{}", bundle.dir.join(&module.name).display());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("worker-bundle: {error}");
            ExitCode::FAILURE
        }
    }
}
