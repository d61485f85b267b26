//! Folders of plugins on this machine, in the layout of `terraform providers mirror`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::ensure;

use crate::version::Version;

/// Variables with folders of plugins, in the layout of `terraform providers mirror`; several are separated by
/// colons.
pub const VARIABLES: [&str; 2] = ["CROSSOVER_TERRAFORM_PLUGINS", "TF_PLUGIN_DIR"];
/// Where administrators put such folders.
const FOLDERS: [&str; 2] = [
    "/usr/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
];

/// The folders with plugins that there are, those that a variable names first.
pub fn places() -> anyhow::Result<Vec<PathBuf>> {
    let mut places: Vec<PathBuf> = Vec::new();
    for name in VARIABLES {
        for place in std::env::var_os(name).iter().flat_map(std::env::split_paths) {
            // Left out silently, it would read as a missing plugin.
            ensure!(
                place.is_dir(),
                "{name} names {}, which is no folder",
                place.display()
            );
            places.push(place);
        }
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
    Ok(places)
}

/// The newest version of a provider in a folder that all constraints permit, for this platform.
pub fn newest(place: &Path, source: &str, constraints: &[String]) -> Option<Version> {
    // A source of two parts belongs to the default registry, whose folder is the one that has it.
    let hosts = fs::read_dir(place).ok()?.flatten().map(|host| host.path());
    let of_hosts = [place.to_owned()]
        .into_iter()
        .chain(hosts)
        .map(|host| host.join(source));
    let platform = platform();
    let mut versions = Vec::new();
    for entry in of_hosts
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .flatten()
    {
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
pub fn settings(mirrors: &BTreeMap<&Path, Vec<&str>>) -> String {
    let quoted = |sources: &[&str]| {
        let list: Vec<String> = sources.iter().map(|source| format!("{source:?}")).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_permitted_version_in_a_folder_is_found_packed_or_not() {
        let place = tempfile::tempdir().unwrap();
        let of = place.path().join("registry.example.org/hashicorp/aws");
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
            text.contains("path    = \"/plugins\"\n    include = [\"hashicorp/aws\"]"),
            "{text}"
        );
        assert!(text.contains("exclude = [\"hashicorp/aws\"]"), "{text}");
        hcl_edit::parser::parse_body(&text).unwrap();
    }
}
