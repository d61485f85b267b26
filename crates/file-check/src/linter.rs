//! Linters of others, which are programs.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::thread;

use anyhow::{Context, bail};

/// Runs a linter with this text as its input. A status other than 0 and 1 means that it could not run.
pub fn run(command: &mut Command, input: &str) -> anyhow::Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name} cannot be run"))?;
    let stdin = child.stdin.take();
    let input = input.to_owned();
    // In a thread: a linter that answers before it has read everything would otherwise wait for us, and we for it.
    let writer = thread::spawn(move || stdin.map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().with_context(|| name.clone())?;
    // A linter may end without reading its input; its status decides.
    let _ = writer.join();
    if !matches!(output.status.code(), Some(0 | 1)) {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed ({}): {}", output.status, errors.trim());
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_linter_may_find_something_and_must_not_fail() {
        let found = run(&mut shell("cat; exit 1"), "a fault").unwrap();
        assert_eq!(found.stdout, b"a fault");
        let failed = run(&mut shell("echo broken >&2; exit 2"), "")
            .unwrap_err()
            .to_string();
        assert!(
            failed.contains("sh failed") && failed.contains("broken"),
            "{failed}"
        );
        assert!(run(&mut Command::new("no-such-linter"), "").is_err());
    }

    #[test]
    fn a_linter_that_does_not_read_its_input_is_no_failure() {
        let input = "a line\n".repeat(100_000);
        assert!(run(&mut shell("exit 0"), &input).unwrap().status.success());
    }
}
