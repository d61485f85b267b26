//! Where the plugins of providers come from: folders on this machine, or Terraform's registry.

mod folders;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use crossover_stand::parts::FOLDER;

use folders::{newest, places, settings};

pub use folders::VARIABLES;

use crate::{Terraform, reason};

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

/// Where fetched plugins of a checkout are kept.
pub fn cache(root: &Path) -> PathBuf {
    root.join(FOLDER).join("terraform-plugins")
}

/// What helps where a provider has no plugin.
pub fn remedy() -> String {
    format!(
        "name a folder with it in {}, or let Terraform reach its registry",
        VARIABLES[0]
    )
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
