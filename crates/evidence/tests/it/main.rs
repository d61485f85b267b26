//! The evidence on real folders: written, replaced, altered in every way, checked.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue panics")]

mod offences;
mod signatures;
mod writing;

use std::{
    fs,
    path::{Path, PathBuf},
};

use crossover_core::Direction;
use crossover_evidence::{Evidence, EvidenceReport, EvidenceVerdict, Fault, Run, check};
use crossover_signing::{PublicKey, SigningKey};

fn key() -> SigningKey {
    SigningKey::from_pem(&SigningKey::generate().unwrap()).unwrap()
}

fn run(run_id: &str) -> Run {
    Run {
        run_id: run_id.to_owned(),
        migration_id: "shop".to_owned(),
        lane: "eu".to_owned(),
        direction: Direction::Forward,
        outcome: "committed".to_owned(),
        began_at: "2026-08-01T00:00:00Z".parse().unwrap(),
        ended_at: Some("2026-08-01T00:10:00.5Z".parse().unwrap()),
        collected_at: "2026-08-01T00:11:00Z".parse().unwrap(),
    }
}

fn evidence() -> Evidence {
    let files = [
        ("plan.json", "{\"lane\": \"eu\"}"),
        ("stages.json", "[1, 2, 3]"),
        ("history.json", "[]"),
        ("empty.log", ""),
    ];
    Evidence {
        run: run("run-7"),
        files: files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
            .collect(),
    }
}

/// A folder of evidence, and the one above it, which is removed at the end.
struct Folder {
    home: tempfile::TempDir,
}

impl Folder {
    fn new(key: Option<&SigningKey>) -> Self {
        let folder = Self {
            home: tempfile::tempdir().unwrap(),
        };
        evidence().write(&folder.path(), key).unwrap();
        folder
    }

    fn path(&self) -> PathBuf {
        self.home.path().join("run-7")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    fn check(&self, trusted: Option<&PublicKey>) -> EvidenceReport {
        check(&self.path(), trusted).unwrap()
    }
}

/// What an unchanged folder has.
const NOTHING: [(&str, Fault); 0] = [];

/// Each offence as its file and fault.
fn faults(report: &EvidenceReport) -> Vec<(&str, Fault)> {
    assert_eq!(
        report.offences.is_empty(),
        report.verdict == EvidenceVerdict::Unchanged
    );
    report
        .offences
        .iter()
        .map(|offence| (offence.file.as_str(), offence.fault))
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
