//! Runs the user's psql.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;
use tokio_postgres::{Config, config::Host};

use super::DumpError;

pub(super) async fn run(psql: &Path, config: &Config, files: &[PathBuf]) -> Result<(), DumpError> {
    let mut command = Command::new(psql);
    command.args([
        "--no-psqlrc",
        "-X",
        "-q",
        "-w",
        "-v",
        "ON_ERROR_STOP=1",
        "-o",
        "/dev/null",
    ]);
    for file in files {
        command.arg("-f").arg(file);
    }
    // The PG* variables of the caller must not redirect the dump.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.to_string_lossy().into_owned(),
        None => return Err(DumpError::Address("it names no host")),
    };
    command.env("PGHOST", host);
    command.env(
        "PGPORT",
        config.get_ports().first().copied().unwrap_or(5432).to_string(),
    );
    command.env("PGUSER", config.get_user().unwrap_or("postgres"));
    command.env("PGDATABASE", config.get_dbname().unwrap_or("postgres"));
    command.env("PGOPTIONS", "-c client_min_messages=warning");
    command.env("PGAPPNAME", "crossover rehearsal dump");
    if let Some(password) = config.get_password() {
        command.env("PGPASSWORD", String::from_utf8_lossy(password).as_ref());
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = command.output().await.map_err(|source| DumpError::NoPsql {
        psql: psql.to_path_buf(),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    let hint = hint_for(&message);
    Err(DumpError::Psql { message, hint })
}

/// A remedy for a failure of psql itself.
fn hint_for(message: &str) -> Option<&'static str> {
    if message.contains("invalid command \\restrict") {
        Some("This psql is older than the pg_dump that made the file: install a current PostgreSQL client.")
    } else {
        None
    }
}
