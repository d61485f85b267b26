//! The generated documents match the lists in the code. `cargo xtask docs` writes them again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{fmt::Write, fs, path::Path};

use crossover_core::{StageError, finding::Severity};
use crossover_stages::{pre_check::catalogue, registry};

const GENERATED: &str = "<!-- Generated from the code by `cargo xtask docs`; a test compares the two. -->";

/// Compares a document with the expected text. `cargo xtask docs` sets `CROSSOVER_WRITE_DOCS`: then the
/// document is written instead.
fn compare(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if std::env::var_os("CROSSOVER_WRITE_DOCS").is_some() {
        fs::write(&path, expected).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "docs/{name} does not match the code; run `cargo xtask docs` and commit the result"
    );
}

fn stages() -> String {
    let mut text = format!(
        "# Stages\n\n{GENERATED}\n\n\
         Each stage is one Lambda function; `statemachine/*.asl.json` defines the order of the calls. An abort that has won the \
         lane undoes the stages from the last to the first.\n\n\
         | stage | what it does | in the pause | what an abort restores |\n|---|---|---|---|\n"
    );
    for stage in registry().iter() {
        let pause = if stage.works_in_pause() { "yes" } else { "" };
        writeln!(
            text,
            "| `{}` | {} | {pause} | {} |",
            stage.name(),
            stage.purpose(),
            stage.puts_back()
        )
        .unwrap();
    }
    text
}

#[test]
fn the_document_lists_the_stages_of_the_registry() {
    compare("stages.md", &stages());
}

fn checks() -> String {
    let mut text = format!(
        "# Pre-checks\n\n{GENERATED}\n\n\
         The stage `pre-check` runs every check below. It changes nothing and reports all findings at once. A check that could not \
         run never passes. \"blocks\" means that the cutover does not start. Ids are stable; a missing id belongs to a check that \
         does not exist yet.\n\n\
         | id | checks | why | severity | remedy |\n|---|---|---|---|---|\n"
    );
    for check in catalogue() {
        let severity = match check.severity() {
            Severity::Blocks => "blocks",
            Severity::Warns => "warns",
        };
        writeln!(
            text,
            "| {} | {} | {} | {severity} | {} |",
            check.id(),
            check.looks_at(),
            check.why(),
            check.remedy()
        )
        .unwrap();
    }
    text
}

#[test]
fn the_document_lists_the_checks_of_the_catalogue() {
    compare("checks.md", &checks());
}

fn errors() -> String {
    let mut text = format!(
        "# Errors\n\n{GENERATED}\n\n\
         Every error with which a stage can end. The names are stable. `crossover explain NAME` prints the same; \
         [failure-modes.md](failure-modes.md#error-names) has the errors with which an execution ends.\n\n\
         | name | meaning | what the run did | remedy | does a repetition help? |\n|---|---|---|---|---|\n"
    );
    for name in StageError::all() {
        writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            name.name(),
            name.meaning(),
            name.consequence(),
            name.remedy(),
            name.retry().advice()
        )
        .unwrap();
    }
    text
}

#[test]
fn the_document_lists_the_errors_of_the_stages() {
    compare("errors.md", &errors());
}

#[test]
fn every_stage_has_a_module_of_its_name_and_a_purpose() {
    let mut names = registry().names();
    for stage in registry().iter() {
        let module = format!("src/{}.rs", stage.name().as_str().replace('-', "_"));
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join(module);
        assert!(module.is_file(), "{} is missing", module.display());
        assert!(stage.purpose().ends_with('.'), "{}", stage.name());
    }
    names.sort_unstable();
    names.dedup();
    let modules = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let files = modules
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".rs") && name != "lib.rs" && name != "main.rs")
        .count();
    assert_eq!(
        names.len(),
        files,
        "the registry does not list every module of src exactly once"
    );
}
