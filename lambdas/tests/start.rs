//! The functions' program from outside: the handler selects the stage.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
};

use crossover_stages::registry;

/// Starts the program and waits until it ends. Its first request is recorded and its connection closed, which
/// ends the program.
fn start(environment: &[(&str, &str)]) -> (Option<String>, Output) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = listener.local_addr().unwrap().to_string();
    let (sender, requests) = mpsc::channel();
    // Not joined: `accept` never returns when the program ends before it connects.
    thread::spawn(move || {
        let (connection, _) = listener.accept().unwrap();
        let mut line = String::new();
        BufReader::new(connection).read_line(&mut line).unwrap();
        sender.send(line).unwrap();
    });
    let output = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "started"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "none"),
            ("AWS_SECRET_ACCESS_KEY", "none"),
        ])
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (requests.try_recv().ok(), output)
}

#[test]
fn every_stage_asks_for_work_under_its_name() {
    for stage in registry().names() {
        let (asked, output) = start(&[
            ("_HANDLER", stage.as_str()),
            ("CROSSOVER_JOURNAL_TABLE", "journal"),
        ]);
        let errors = String::from_utf8_lossy(&output.stderr);
        let asked = asked.unwrap_or_default();
        assert!(
            asked.contains("/runtime/invocation/next"),
            "{stage}: {asked:?}, {errors}"
        );
    }
}

#[test]
fn an_unknown_handler_ends_the_program_with_a_clear_error_before_its_first_request() {
    let (asked, output) = start(&[("_HANDLER", "pre_check")]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!((asked, output.status.code()), (None, Some(1)), "{errors}");
    assert!(
        errors.starts_with("error: the function's environment is incomplete or invalid: "),
        "{errors}"
    );
    for words in [
        "(_HANDLER)",
        "\"pre_check\"",
        "pre-check, lag-wait, ",
        "CROSSOVER_JOURNAL_TABLE is not set",
    ] {
        assert!(errors.contains(words), "{words} is not in {errors}");
    }
}

#[test]
fn the_program_lists_its_stages() {
    let output = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
        .arg("--stages")
        .env_clear()
        .output()
        .unwrap();
    let names: Vec<String> = registry().names().iter().map(ToString::to_string).collect();
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .collect::<Vec<_>>(),
        names
    );
}
