//! `cargo xtask lambda-size`: the size of the functions' program, and the start time of each function.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use crate::workspace::Workspace;

/// The package of the stages, and its program with all functions.
const PACKAGE: &str = "crossover-stages";
const PROGRAM: &str = "bootstrap";
/// The build profile of the program, the same for rehearsals and for production.
const PROFILE: &str = "lambda";
/// The largest permitted size: Lambda fetches and unpacks the program before its first line runs.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// Number of measured starts of each function.
const STARTS: usize = 7;
/// A function that takes longer counts as not starting.
const START_LIMIT: Duration = Duration::from_secs(10);

/// Prints size and start time of every stage; fails if the program is too large.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    workspace.run_cargo(&[
        "build",
        "--profile",
        PROFILE,
        "--package",
        PACKAGE,
        "--bin",
        PROGRAM,
        "--locked",
    ])?;
    let program = workspace.target.join(PROFILE).join(PROGRAM);
    println!("{:<18} {:>12}", "function", "start in ms");
    for handler in handlers(&program)? {
        let mut starts = (0..STARTS)
            .map(|_| start(&program, &handler))
            .collect::<anyhow::Result<Vec<_>>>()
            .with_context(|| format!("starting {handler}"))?;
        starts.sort();
        let median = starts[STARTS / 2].as_secs_f64() * 1000.0;
        println!("{handler:<18} {median:>12.1}");
    }
    println!(
        "all are one program of {:.2} MB",
        megabytes(checked_size(&program)?)
    );
    Ok(())
}

/// The program's size in bytes; fails if the program is too large.
pub fn checked_size(program: &Path) -> anyhow::Result<u64> {
    let bytes = std::fs::metadata(program)
        .with_context(|| program.display().to_string())?
        .len();
    if bytes > MOST_BYTES {
        bail!(
            "{} is larger than {} MB ({:.2} MB); check its dependencies with `cargo bloat` or `cargo tree`",
            program.display(),
            megabytes(MOST_BYTES),
            megabytes(bytes)
        );
    }
    Ok(bytes)
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// The stages of the program, as the program lists them.
fn handlers(program: &Path) -> anyhow::Result<Vec<String>> {
    let output = Command::new(program)
        .arg("--stages")
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{} cannot be run", program.display()))?;
    let names = String::from_utf8(output.stdout).context("the names of the stages")?;
    if !output.status.success() || names.is_empty() {
        bail!("{} --stages lists no stage", program.display());
    }
    Ok(names.lines().map(str::to_owned).collect())
}

/// The time from the start of the process to its first request for an event.
fn start(program: &Path, handler: &str) -> anyhow::Result<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let api = listener.local_addr()?.to_string();
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        // The receiver may have given up.
        let _ = sender.send(first_request(&listener));
    });
    let began = Instant::now();
    let function = Function(
        Command::new(program)
            .env_clear()
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
                ("_HANDLER", handler),
                ("AWS_LAMBDA_FUNCTION_NAME", "measured"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "none"),
                ("AWS_SECRET_ACCESS_KEY", "none"),
                ("CROSSOVER_JOURNAL_TABLE", "none"),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?,
    );
    let line = received
        .recv_timeout(START_LIMIT)
        .context("the function requested no event")??;
    let taken = began.elapsed();
    drop(function);
    if !line.contains("/runtime/invocation/next") {
        bail!("the function's first request was {line:?}, not one for an event");
    }
    Ok(taken)
}

fn first_request(listener: &TcpListener) -> std::io::Result<String> {
    let (connection, _) = listener.accept()?;
    let mut line = String::new();
    BufReader::new(connection).read_line(&mut line)?;
    Ok(line)
}

/// A function's process, ended by drop.
struct Function(Child);

impl Drop for Function {
    fn drop(&mut self) {
        // Both calls fail only if the process has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
