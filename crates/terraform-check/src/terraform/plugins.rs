//! What the files say about providers and modules.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crossover_terraform_run::plugins::Required;
use hcl_edit::expr::Expression;

use crate::block::{key_name, value};
use crate::source::{Module, normal};

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

/// The providers that a folder needs, those of the modules that it calls included.
pub fn needs(module: &Module, modules: &[Module]) -> BTreeSet<String> {
    let reached = reached(module, modules);
    let needing = modules
        .iter()
        .filter(|module| reached.contains(module.folder.as_path()));
    needing.flat_map(|module| required(module).into_keys()).collect()
}

/// The folders of a module and of all that it calls.
pub fn reached<'a>(module: &'a Module, modules: &'a [Module]) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::from([module.folder.as_path()]);
    let mut open = vec![module];
    while let Some(module) = open.pop() {
        for folder in calls(module) {
            let called = modules.iter().find(|module| module.folder == folder);
            open.extend(called.filter(|module| reached.insert(&module.folder)));
        }
    }
    reached
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
