//! Loading somebody's own dump: plain SQL, through their `psql`, so that what works by hand works here.

mod roles;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio_postgres::{Client, Config, config::Host};

/// Why a dump cannot be rehearsed.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// Something is missing or of the wrong kind: every such thing, sorted, one line each.
    #[error("the dump cannot be loaded:\n{}", .0.iter().map(|line| format!("  - {line}")).collect::<Vec<_>>().join("\n"))]
    Unusable(Vec<String>),
    /// psql stopped: its own words, which carry file and line.
    #[error("psql could not load the dump:\n{message}{}", .hint.map(|hint| format!("\n{hint}")).unwrap_or_default())]
    Psql {
        /// What psql wrote to its error output.
        message: String,
        /// What to do about it, where that is known.
        hint: Option<&'static str>,
    },
    /// psql itself could not be run.
    #[error("could not run {}: install the PostgreSQL client (Debian: apt-get install postgresql-client; macOS: brew install libpq)", .psql.display())]
    NoPsql {
        /// The program that was tried.
        psql: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file could not be read to its end.
    #[error("could not read {}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The address of the database is not one.
    #[error("the database address is not usable: {0}")]
    Address(&'static str),
    /// The database refused a statement of ours.
    #[error("the database refused to prepare for the dump")]
    Database(#[from] tokio_postgres::Error),
}

/// A table of the user's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// A partition: its rows are counted in its parent, too.
    pub is_partition: bool,
    /// A partitioned table: holds no rows of its own.
    pub is_partitioned: bool,
}

/// Finds `psql` in PATH and looks at every file before anything is started; returns the program to use.
///
/// All that is wrong is told at once: a missing file, an unreadable one, an archive that is not plain SQL, a dump that
/// would leave for another database.
pub fn check(files: &[PathBuf]) -> Result<PathBuf, DumpError> {
    let mut wrong: BTreeSet<String> = files.iter().filter_map(|file| unusable(file)).collect();
    let psql = find_in_path("psql");
    if psql.is_none() {
        wrong.insert(
            "psql was not found in PATH: install the PostgreSQL client (Debian: apt-get install postgresql-client; \
             macOS: brew install libpq)"
                .into(),
        );
    }
    match psql {
        Some(psql) if wrong.is_empty() => Ok(psql),
        _ => Err(DumpError::Unusable(wrong.into_iter().collect())),
    }
}

fn find_in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// Why `file` cannot be loaded, with the remedy.
fn unusable(file: &Path) -> Option<String> {
    let name = file.display();
    if file.is_dir() {
        return Some(format!(
            "{name} is a folder: make plain SQL of it with `pg_restore -f dump.sql {name}`"
        ));
    }
    let mut start = [0_u8; 5];
    let read = File::open(file).and_then(|mut file| file.read(&mut start));
    match read {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Some(format!(
            "{name} does not exist: give the path of a dump made with `pg_dump -f {name}`"
        )),
        Err(err) => Some(format!("{name} cannot be read: {err}")),
        Ok(0) => Some(format!("{name} is empty: make it anew with `pg_dump -f {name}`")),
        Ok(_) if &start == b"PGDMP" => Some(format!(
            "{name} is a pg_dump archive, not plain SQL: make plain SQL of it with `pg_restore -f dump.sql {name}`"
        )),
        Ok(_) if start[..2] == [0x1f, 0x8b] => Some(format!("{name} is compressed: unpack it with gunzip")),
        Ok(_) => leaves_the_database(file).map(|line| {
            format!(
                "{name}:{line} connects to another database: make the dump without --create, of one database"
            )
        }),
    }
}

/// The line of the first `\connect`, which would load the rest somewhere else.
fn leaves_the_database(file: &Path) -> Option<usize> {
    let mut input = BufReader::new(File::open(file).ok()?);
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes).ok()? == 0 {
            return None;
        }
        if bytes.starts_with(b"\\connect ") || bytes.starts_with(b"\\c ") {
            return Some(line);
        }
    }
    None
}

/// Loads `files`, in their order, into the database at `url` (a superuser's); returns the roles made for it.
///
/// Roles that a dump names but does not create come first, without a login: one dump of one database never carries
/// them. The load stops at the first error.
pub async fn load(psql: &Path, url: &str, files: &[PathBuf]) -> Result<Vec<String>, DumpError> {
    let config: Config = url.parse().map_err(|_| DumpError::Address("it does not parse"))?;
    let roles = named_roles(files.to_vec()).await?;
    let created = create_roles(&config, &roles).await?;
    run_psql(psql, &config, files).await?;
    Ok(created)
}

async fn named_roles(files: Vec<PathBuf>) -> Result<BTreeSet<String>, DumpError> {
    let scan = move || {
        let mut named = BTreeSet::new();
        for file in files {
            let found = File::open(&file).and_then(|opened| roles::missing_in(BufReader::new(opened)));
            named.extend(found.map_err(|source| DumpError::Read { file, source })?);
        }
        Ok(named)
    };
    match tokio::task::spawn_blocking(scan).await {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

async fn create_roles(
    config: &Config,
    roles: &BTreeSet<String>,
) -> Result<Vec<String>, tokio_postgres::Error> {
    let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    let names: Vec<&str> = roles.iter().map(String::as_str).collect();
    let missing = client
        .query(
            "select name, format('create role %I nologin', name) from unnest($1::text[]) name
             where not exists (select from pg_roles where rolname = name) order by name",
            &[&names],
        )
        .await?;
    for row in &missing {
        client.batch_execute(row.get(1)).await?;
    }
    drop(client);
    connection.abort();
    Ok(missing.iter().map(|row| row.get(0)).collect())
}

async fn run_psql(psql: &Path, config: &Config, files: &[PathBuf]) -> Result<(), DumpError> {
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
    // The caller's own PG* settings must not steer where the dump goes.
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

/// What helps against the failures that are about versions, not about the dump's content.
fn hint_for(message: &str) -> Option<&'static str> {
    if message.contains("invalid command \\restrict") {
        Some("This psql is older than the pg_dump that made the file: install a current PostgreSQL client.")
    } else if message.contains("unrecognized configuration parameter") {
        Some(
            "The dump was made for a newer server than the source here: make it with the pg_dump of the source's version, \
             or delete that SET line.",
        )
    } else if message.contains("extension control file") {
        Some(
            "The servers of the rehearsal carry PostgreSQL's own contrib extensions only: leave this one out of the dump.",
        )
    } else {
        None
    }
}

/// The user's tables, sorted; without the server's own, those of extensions and the load's ledger.
pub async fn tables(client: &Client) -> Result<Vec<Table>, tokio_postgres::Error> {
    let rows = client.query(include_str!("dump/tables.sql"), &[]).await?;
    Ok(rows
        .iter()
        .map(|row| Table {
            schema: row.get(0),
            name: row.get(1),
            is_partition: row.get(2),
            is_partitioned: row.get(3),
        })
        .collect())
}

/// Empties every table of [`tables`], so that of a loaded dump only the definitions stay: the target before replication.
pub async fn truncate_all(client: &Client) -> Result<(), tokio_postgres::Error> {
    let statement: Option<String> = client
        .query_one(include_str!("dump/truncate.sql"), &[])
        .await?
        .get(0);
    let Some(statement) = statement else { return Ok(()) };
    // The dump's own triggers must not act on this; one transaction, so that the setting ends with it.
    let all_or_nothing = format!("begin; set local session_replication_role = replica; {statement}; commit");
    let emptied = client.batch_execute(&all_or_nothing).await;
    if emptied.is_err() {
        client.batch_execute("rollback").await?;
    }
    emptied
}
