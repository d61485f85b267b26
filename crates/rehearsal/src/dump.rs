//! Loads the user's own dump: plain SQL, with the user's `psql`, so that a dump that loads by hand also loads
//! here.

mod demands;
mod psql;
mod roles;
mod scan;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use tokio_postgres::{Client, Config};

use demands::Demand;
use roles::Roles;
use scan::{Piece, scan};

/// Why a dump cannot be rehearsed.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// Something is missing or of the wrong kind: all problems, sorted, one line each.
    #[error("the dump cannot be loaded:\n{}", .0.iter().map(|line| format!("  - {line}")).collect::<Vec<_>>().join("\n"))]
    Unusable(Vec<String>),
    /// psql failed; its message contains file and line.
    #[error("psql could not load the dump:\n{message}{}", .hint.map(|hint| format!("\n{hint}")).unwrap_or_default())]
    Psql {
        /// The error output of psql.
        message: String,
        /// The remedy, if known.
        hint: Option<&'static str>,
    },
    /// psql could not be started.
    #[error("could not run {}: install the PostgreSQL client (Debian: apt-get install postgresql-client; macOS: brew install libpq)", .psql.display())]
    NoPsql {
        /// The program.
        psql: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A file could not be read completely.
    #[error("could not read {}", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The database address is invalid.
    #[error("the database address is invalid: {0}")]
    Address(&'static str),
    /// The database refused one of the preparing statements.
    #[error("the database refused to prepare for the dump")]
    Database(#[from] tokio_postgres::Error),
}

/// A user table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// A partition: its rows are also counted in its parent.
    pub is_partition: bool,
    /// A partitioned table, which has no rows of its own.
    pub is_partitioned: bool,
}

/// Finds `psql` in PATH and checks every file before anything is started; returns the program to use.
///
/// Reports all problems at once: a missing file, an unreadable one, an archive that is not plain SQL, a dump
/// that would connect to another database.
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
        Ok(0) => Some(format!("{name} is empty: make the dump again with `pg_dump -f {name}`")),
        Ok(_) if &start == b"PGDMP" => Some(format!(
            "{name} is a pg_dump archive, not plain SQL: make plain SQL of it with `pg_restore -f dump.sql {name}`"
        )),
        Ok(_) if start[..2] == [0x1f, 0x8b] => Some(format!("{name} is compressed: unpack it with gunzip")),
        Ok(_) => match leaves_the_database(file) {
            Ok(line) => line.map(|line| {
                format!(
                    "{name}:{line} connects to another database: make the dump without --create, of one database"
                )
            }),
            Err(err) => Some(format!("{name} cannot be read: {err}")),
        },
    }
}

/// The line of the first `\connect`, which would load the rest into another database. Inside quoted text,
/// function bodies and table data such a line is data.
fn leaves_the_database(file: &Path) -> io::Result<Option<usize>> {
    let mut first = None;
    scan(BufReader::new(File::open(file)?), |piece| {
        if let Piece::Command {
            name,
            arguments,
            line,
        } = piece
            && (name == "c" || name == "connect")
            && !arguments.is_empty()
        {
            first.get_or_insert(line);
        }
    })?;
    Ok(first)
}

/// A scanned dump.
struct Script {
    file: PathBuf,
    demands: Vec<Demand>,
}

/// The side effects of a load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The roles that were created for the dump.
    pub roles: Vec<String>,
    /// Features that the servers lack and that were left out of the dump, as sentences.
    pub left_out: Vec<String>,
}

/// Loads `files`, in their order, into the databases at `urls` (a superuser's).
///
/// All features that one of the servers lacks are reported at once before the load; only compression of large
/// values, which changes no row, is left out instead. Roles that a dump names but does not create are created
/// first, without a login: the dump of one database never contains them. The load stops at the first error.
pub async fn load(psql: &Path, urls: &[&str], files: &[PathBuf]) -> Result<Loaded, DumpError> {
    let configs = urls
        .iter()
        .map(|url| url.parse().map_err(|_| DumpError::Address("it cannot be parsed")))
        .collect::<Result<Vec<Config>, _>>()?;
    let (scripts, roles) = scan_all(files.to_vec()).await?;
    let demands: Vec<Demand> = scripts.iter().flat_map(|s| s.demands.clone()).collect();
    let mut unmet = BTreeSet::new();
    for config in &configs {
        unmet.extend(demands::unmet(&connect(config).await?, &demands).await?);
    }
    let mut objections = Vec::new();
    for script in &scripts {
        for demand in script.demands.iter().filter(|d| unmet.contains(&d.need)) {
            let place = format!("{}:{}", script.file.display(), demand.line);
            objections.extend(
                demand
                    .need
                    .objection()
                    .map(|objection| format!("{place}: {objection}")),
            );
        }
    }
    if !objections.is_empty() {
        return Err(DumpError::Unusable(objections));
    }
    let folder = tempfile::tempdir().map_err(|source| DumpError::Read {
        file: std::env::temp_dir(),
        source,
    })?;
    let mut left_out = 0;
    let mut ready = Vec::with_capacity(scripts.len());
    for (place, script) in scripts.into_iter().enumerate() {
        let ranges: Vec<Range<u64>> = script
            .demands
            .iter()
            .filter(|d| unmet.contains(&d.need))
            .map(|d| d.bytes.clone())
            .collect();
        left_out += ranges.len();
        ready.push(if ranges.is_empty() {
            script.file
        } else {
            // The name stays, for psql's messages.
            let own = folder.path().join(place.to_string());
            without(&script.file, &ranges, &own).map_err(|source| DumpError::Read {
                file: script.file.clone(),
                source,
            })?
        });
    }
    let mut made = BTreeSet::new();
    for config in &configs {
        made.extend(create_roles(&connect(config).await?, &roles).await?);
        psql::run(psql, config, &ready).await?;
    }
    let lz4 = format!(
        "Compression lz4 of large values: {left_out} statement(s) of the dump were left out, because the servers of the rehearsal lack it"
    );
    Ok(Loaded {
        roles: made.into_iter().collect(),
        left_out: if left_out > 0 { vec![lz4] } else { Vec::new() },
    })
}

async fn scan_all(files: Vec<PathBuf>) -> Result<(Vec<Script>, BTreeSet<String>), DumpError> {
    let read_all = move || {
        let mut roles = Roles::default();
        let mut scripts = Vec::with_capacity(files.len());
        for file in files {
            let mut demands = Vec::new();
            let read = File::open(&file).and_then(|opened| {
                scan(BufReader::new(opened), |piece| {
                    if let Piece::Statement { words, line, bytes } = piece {
                        roles::note(&words, &mut roles);
                        let need = demands::of_statement(&words);
                        demands.extend(need.map(|need| Demand { need, line, bytes }));
                    }
                })
            });
            if let Err(source) = read {
                return Err(DumpError::Read { file, source });
            }
            scripts.push(Script { file, demands });
        }
        Ok((scripts, roles.missing()))
    };
    match tokio::task::spawn_blocking(read_all).await {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// A copy of the file in `folder` with some bytes replaced by blanks, so that every line keeps its number.
fn without(file: &Path, ranges: &[Range<u64>], folder: &Path) -> io::Result<PathBuf> {
    std::fs::create_dir(folder)?;
    let copy = folder.join(file.file_name().unwrap_or_default());
    let mut input = BufReader::new(File::open(file)?);
    let mut output = BufWriter::new(File::create(&copy)?);
    let mut offset = 0;
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let end = offset + line.len() as u64;
        let first = ranges.partition_point(|range| range.end <= offset);
        for range in ranges[first..].iter().take_while(|range| range.start < end) {
            for (place, byte) in (offset..).zip(line.iter_mut()) {
                if range.contains(&place) && *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        output.write_all(&line)?;
        offset = end;
        line.clear();
    }
    output.flush()?;
    Ok(copy)
}

async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
    // The connection ends with the client.
    tokio::spawn(connection);
    Ok(client)
}

async fn create_roles(
    client: &Client,
    roles: &BTreeSet<String>,
) -> Result<Vec<String>, tokio_postgres::Error> {
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
    Ok(missing.iter().map(|row| row.get(0)).collect())
}

/// The user tables, sorted; without those of the server, of extensions and of the load's ledger.
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

/// Empties every table of [`tables`], so that only the definitions of the loaded dump remain: the target
/// before replication.
pub async fn truncate_all(client: &Client) -> Result<(), tokio_postgres::Error> {
    let statement: Option<String> = client
        .query_one(include_str!("dump/truncate.sql"), &[])
        .await?
        .get(0);
    let Some(statement) = statement else { return Ok(()) };
    // The dump's own triggers must not fire here; one transaction, so that the setting ends with it.
    let all_or_nothing = format!("begin; set local session_replication_role = replica; {statement}; commit");
    let emptied = client.batch_execute(&all_or_nothing).await;
    if emptied.is_err() {
        client.batch_execute("rollback").await?;
    }
    emptied
}
