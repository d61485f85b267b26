//! Libraries also run in functions, which have no options: messages of libraries must not mention options of
//! this command.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use clap::CommandFactory as _;

use super::Arguments;

/// Source folders of the libraries, from the workspace's root.
const LIBRARIES: &[&str] = &["crates", "lambdas"];
/// Programs and their tests, which have options. The rehearsal is the body of `crossover rehearse`, operate that of
/// `crossover run` and its like, and both run nowhere else; they name the commands that go on from here. The check of
/// the workflows knows the options that workflows may use.
const PROGRAMS: &[&str] = &["cli", "operate", "rehearsal", "workflow-check", "xtask"];

fn options(command: &clap::Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|argument| argument.get_long());
    let of_subcommands = command.get_subcommands().flat_map(options);
    own.map(|name| format!("--{name}"))
        .chain(of_subcommands)
        .filter(|option| !["--help", "--version"].contains(&option.as_str()))
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !["tests", "target"].contains(&name) && !PROGRAMS.contains(&name) {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Whether the option occurs in the line, but not as a separate argument: programs started by libraries have
/// options too.
fn names(line: &str, option: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !line.trim_start().starts_with("//")
        && line.match_indices(option).any(|(at, _)| {
            let (before, after) = (&line[..at], &line[at + option.len()..]);
            let whole = before.ends_with('"') && after.starts_with('"');
            !whole && !before.ends_with(is_word) && !after.starts_with(is_word)
        })
}

#[test]
fn no_message_of_a_library_names_an_option_of_this_command() {
    let options = options(&Arguments::command());
    assert!(options.contains("--exclude") && options.contains("--wal-budget"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut files = Vec::new();
    for library in LIBRARIES {
        sources(&root.join(library), &mut files);
    }
    assert!(
        files.len() > 100,
        "the sources were not found in {}",
        root.display()
    );
    let mut named = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            let found = options.iter().filter(|option| names(line, option));
            named.extend(found.map(|option| format!("{}:{}: {option}", file.display(), number + 1)));
        }
    }
    assert!(
        named.is_empty(),
        "return a typed reason and word it in crates/cli/src/verify/words.rs:\n{}",
        named.join("\n")
    );
}

#[test]
fn options_are_found_in_sentences_and_not_in_arguments_of_other_programs() {
    assert!(names(r#""leave it out with --exclude {name}""#, "--exclude"));
    assert!(names("or verify without --quick\"", "--quick"));
    assert!(!names(r#"command.arg("--target")"#, "--target"));
    assert!(!names(r#""pg_dump --exclude-table""#, "--exclude"));
    assert!(!names("/// With --exclude it is left out.", "--exclude"));
}
