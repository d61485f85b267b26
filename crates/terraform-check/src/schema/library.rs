//! Finds the schema of a resource.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Context;

use super::declarations::{self, Resource};

/// The kinds of blocks that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Resource,
    Data,
    Provider,
}

/// The schema of a type; None if the provider has no such type.
type Known = Option<Rc<Resource>>;

/// The schemas of all providers, read when they are needed.
pub struct Schemas {
    /// The folder of each provider's declarations, by the first word of its types.
    providers: BTreeMap<&'static str, PathBuf>,
    read: RefCell<BTreeMap<(Kind, String), Known>>,
}

impl Schemas {
    /// `aws` and `cloudflare` are the folders `lib` of the two npm packages.
    pub fn new(aws: PathBuf, cloudflare: PathBuf) -> Self {
        Self {
            providers: BTreeMap::from([("aws", aws), ("cloudflare", cloudflare)]),
            read: RefCell::default(),
        }
    }

    /// Whether the provider of a type has a schema here.
    pub fn covers(&self, of_type: &str) -> bool {
        self.split(of_type).is_some()
    }

    /// The schema of a type.
    pub fn of(&self, kind: Kind, of_type: &str) -> anyhow::Result<Known> {
        let key = (kind, of_type.to_owned());
        if let Some(known) = self.read.borrow().get(&key) {
            return Ok(known.clone());
        }
        let found = self.load(kind, of_type)?.map(Rc::new);
        self.read.borrow_mut().insert(key, found.clone());
        Ok(found)
    }

    fn load(&self, kind: Kind, of_type: &str) -> anyhow::Result<Option<Resource>> {
        let Some((provider, rest)) = self.split(of_type) else {
            return Ok(None);
        };
        let words = rest.replace('_', "-");
        let name = match kind {
            Kind::Resource => words,
            Kind::Data => format!("data-{provider}-{words}"),
            Kind::Provider => "provider".to_owned(),
        };
        let folder = self.providers[provider].join(name);
        if !folder.is_dir() {
            return Ok(None);
        }
        let mut text = String::new();
        // Large resources keep the interfaces of their blocks in a folder beside.
        for folder in [folder.clone(), folder.join("index-structs")] {
            for file in declarations_of(&folder)? {
                text += &fs::read_to_string(&file)
                    .with_context(|| format!("{} cannot be read", file.display()))?;
            }
        }
        Ok(Some(declarations::read(&text)))
    }

    fn split<'a>(&self, of_type: &'a str) -> Option<(&'static str, &'a str)> {
        let (word, rest) = of_type.split_once('_').unwrap_or((of_type, ""));
        self.providers
            .get_key_value(word)
            .map(|(provider, _)| (*provider, rest))
    }
}

fn declarations_of(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".d.ts") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
