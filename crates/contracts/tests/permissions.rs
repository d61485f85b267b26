//! The rights of the stages against docs/security.md and against the stages themselves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use crossover_contracts::{
    checkout, generated,
    permissions::{self, Permissions},
};

#[test]
fn the_table_of_the_rights_is_what_the_file_says() {
    let files = permissions::generated(&checkout().unwrap()).unwrap();
    generated::check(&files, "docs").unwrap();
}

#[test]
fn every_stage_of_the_registry_has_its_rights_and_no_other() {
    let permissions = Permissions::read(&checkout().unwrap()).unwrap();
    let mut known: Vec<&str> = permissions.stages().collect();
    let mut names: Vec<String> = crossover_stages::registry()
        .names()
        .iter()
        .map(ToString::to_string)
        .collect();
    known.sort_unstable();
    names.sort();
    assert_eq!(
        known,
        names,
        "{} and the registry of stages differ",
        permissions::FILE
    );
}
