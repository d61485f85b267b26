//! The list of sub-commands and flags that workflows may use, against the command's own help.

use std::process::Command;

use crossover_workflow_check::commands::KNOWN;

/// Sub-commands that workflows use and the command does not have yet. Whoever adds one takes it out here.
const NOT_YET: &[&str] = &[];

fn help(program: &str, arguments: &[&str]) -> std::io::Result<String> {
    let output = Command::new(program).args(arguments).arg("--help").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn every_known_sub_command_and_flag_is_in_the_help_of_the_command() {
    let program = std::env::var("CROSSOVER_BIN").expect(
        "CROSSOVER_BIN is not set: it must name the command `crossover`; `cargo xtask test` builds and sets it",
    );
    let all = help(&program, &[]).unwrap();
    let has = |name: &str| {
        all.lines()
            .any(|line| line.split_whitespace().next() == Some(name))
    };
    for known in KNOWN {
        if NOT_YET.contains(&known.name) {
            assert!(
                !has(known.name),
                "crossover has {} now: take it out of NOT_YET in {}",
                known.name,
                file!()
            );
            continue;
        }
        let text = help(&program, &[known.name]).unwrap();
        for flag in known.flags {
            let is_there = text
                .split(|one: char| one.is_whitespace() || one == ',')
                .any(|word| word == *flag);
            assert!(is_there, "crossover {} has no {flag}", known.name);
        }
    }
}
