//! Where the plugins of providers come from: folders on this machine, or Terraform's registry.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use hcl_edit::expr::Expression;

use super::version::Version;
use super::{Terraform, reason};
use crate::block::{key_name, value};
use crate::source::{Module, normal};

/// Variables with folders of plugins, in the layout of `terraform providers mirror`; several are separated by
/// colons.
pub const VARIABLES: [&str; 2] = ["CROSSOVER_TERRAFORM_PLUGINS", "TF_PLUGIN_DIR"];
/// Where administrators put such folders.
const FOLDERS: [&str; 2] = [
    "/usr/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
];

/// The providers that modules require: their sources, with all constraints on the version.
pub type Required = BTreeMap<String, Vec<String>>;

/// The plugins at hand.
pub struct Plugins {
    /// Terraform with everything it needs to find them.
    pub terraform: Terraform,
    /// A line about each provider for the reader.
    pub lines: Vec<String>,
    /// Providers without a plugin, and why.
    pub missing: BTreeMap<String, String>,
}

/// The providers that a module requires by itself.
pub fn required(module: &Module) -> Required {
    let mut required = Required::new();
    for (_, settings) in module.blocks("terraform") {
        for providers in settings.body.get_blocks("required_providers") {
            for provider in providers.body.attributes() {
                let text = |name: &str| {
                    let object = provider.value.as_object()?;
                    let (_, value) = object.iter().find(|(key, _)| key_name(key) == Some(name))?;
                    value.expr().as_str().map(str::to_owned)
                };
                if let Some(source) = text("source") {
                    required.entry(source).or_default().extend(text("version"));
                }
            }
        }
    }
    required
}

/// The folders of the modules that a module calls, relative to the checkout.
pub fn calls(module: &Module) -> Vec<PathBuf> {
    let sources = module
        .blocks("module")
        .filter_map(|(_, block)| value(&block.body, "source"));
    let local = sources
        .filter_map(Expression::as_str)
        .filter(|source| source.starts_with('.'));
    local.map(|source| normal(&module.folder.join(source))).collect()
}

/// Finds a plugin for each provider: on this machine, and otherwise in the registry, which is asked once for
/// each. `scratch` is a folder for settings; `cache` keeps what was fetched.
pub fn find(
    terraform: Terraform,
    required: &Required,
    scratch: &Path,
    cache: &Path,
) -> anyhow::Result<Plugins> {
    let places = places();
    let mut lines = Vec::new();
    let mut mirrors: BTreeMap<&Path, Vec<&str>> = BTreeMap::new();
    for (source, constraints) in required {
        if let Some((place, version)) = places
            .iter()
            .find_map(|place| Some((place, newest(place, source, constraints)?)))
        {
            mirrors.entry(place).or_default().push(source);
            lines.push(format!("{source} {version}, from {}", place.display()));
        }
    }
    fs::create_dir_all(cache).with_context(|| cache.display().to_string())?;
    let mut terraform = terraform.with("TF_PLUGIN_CACHE_DIR", cache.to_owned());
    // Without a folder of plugins the reader's own settings decide, a mirror of theirs included.
    if !mirrors.is_empty() {
        let file = scratch.join("settings.tfrc");
        fs::write(&file, settings(&mirrors)).with_context(|| file.display().to_string())?;
        terraform = terraform.with("TF_CLI_CONFIG_FILE", file);
    }
    let mut missing = BTreeMap::new();
    for (index, (source, constraints)) in required.iter().enumerate() {
        if mirrors.values().any(|sources| sources.contains(&source.as_str())) {
            continue;
        }
        match ask(
            &terraform,
            source,
            constraints,
            &scratch.join(format!("ask-{index}")),
        )? {
            None => lines.push(format!("{source}, from the registry")),
            Some(why) => {
                missing.insert(source.clone(), why);
            }
        }
    }
    Ok(Plugins {
        terraform,
        lines,
        missing,
    })
}

fn places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = Vec::new();
    for name in VARIABLES {
        places.extend(std::env::var_os(name).iter().flat_map(std::env::split_paths));
    }
    places.extend(std::env::home_dir().map(|home| home.join(".terraform.d/plugins")));
    places.extend(FOLDERS.map(PathBuf::from));
    // Images of build machines keep plugins in a folder of their own here.
    let others = fs::read_dir("/opt")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let mut others: Vec<PathBuf> = others
        .filter(|path| path.to_string_lossy().contains("plugins"))
        .collect();
    others.sort();
    places.extend(others);
    places.retain(|place| place.is_dir());
    places
}

/// The newest version of a provider in a folder that all constraints permit, for this platform.
fn newest(place: &Path, source: &str, constraints: &[String]) -> Option<Version> {
    let of_host = place.join(address(source));
    let platform = platform();
    let mut versions = Vec::new();
    for entry in fs::read_dir(of_host).ok()?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // Unpacked: VERSION/PLATFORM; packed: terraform-provider-TYPE_VERSION_PLATFORM.zip.
        let unpacked = entry.path().join(&platform).is_dir().then(|| name.clone());
        let packed = name
            .strip_suffix(&format!("_{platform}.zip"))
            .and_then(|rest| rest.rsplit_once('_'));
        let version = unpacked.or(packed.map(|(_, version)| version.to_owned()));
        versions.extend(version.and_then(|version| Version::parse(&version)));
    }
    let permitted = versions
        .into_iter()
        .filter(|version| constraints.iter().all(|one| version.satisfies(one)));
    permitted.max()
}

/// The complete address of a source: `hashicorp/aws` is short for one at the public registry.
fn address(source: &str) -> String {
    match source.matches('/').count() {
        1 => format!("registry.terraform.io/{source}"),
        _ => source.to_owned(),
    }
}

fn platform() -> String {
    let system = if cfg!(target_os = "macos") {
        "darwin"
    } else {
        std::env::consts::OS
    };
    let processor = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    format!("{system}_{processor}")
}

/// Terraform's settings: these providers from these folders, all others as usual.
fn settings(mirrors: &BTreeMap<&Path, Vec<&str>>) -> String {
    let quoted = |sources: &[&str]| {
        let list: Vec<String> = sources
            .iter()
            .map(|source| format!("{:?}", address(source)))
            .collect();
        list.join(", ")
    };
    let mut text = "provider_installation {\n".to_owned();
    for (place, sources) in mirrors {
        let (path, list) = (place.display().to_string(), quoted(sources));
        let _ = writeln!(
            text,
            "  filesystem_mirror {{\n    path    = {path:?}\n    include = [{list}]\n  }}"
        );
    }
    let all: Vec<&str> = mirrors.values().flatten().copied().collect();
    let _ = writeln!(text, "  direct {{\n    exclude = [{}]\n  }}\n}}", quoted(&all));
    text
}

/// Fetches a provider by Terraform; the answer is the reason if that fails.
fn ask(
    terraform: &Terraform,
    source: &str,
    constraints: &[String],
    folder: &Path,
) -> anyhow::Result<Option<String>> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let constraint = constraints.join(", ");
    let text = format!(
        "terraform {{\n  required_providers {{\n    asked = {{\n      source  = {source:?}\n      version = {constraint:?}\n    }}\n  }}\n}}\n"
    );
    fs::write(folder.join("main.tf"), text)?;
    let output = terraform.run(folder, &["init", "-input=false", "-no-color"])?;
    Ok((!output.status.success()).then(|| reason(&output)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Findings;
    use crate::source::File;

    #[test]
    fn the_newest_permitted_version_in_a_folder_is_found_packed_or_not() {
        let place = tempfile::tempdir().unwrap();
        let of = place.path().join("registry.terraform.io/hashicorp/aws");
        for version in ["5.99.0", "5.100.0", "7.1.0"] {
            fs::create_dir_all(of.join(version).join(platform())).unwrap();
        }
        fs::write(
            of.join(format!("terraform-provider-aws_5.101.0_{}.zip", platform())),
            "",
        )
        .unwrap();
        fs::create_dir_all(of.join("6.0.0/plan9_mips")).unwrap();
        let found = newest(place.path(), "hashicorp/aws", &[">= 5.100, < 7".to_owned()]);
        assert_eq!(found, Version::parse("5.101.0"));
        assert_eq!(
            newest(place.path(), "hashicorp/aws", &["~> 8.0".to_owned()]),
            None
        );
        assert_eq!(newest(place.path(), "hashicorp/random", &[]), None);
    }

    #[test]
    fn the_settings_take_named_providers_from_folders_and_all_others_as_usual() {
        let place = Path::new("/plugins");
        let text = settings(&BTreeMap::from([(place, vec!["hashicorp/aws"])]));
        assert!(
            text.contains("path    = \"/plugins\"\n    include = [\"registry.terraform.io/hashicorp/aws\"]"),
            "{text}"
        );
        assert!(
            text.contains("exclude = [\"registry.terraform.io/hashicorp/aws\"]"),
            "{text}"
        );
        hcl_edit::parser::parse_body(&text).unwrap();
    }

    #[test]
    fn a_module_names_its_providers_and_the_modules_it_calls() {
        let text = "terraform {\n  required_providers {\n    aws = { source = \"hashicorp/aws\", version = \"< 7\" }\n  }\n}\nmodule \"a\" {\n  source = \"../../modules/a\"\n}\n";
        let file = File::parse(Path::new("x.tf"), text, &mut Findings::default()).unwrap();
        let module = Module {
            folder: "terraform/environments/dev".into(),
            files: vec![file],
        };
        assert_eq!(required(&module)["hashicorp/aws"], ["< 7"]);
        assert_eq!(calls(&module), [Path::new("terraform/modules/a")]);
    }
}
