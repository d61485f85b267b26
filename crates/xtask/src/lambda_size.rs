//! `cargo xtask lambda-size`: what a function weighs and how long it takes to be there.

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

/// The profile functions are deployed in.
const PROFILE: &str = "lambda-release";
/// What a stage may weigh: Lambda fetches and unpacks it before the first line runs.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// Starts measured of each function.
const STARTS: usize = 7;
/// A function that takes longer does not start at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// Prints size and start time of every stage; fails if one is too big.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let functions = functions(&workspace.root.join("lambdas"))?;
    let mut build = vec!["build", "--profile", PROFILE, "--locked"];
    for function in &functions {
        build.extend(["--package", function]);
    }
    workspace.run_cargo(&build)?;
    println!("{:<18} {:>8} {:>12}", "function", "MB", "start in ms");
    let mut too_big = Vec::new();
    for function in &functions {
        let program = &workspace.target.join(PROFILE).join(function);
        let bytes = std::fs::metadata(program)
            .with_context(|| program.display().to_string())?
            .len();
        let mut starts = (0..STARTS)
            .map(|_| start(program))
            .collect::<anyhow::Result<Vec<_>>>()
            .with_context(|| format!("starting {function}"))?;
        starts.sort();
        let (size, median) = (
            bytes as f64 / 1_048_576.0,
            starts[STARTS / 2].as_secs_f64() * 1000.0,
        );
        println!("{function:<18} {size:>8.2} {median:>12.1}");
        if bytes > MOST_BYTES {
            too_big.push(format!("{function} ({size:.2} MB)"));
        }
    }
    if !too_big.is_empty() {
        bail!(
            "bigger than 8 MB: {}; see what came in with `cargo bloat` or `cargo tree`",
            too_big.join(", ")
        );
    }
    Ok(())
}

/// Every function has a folder, a package and a program of the same name.
fn functions(folder: &Path) -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut functions = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            functions.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    functions.sort();
    if functions.is_empty() {
        bail!("{} holds no function", folder.display());
    }
    Ok(functions)
}

/// From the start of the process to its first request for work.
fn start(program: &Path) -> anyhow::Result<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let api = listener.local_addr()?.to_string();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        // The receiver may be gone: then nobody wants to know.
        let _ = tell.send(first_request(&listener));
    });
    let began = Instant::now();
    let function = Function(
        Command::new(program)
            .env_clear()
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", api.as_str()),
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
    let line = told.recv_timeout(PATIENCE).context("it asked for no work")??;
    let taken = began.elapsed();
    drop(function);
    if !line.contains("/runtime/invocation/next") {
        bail!("its first request was {line:?}, not one for work");
    }
    Ok(taken)
}

fn first_request(listener: &TcpListener) -> std::io::Result<String> {
    let (connection, _) = listener.accept()?;
    let mut line = String::new();
    BufReader::new(connection).read_line(&mut line)?;
    Ok(line)
}

/// Ended when it is no longer needed, whatever happened.
struct Function(Child);

impl Drop for Function {
    fn drop(&mut self) {
        // Both can only fail when it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
