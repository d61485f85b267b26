//! Versions of Terraform and of the providers.

use std::collections::BTreeSet;

use super::Rule;
use crate::block::{label, value};

/// Providers that Terraform contains.
const BUILT_IN: &[&str] = &["terraform"];

pub const PINS: Rule = Rule {
    name: "versions-pinned",
    about: "every folder states required_version, and source and version of each provider that it uses",
    check: |module, findings| {
        let Some(first) = module.files.first() else { return };
        let settings: Vec<_> = module.blocks("terraform").collect();
        if !settings
            .iter()
            .any(|(_, block)| value(&block.body, "required_version").is_some())
        {
            let text =
                "no required_version in this folder; say required_version = \">= 1.11\" in a block terraform";
            findings.add((first.path(), 1), text);
        }
        let mut pinned = BTreeSet::new();
        for (file, block) in &settings {
            for required in block.body.get_blocks("required_providers") {
                for provider in required.body.attributes() {
                    pinned.insert(provider.key.as_str());
                    let keys = provider.value.as_object().map(|object| {
                        object
                            .iter()
                            .filter_map(|(key, _)| crate::block::key_name(key))
                            .collect::<Vec<_>>()
                    });
                    for missing in ["source", "version"] {
                        if !keys.as_ref().is_some_and(|keys| keys.contains(&missing)) {
                            let text = format!("provider {} has no {missing}", provider.key.as_str());
                            findings.add(file.place(provider), text);
                        }
                    }
                }
            }
        }
        for kind in ["resource", "data"] {
            for (file, block) in module.blocks(kind) {
                let provider = provider(label(block, 0));
                if !pinned.contains(provider) && !BUILT_IN.contains(&provider) {
                    let text =
                        format!("provider {provider} is used, but not in required_providers of this folder");
                    findings.add(file.place(block), text);
                }
            }
        }
    },
};

/// The provider of a type, by its first word.
fn provider(kind: &str) -> &str {
    kind.split('_').next().unwrap_or(kind)
}

pub const PROVIDERS: Rule = Rule {
    name: "no-provider-in-module",
    about: "modules configure no provider and no backend, or they could not be used twice",
    check: |module, findings| {
        if !module.is_called() {
            return;
        }
        for (file, block) in module.blocks("provider") {
            let text = format!(
                "a module configures provider {}; leave that to the environment",
                label(block, 0)
            );
            findings.add(file.place(block), text);
        }
        for (file, block) in module.blocks("terraform") {
            for backend in block.body.get_blocks("backend") {
                findings.add(
                    file.place(backend),
                    "a module configures a backend; leave that to the environment",
                );
            }
        }
    },
};
