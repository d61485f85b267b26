//! The programs that must be installed before a fetch.

use tokio::process::Command;

use super::manifests::Manifests;
use crate::error::{MissingPrerequisite, Result, StandError};
use crate::pins::Set;

/// The oldest Node accepted by every pinned npm package.
const NODE: (u32, u32) = (20, 0);
/// The oldest npm that can read the lock file.
const NPM: (u32, u32) = (10, 0);
/// The oldest Python accepted by MiniStack and checkov.
const PYTHON: (u32, u32) = (3, 10);

/// The versions found.
#[derive(Debug)]
pub(super) struct Tools {
    /// None where the set needs no Node.
    pub(super) node: Option<String>,
    /// None where the set needs no Python.
    pub(super) python: Option<String>,
}

/// Checks every prerequisite of a set and reports all missing ones in one error.
pub(super) async fn check(set: Set) -> Result<Tools> {
    let node_remedy =
        "Install Node 20 or newer with npm: https://nodejs.org, or your system's package manager";
    let pins = Manifests::of(set);
    let node = async {
        pins.npm.as_ref()?;
        Some(tokio::join!(
            version("node", &["--version"], NODE, node_remedy),
            version("npm", &["--version"], NPM, node_remedy),
        ))
    };
    let python = async {
        pins.requirements?;
        Some(python().await)
    };
    let (node, python) = tokio::join!(node, python);
    let mut missing = Vec::new();
    let mut keep = |found: std::result::Result<String, MissingPrerequisite>| match found {
        Ok(version) => version,
        Err(one) => {
            missing.push(one);
            String::new()
        }
    };
    let node = node.map(|(node, npm)| {
        keep(npm);
        keep(node)
    });
    let tools = Tools {
        node,
        python: python.map(keep),
    };
    if missing.is_empty() {
        Ok(tools)
    } else {
        Err(StandError::Prerequisites(missing))
    }
}

/// Python's version, if this Python can also create an environment with pip.
async fn python() -> std::result::Result<String, MissingPrerequisite> {
    let remedy = "Install Python 3.10 or newer: https://www.python.org, or your system's package manager";
    let (python, venv) = tokio::join!(
        version("python3", &["--version"], PYTHON, remedy),
        answer("python3", &["-c", "import ensurepip, venv"]),
    );
    let python = python?;
    match venv {
        Ok(_) => Ok(python),
        Err(found) => Err(MissingPrerequisite {
            name: "Python's venv with pip".to_owned(),
            found,
            remedy: "On Debian and Ubuntu: apt install python3-venv".to_owned(),
        }),
    }
}

async fn version(
    program: &str,
    args: &[&str],
    least: (u32, u32),
    remedy: &str,
) -> std::result::Result<String, MissingPrerequisite> {
    let missing = |found: String| MissingPrerequisite {
        name: format!("{program} {}.{} or newer", least.0, least.1),
        found,
        remedy: remedy.to_owned(),
    };
    let text = answer(program, args).await.map_err(missing)?;
    match parse(&text) {
        Some((number, version)) if number >= least => Ok(version),
        Some((_, version)) => Err(missing(format!("version {version} was found"))),
        None => Err(missing(format!("its version could not be read from `{text}`"))),
    }
}

async fn answer(program: &str, args: &[&str]) -> std::result::Result<String, String> {
    match Command::new(program).args(args).output().await {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            Err(format!(
                "`{program} {}` failed: {}",
                args.join(" "),
                errors.trim().lines().last().unwrap_or("")
            ))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err("not found on the PATH".to_owned()),
        Err(error) => Err(format!("`{program}` cannot be run: {error}")),
    }
}

/// Reads `v20.20.2`, `10.9.9` and `Python 3.11.7`.
fn parse(text: &str) -> Option<((u32, u32), String)> {
    let version = text.split_whitespace().last()?.trim_start_matches('v');
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    Some(((numbers.next()??, numbers.next()??), version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_output_of_the_tools() {
        assert_eq!(parse("v20.20.2").unwrap(), ((20, 20), "20.20.2".to_owned()));
        assert_eq!(parse("10.9.9").unwrap().0, (10, 9));
        assert_eq!(parse("Python 3.11.7").unwrap().0, (3, 11));
        assert_eq!(parse("nonsense"), None);
    }

    #[tokio::test]
    async fn a_missing_program_and_an_old_one_have_different_messages() {
        let absent = version("no-such-program-anywhere", &[], (1, 0), "get it")
            .await
            .unwrap_err();
        assert_eq!(absent.found, "not found on the PATH");
        let old = version("echo", &["v1.2.3"], (2, 0), "get it").await.unwrap_err();
        assert_eq!(old.found, "version 1.2.3 was found");
    }

    #[test]
    fn all_missing_prerequisites_are_in_one_message() {
        let one = |name: &str| MissingPrerequisite {
            name: name.to_owned(),
            found: "not found on the PATH".to_owned(),
            remedy: "Install it".to_owned(),
        };
        let text = StandError::Prerequisites(vec![one("node"), one("python3")]).to_string();
        assert_eq!(
            text.matches("not found on the PATH. Install it").count(),
            2,
            "{text}"
        );
    }
}
