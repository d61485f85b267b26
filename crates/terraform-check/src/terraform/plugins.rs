//! Where the plugins of providers come from: folders on this machine, or Terraform's registry.

mod folders;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use hcl_edit::expr::Expression;

use folders::{newest, places, settings};

pub use folders::VARIABLES;

use super::{Terraform, reason};
use crate::block::{key_name, value};
use crate::source::{Module, normal};

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
    let places = places()?;
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
    let output = terraform.init(folder, &[])?;
    Ok((!output.status.success()).then(|| reason(&output)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Findings;
    use crate::source::File;

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
