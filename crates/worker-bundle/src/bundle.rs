//! The files of a bundle: bindings, shim and optimized wasm.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fmt::Write as _, fs};

use sha2::{Digest as _, Sha256};
use wasm_bindgen_cli_support::Bindgen;

const SHIM: &str = include_str!("shim.js");
const SHIM_NAME: &str = "shim.js";
/// What the shim imports besides the glue: the scripts of the edge-router.
const SCRIPTS: [(&str, &str); 2] = [
    ("direct.js", include_str!("../../../edge-router/src/direct.js")),
    (
        "in-flight.js",
        include_str!("../../../edge-router/src/in-flight.js"),
    ),
];
/// The line of the shim that names the build begins so.
const NAMING: &str = "globalThis.crossoverBuild = ";
/// Stands in the shim for the name of the build.
const UNNAMED: &str = "\"0000000000000000\"";
const GLUE_NAME: &str = "index.js";
const WASM_NAME: &str = "index_bg.wasm";

/// The features that rustc's wasm32-unknown-unknown emits by default, and the exception handling that
/// wasm-bindgen adds for its abort handler. wasm-opt must accept these features and add no others.
const WASM_FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-exception-handling",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// How the runtime loads a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleKind {
    EsModule,
    Wasm,
}

/// One file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Path relative to the bundle's directory, with `/`; other modules import the module by this path.
    pub name: String,
    pub kind: ModuleKind,
}

/// A complete Worker on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The directory of the modules.
    pub dir: PathBuf,
    /// The modules, the entry first.
    pub modules: Vec<Module>,
}

/// Why a bundle could not be written or opened.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("wasm-bindgen cannot read {}: {reason} (was it built with wasm-bindgen 0.2.130 for wasm32-unknown-unknown?)", path.display())]
    Bindgen {
        path: PathBuf,
        /// The message of wasm-bindgen.
        reason: String,
    },
    /// The glue code lacks an expected part.
    #[error("the generated {GLUE_NAME} has no {what}: is this the edge-router's wasm?")]
    UnknownGlue {
        /// The missing part.
        what: &'static str,
    },
    /// wasm-opt failed or could not be started.
    #[error("{} failed: {reason}", tool.display())]
    Optimizer {
        tool: PathBuf,
        /// The first line of its error output.
        reason: String,
    },
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> BundleError {
    let path = path.to_owned();
    move |source| BundleError::File { path, source }
}

/// Writes the bundle of `wasm` into `out_dir` (created if missing; a former bundle is replaced). With
/// `wasm_opt`, the path to binaryen's tool, the wasm is optimized for size.
pub fn bundle(wasm: &Path, out_dir: &Path, wasm_opt: Option<&Path>) -> Result<Bundle, BundleError> {
    fs::metadata(wasm).map_err(file_error(wasm))?;
    let snippets = out_dir.join("snippets");
    if snippets.exists() {
        fs::remove_dir_all(&snippets).map_err(file_error(&snippets))?;
    }
    generate(wasm, out_dir).map_err(|reason| BundleError::Bindgen {
        path: wasm.to_owned(),
        reason,
    })?;
    let glue_path = out_dir.join(GLUE_NAME);
    let glue = fs::read_to_string(&glue_path).map_err(file_error(&glue_path))?;
    let (glue, classes) = adapt(&glue)?;
    fs::write(&glue_path, glue).map_err(file_error(&glue_path))?;
    let shim_path = out_dir.join(SHIM_NAME);
    fs::write(&shim_path, shim(&classes)).map_err(file_error(&shim_path))?;
    for (name, text) in SCRIPTS {
        let path = out_dir.join(name);
        fs::write(&path, text).map_err(file_error(&path))?;
    }
    if let Some(tool) = wasm_opt {
        optimize(tool, &out_dir.join(WASM_NAME))?;
    }
    let bundle = Bundle::open(out_dir)?;
    // The name of a bundle depends on every file of it, the shim without its name included.
    let name = format!("\"{}\"", &bundle.digest()?[..16]);
    fs::write(&shim_path, shim(&classes).replace(UNNAMED, &name)).map_err(file_error(&shim_path))?;
    Ok(bundle)
}

/// What is bundled besides the wasm and its bindings: names and texts.
pub fn scripts() -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::once((SHIM_NAME, SHIM)).chain(SCRIPTS)
}

impl Bundle {
    /// The SHA-256 of all files with their names, as hexadecimal digits. Its first 16 are the name of the build, by which the Worker's reports
    /// say what an isolate runs.
    pub fn digest(&self) -> Result<String, BundleError> {
        let mut digest = Sha256::new();
        for module in &self.modules {
            let path = self.dir.join(&module.name);
            let mut content = fs::read(&path).map_err(file_error(&path))?;
            if module.name == SHIM_NAME {
                content = unnamed(&String::from_utf8_lossy(&content)).into_bytes();
            }
            for part in [module.name.as_bytes(), &content] {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part);
            }
        }
        let bytes = digest.finalize();
        Ok(bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }

    /// Opens a bundle in `dir`, such as [`bundle()`] has written there: the entry with all scripts and wasm beside it.
    pub fn open(dir: &Path) -> Result<Self, BundleError> {
        let entry = dir.join(SHIM_NAME);
        fs::metadata(&entry).map_err(file_error(&entry))?;
        let mut names = Vec::new();
        collect(dir, "", &mut names)?;
        names.sort();
        let kind = |name: &str| match Path::new(name).extension()?.to_str()? {
            "js" => Some(ModuleKind::EsModule),
            "wasm" => Some(ModuleKind::Wasm),
            _ => None,
        };
        let others = names.into_iter().filter(|name| name != SHIM_NAME);
        let modules = std::iter::once(SHIM_NAME.to_owned())
            .chain(others)
            .filter_map(|name| {
                Some(Module {
                    kind: kind(&name)?,
                    name,
                })
            });
        Ok(Self {
            dir: dir.to_owned(),
            modules: modules.collect(),
        })
    }
}

fn generate(wasm: &Path, out_dir: &Path) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    let prepared = bindgen.input_path(wasm).out_name("index").module(true);
    let prepared = prepared.map_err(|error| format!("{error:#}"))?;
    prepared
        .typescript(false)
        .remove_name_section(true)
        .reset_state_function(true)
        .force_enable_abort_handler(true)
        .generate(out_dir)
        .map_err(|error| format!("{error:#}"))
}

/// A part of the glue, and what stands in its place.
struct Adaptation {
    what: &'static str,
    from: &'static str,
    to: &'static str,
}

const ADAPTATIONS: [Adaptation; 2] = [
    // workerd's module rules do not support source-phase imports; in a Worker an import of a `.wasm` file already
    // gives a module.
    Adaptation {
        what: "source-phase import of the wasm",
        from: "import source wasmModule from",
        to: "import wasmModule from",
    },
    // Each step of asynchronous Rust is a microtask. In workerd queueMicrotask is a call into C++, a promise is not:
    // the same order for less CPU.
    Adaptation {
        what: "call of queueMicrotask",
        from: "            queueMicrotask(arg0);",
        to: "            resolved.then(arg0);",
    },
];

/// What the adapted glue refers to. It stands first, because the wasm may start while the module is evaluated.
const PREFIX: &str = "const resolved = Promise.resolve();\n";

/// Returns the adapted glue and the exported classes.
fn adapt(glue: &str) -> Result<(String, Vec<String>), BundleError> {
    let mut adapted = format!("{PREFIX}{glue}");
    for Adaptation { what, from, to } in ADAPTATIONS {
        if !adapted.contains(from) {
            return Err(BundleError::UnknownGlue { what });
        }
        adapted = adapted.replace(from, to);
    }
    let classes: Vec<String> = glue
        .lines()
        .filter_map(|line| line.strip_prefix("export class "))
        .filter_map(|rest| rest.split([' ', '{']).next())
        .filter(|name| glue.contains(&format!("{}_alarm", name.to_lowercase())))
        .map(str::to_owned)
        .collect();
    if classes.is_empty() {
        return Err(BundleError::UnknownGlue {
            what: "exported Durable Object class",
        });
    }
    Ok((adapted, classes))
}

/// The shim as it was before the build had a name.
fn unnamed(shim: &str) -> String {
    let named = |line: &str| match line.strip_prefix(NAMING) {
        Some(_) => format!("{NAMING}{UNNAMED};\n"),
        None => line.to_owned(),
    };
    shim.split_inclusive('\n').map(named).collect()
}

fn shim(classes: &[String]) -> String {
    let mut text = SHIM.to_owned();
    for name in classes {
        // Writing to a String cannot fail.
        let _ = write!(text, "\nexport const {name} = durable(\"{name}\");\n");
    }
    text
}

fn optimize(tool: &Path, wasm: &Path) -> Result<(), BundleError> {
    let failed = |reason: String| BundleError::Optimizer {
        tool: tool.to_owned(),
        reason,
    };
    let output = Command::new(tool)
        .arg("-Os")
        .args(WASM_FEATURES)
        .arg(wasm)
        .arg("-o")
        .arg(wasm)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        Ok(())
    } else {
        // The output can have megabytes; the first line names the fault.
        let words = String::from_utf8_lossy(&output.stderr);
        Err(failed(words.lines().next().unwrap_or("no message").to_owned()))
    }
}

fn collect(dir: &Path, prefix: &str, names: &mut Vec<String>) -> Result<(), BundleError> {
    for entry in fs::read_dir(dir).map_err(file_error(dir))? {
        let entry = entry.map_err(file_error(dir))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_wasm_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = bundle(&dir.path().join("no.wasm"), dir.path(), None).unwrap_err();
        assert!(error.to_string().contains("no.wasm"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_wasm_is_refused_with_a_hint() {
        let dir = tempfile::tempdir().unwrap();
        let wasm = dir.path().join("text.wasm");
        fs::write(&wasm, "not wasm").unwrap();
        let error = bundle(&wasm, &dir.path().join("out"), None).unwrap_err();
        assert!(matches!(error, BundleError::Bindgen { .. }), "{error}");
    }

    #[test]
    fn glue_is_adapted_and_its_durable_classes_are_found() {
        let glue = "import source wasmModule from \"./index_bg.wasm\";\n\
                    imports = {\n        __wbg_queueMicrotask_1: function(arg0) {\n            queueMicrotask(arg0);\n        },\n};\n\
                    export class LaneObject {\n alarm() { wasm.laneobject_alarm(this.ptr) }\n}\n\
                    export class MinifyConfig {\n}\n";
        let (adapted, classes) = adapt(glue).unwrap();
        assert!(adapted.contains("\nimport wasmModule from"), "{adapted}");
        assert!(
            adapted.starts_with(PREFIX) && adapted.contains("resolved.then(arg0);"),
            "{adapted}"
        );
        assert!(!adapted.contains("  queueMicrotask("), "{adapted}");
        assert_eq!(classes, ["LaneObject"]);
        assert!(shim(&classes).ends_with("export const LaneObject = durable(\"LaneObject\");\n"));
    }

    #[test]
    fn the_name_of_a_build_depends_on_every_file_and_not_on_itself() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        let shim = |name: &str| SHIM.replace(UNNAMED, name);
        assert!(SHIM.contains(&format!("\n{NAMING}{UNNAMED};\n")));
        write(SHIM_NAME, &shim(UNNAMED));
        write("direct.js", "a");
        let digest = || Bundle::open(dir.path()).unwrap().digest().unwrap();
        let first = digest();
        write(SHIM_NAME, &shim("\"0123456789abcdef\""));
        assert_eq!(digest(), first);
        write("direct.js", "b");
        let other = digest();
        assert_ne!(other, first);
        fs::rename(dir.path().join("direct.js"), dir.path().join("other.js")).unwrap();
        assert_ne!(digest(), other);
        write("other.js", "a");
        write(SHIM_NAME, &(shim(UNNAMED) + "\n"));
        assert_ne!(digest(), first);
    }

    #[test]
    fn foreign_glue_is_refused() {
        assert!(matches!(
            adapt("export class A {}"),
            Err(BundleError::UnknownGlue { .. })
        ));
    }
}
