//! Fetches parts with npm and pip, each with fixed settings and under a guard, so that no process of an
//! interrupted fetch runs beside the next fetch.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde::Deserialize;

use super::layout::Layout;
use super::manifests::Manifests;
use super::prerequisites::Tools;
use crate::error::{Result, StandError};
use crate::guard::StopStep;
use crate::pins::Set;
use crate::process::{Launch, open_log};
use crate::progress::{Progress, step};

/// The files of an unfinished fetch are discarded, so an orderly end is not needed.
const AT_ONCE: [StopStep; 1] = [StopStep {
    signal: Signal::SIGKILL,
    grace: Duration::from_secs(1),
}];

pub(super) async fn fetch(layout: &Layout, tools: &Tools, progress: &dyn Progress) -> Result<()> {
    tracing::info!(set = ?layout.set(), node = tools.node, python = tools.python, "fetching parts");
    let (node, python) = tokio::join!(node(layout, progress), python(layout, progress));
    node.and(python)
}

async fn node(layout: &Layout, progress: &dyn Progress) -> Result<()> {
    let Some(pins) = Manifests::of(layout.set()).npm else {
        return Ok(());
    };
    let folder = layout.node();
    let log = layout.root().join("npm.log");
    let locked = locked_log(&log).await?;
    recreate(&folder)?;
    write(&folder.join("package.json"), pins.package)?;
    write(&folder.join("package-lock.json"), pins.lock)?;
    let what = layout.set().of_npm().unwrap_or("packages of Node");
    let step = step(progress, format!("fetching {what} (npm)"));
    // No peers: the schemas are only read, the library that would run them is not needed.
    // No install scripts: the links that they would create are created below, and no fetched program runs
    // during the fetch.
    let npm = Launch::new("npm ci", "npm", log)
        .log_to(locked)
        .stop_with(AT_ONCE)
        .args([
            "ci",
            "--ignore-scripts",
            "--legacy-peer-deps",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
        ])
        .dir(&folder);
    npm.run().await.map_err(as_fetch("the npm parts"))?;
    for major in layout.set().servers() {
        link_libraries(&layout.pg_package(major))?;
    }
    if layout.set() == Set::Terraform {
        for package in layout.schemas().iter().filter_map(|schemas| schemas.parent()) {
            remove_programs(package)?;
        }
    }
    step.done();
    Ok(())
}

/// The schemas are in the declarations, an eighth of the packages. The programs beside them are never run, and
/// the description for other languages (`.jsii`) is never read.
fn remove_programs(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(StandError::io("reading", folder))? {
        let path = entry.map_err(StandError::io("reading", folder))?.path();
        if path.is_dir() {
            remove_programs(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "js") || path.ends_with(".jsii") {
            fs::remove_file(&path).map_err(StandError::io("removing", &path))?;
        }
    }
    Ok(())
}

async fn python(layout: &Layout, progress: &dyn Progress) -> Result<()> {
    let Some(pins) = Manifests::of(layout.set()).requirements else {
        return Ok(());
    };
    let folder = layout.venv();
    let log = layout.root().join("pip.log");
    let locked = locked_log(&log).await?;
    let again = locked.try_clone().map_err(StandError::io("opening", &log))?;
    recreate(&folder)?;
    let requirements = layout.root().join("requirements.txt");
    write(&requirements, pins)?;
    let what = layout.set().of_pip().unwrap_or("programs in Python");
    let step = step(progress, format!("fetching {what} (pip)"));
    let venv = Launch::new("python3 -m venv", "python3", &log)
        .args(["-m", "venv"])
        .args([&folder]);
    venv.run().await.map_err(as_fetch("a Python environment"))?;
    // --no-deps: the list must hold every dependency; a missing one must fail instead of getting an unpinned
    // version.
    let pip = Launch::new("pip install", layout.python(), &log)
        .log_to(again)
        .stop_with(AT_ONCE)
        .args([
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--no-input",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .args([&requirements]);
    pip.run().await.map_err(as_fetch("the Python parts"))?;
    step.done();
    Ok(())
}

/// Opens a log and locks it. npm or pip inherit the lock. So a run that follows a killed one waits here until
/// the npm of the killed run has ended, instead of working in the same folder at the same time.
async fn locked_log(path: &Path) -> Result<File> {
    let log = open_log(path)?;
    let locked = tokio::task::spawn_blocking(move || log.lock().map(|()| log)).await;
    locked
        .map_err(std::io::Error::other)
        .flatten()
        .map_err(StandError::io("locking", path))
}

fn as_fetch(what: &'static str) -> impl FnOnce(StandError) -> StandError {
    move |error| match error {
        StandError::DidNotStart {
            part,
            reason,
            tail,
            log,
        } => StandError::Fetch {
            what: format!("{what} with `{part}`"),
            reason,
            tail,
            log,
        },
        other => other,
    }
}

fn recreate(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(StandError::io("removing", folder)(error));
        }
        _ => {}
    }
    fs::create_dir_all(folder).map_err(StandError::io("creating", folder))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(StandError::io("writing", path))
}

#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// npm packages cannot contain symbolic links; this package has a list of the links its libraries need,
/// relative to the package.
fn link_libraries(package: &Path) -> Result<()> {
    let list = package.join("native/pg-symlinks.json");
    let text = fs::read(&list).map_err(StandError::io("reading", &list))?;
    let links: Vec<Link> =
        serde_json::from_slice(&text).map_err(|error| StandError::io("reading", &list)(error.into()))?;
    for link in links {
        let target = package.join(&link.target);
        let source = relative(&link.source, &link.target);
        symlink(source, &target).map_err(StandError::io("linking", &target))?;
    }
    Ok(())
}

/// The path from the link's folder to its source; both are given relative to the same root.
fn relative(source: &Path, link: &Path) -> PathBuf {
    let folder = link.parent().unwrap_or(Path::new(""));
    let shared = source
        .components()
        .zip(folder.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = folder.components().count() - shared;
    std::iter::repeat_n("..", up)
        .collect::<PathBuf>()
        .join(source.components().skip(shared).collect::<PathBuf>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_relative_so_that_a_copied_part_works() {
        let path = |text: &'static str| Path::new(text);
        assert_eq!(
            relative(path("native/lib/a.so.1"), path("native/lib/a.so")),
            path("a.so.1")
        );
        assert_eq!(
            relative(path("native/lib/a"), path("native/bin/b")),
            path("../lib/a")
        );
    }

    #[test]
    fn of_the_schemas_only_declarations_remain() {
        let folder = tempfile::tempdir().unwrap();
        let resource = folder.path().join("shelf");
        fs::create_dir_all(&resource).unwrap();
        for name in ["index.js", "index.d.ts", "../.jsii"] {
            fs::write(resource.join(name), "").unwrap();
        }
        remove_programs(folder.path()).unwrap();
        assert!(resource.join("index.d.ts").exists() && !resource.join("index.js").exists());
        assert!(!folder.path().join(".jsii").exists());
    }
}
