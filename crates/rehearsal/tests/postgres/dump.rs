use std::fs;
use std::path::PathBuf;

use crossover_rehearsal::dump::{self, DumpError};
use crossover_stand::postgres::{Major, TestServer};
use tempfile::TempDir;

use crate::{count, empty_database};

/// Only `--dump` needs psql: a machine without psql runs the other tests.
fn psql(files: &[PathBuf]) -> Option<PathBuf> {
    match dump::check(files) {
        Ok(psql) => Some(psql),
        Err(DumpError::Unusable(wrong)) if wrong.len() == 1 && wrong[0].starts_with("psql was not found") => {
            eprintln!("skipped: {}", wrong[0]);
            None
        }
        Err(err) => panic!("{err}"),
    }
}

fn file(folder: &TempDir, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).expect("a file");
    path
}

#[tokio::test]
async fn a_dump_is_loaded_with_the_roles_it_needs_and_can_be_reduced_to_its_definitions() {
    let (database, client) = empty_database().await;
    let folder = tempfile::tempdir().expect("a folder");
    let role = format!("dump_{}", database.name());
    let schema = file(
        &folder,
        "schema.sql",
        format!(
            "SET statement_timeout = 0;
             CREATE TABLE public.parent (id bigint PRIMARY KEY, \"odd \"\"name\" text) PARTITION BY RANGE (id);
             CREATE TABLE public.parent_1 PARTITION OF public.parent FOR VALUES FROM (0) TO (100);
             CREATE TABLE public.\"Child \"\"x\"\"\" (id bigint PRIMARY KEY, parent bigint REFERENCES public.parent (id));
             ALTER TABLE public.parent OWNER TO \"{role}\";
             GRANT SELECT ON TABLE public.parent TO PUBLIC;"
        ),
    );
    let data = file(
        &folder,
        "data.sql",
        "COPY public.parent (id, \"odd \"\"name\") FROM stdin;\n1\tone\n2\t\\N\n\\.\nINSERT INTO public.\"Child \"\"x\"\"\" VALUES (1, 2);\n",
    );
    let files = [schema, data];
    let Some(psql) = psql(&files) else { return };
    let loaded = dump::load(&psql, &[&database.url()], &files)
        .await
        .expect("the dump loads");
    assert_eq!((loaded.roles, loaded.left_out), (vec![role], Vec::new()));
    assert_eq!(count(&client, "select count(*) from public.parent").await, 2);
    let tables = dump::tables(&client).await.expect("the tables");
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["Child \"x\"", "parent", "parent_1"]);
    assert!(tables[2].is_partition && tables[1].is_partitioned && !tables[0].is_partition);

    // A trigger of the dump must not block the deletion of all rows.
    client
        .batch_execute(
            "create function no() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
             create trigger no before truncate on public.parent execute function no()",
        )
        .await
        .expect("a trigger");
    dump::truncate_all(&client).await.expect("emptied");
    assert_eq!(count(&client, "select count(*) from public.parent").await, 0);
    assert_eq!(
        count(&client, "select count(*) from public.\"Child \"\"x\"\"\"").await,
        0
    );
    let setting = client
        .query_one("show session_replication_role", &[])
        .await
        .expect("the setting");
    assert_eq!(setting.get::<_, &str>(0), "origin");
}

#[tokio::test]
async fn a_broken_dump_is_reported_with_psqls_message_file_and_line() {
    let (database, client) = empty_database().await;
    let folder = tempfile::tempdir().expect("a folder");
    let broken = file(
        &folder,
        "broken.sql",
        "create table a (id int);\n\ncreate table a (id int);\ncreate table b (id int);\n",
    );
    let Some(psql) = psql(std::slice::from_ref(&broken)) else {
        return;
    };
    let err = dump::load(&psql, &[&database.url()], &[broken])
        .await
        .expect_err("it stops");
    let text = err.to_string();
    assert!(matches!(err, DumpError::Psql { .. }), "{text}");
    assert!(
        text.contains("broken.sql:3: ERROR:  relation \"a\" already exists"),
        "{text}"
    );
    assert!(
        !text.contains(database.access().password()),
        "no password in the message"
    );
    assert_eq!(
        count(&client, "select count(*) from pg_tables where tablename = 'b'").await,
        0,
        "the load stopped there"
    );
}

#[tokio::test]
async fn a_setting_of_a_newer_server_is_reported_with_the_remedy() {
    let (database, _client) = empty_database().await;
    let folder = tempfile::tempdir().expect("a folder");
    let newer = file(&folder, "newer.sql", "SET transaction_timeout = 0;\n");
    let Some(psql) = psql(std::slice::from_ref(&newer)) else {
        return;
    };
    let text = dump::load(&psql, &[&database.url()], &[newer])
        .await
        .expect_err("it stops")
        .to_string();
    assert!(
        text.contains("newer.sql:1") && text.contains("source's version"),
        "{text}"
    );
}

#[tokio::test]
async fn lines_like_psql_commands_in_texts_bodies_and_data_are_loaded_as_data() {
    let (database, client) = empty_database().await;
    let folder = tempfile::tempdir().expect("a folder");
    let dump = file(
        &folder,
        "notes.sql",
        "create table notes (id int primary key, text text);
insert into notes values (1, 'by hand:
\\connect other
\\c other');
create function how_to() returns text language sql as $how$ select 'type
\\c other'
$how$;
comment on table notes is $$
\\connect other
$$;
copy notes (id, text) from stdin;
2\tfirst
\\c other
\\.
"
        .replace("\\\\", "\\")
        .replace("\\c other\n\\.", "3\t\\\\c other\n\\."),
    );
    let Some(psql) = psql(std::slice::from_ref(&dump)) else {
        return;
    };
    dump::load(&psql, &[&database.url()], &[dump])
        .await
        .expect("the dump loads");
    let texts = "select count(*) from notes where text like '%c other%'";
    assert_eq!(count(&client, texts).await, 2);
}

#[tokio::test]
async fn everything_the_servers_lack_is_reported_at_once_before_the_load() {
    let ((one, client), (two, _)) = (empty_database().await, empty_database().await);
    let folder = tempfile::tempdir().expect("a folder");
    let lacking = file(
        &folder,
        "lacking.sql",
        "create table loaded (id int);
         create extension if not exists no_such_extension;
         create function own_hash(text) returns int language c strict as '$libdir/no_such_library', 'hash';
         set no_such_setting = 0;
         set default_tablespace = no_such_place;
         create table packed (v text compression lz4);",
    );
    let Some(psql) = psql(std::slice::from_ref(&lacking)) else {
        return;
    };
    let error = dump::load(&psql, &[&one.url(), &two.url()], &[lacking])
        .await
        .expect_err("none of this exists");
    let DumpError::Unusable(wrong) = &error else {
        panic!("{error}")
    };
    let text = wrong.join("\n");
    for part in [
        "lacking.sql:2: extension no_such_extension",
        "lacking.sql:3: function own_hash in C needs $libdir/no_such_library",
        "lacking.sql:4: setting no_such_setting",
        "lacking.sql:5: tablespace no_such_place: make the dump with `pg_dump --no-tablespaces`",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    if lacks_lz4(&client).await {
        assert!(
            text.contains("lacking.sql:6: compression lz4") && text.contains("--no-toast-compression"),
            "{text}"
        );
    }
    let tables = "select count(*) from pg_tables where tablename = 'loaded'";
    assert_eq!(count(&client, tables).await, 0, "nothing was loaded");
}

async fn lacks_lz4(client: &tokio_postgres::Client) -> bool {
    let sql = "select count(*) from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)";
    count(client, sql).await == 0
}

#[tokio::test]
async fn compression_that_the_servers_lack_is_left_out_and_reported() {
    let (database, client) = empty_database().await;
    let folder = tempfile::tempdir().expect("a folder");
    let dump = file(
        &folder,
        "packed.sql",
        "create table packed (id int primary key, v text);
ALTER TABLE ONLY public.packed ALTER COLUMN v SET COMPRESSION lz4; insert into packed values (1, 'x');
alter table packed
    alter column id set
    compression lz4; insert into packed values (2, 'y');
insert into packed values (3);
select broken;
",
    );
    let Some(psql) = psql(std::slice::from_ref(&dump)) else {
        return;
    };
    if !lacks_lz4(&client).await {
        return;
    }
    let error = dump::load(&psql, &[&database.url()], std::slice::from_ref(&dump))
        .await
        .expect_err("the last statement is broken")
        .to_string();
    assert!(
        error.contains("packed.sql:7: ERROR"),
        "lines keep their numbers: {error}"
    );
    assert_eq!(count(&client, "select count(*) from packed").await, 3);
    client.batch_execute("drop table packed").await.expect("dropped");
    let whole = fs::read_to_string(&dump).expect("the dump");
    fs::write(&dump, whole.replace("select broken;", "")).expect("the dump");
    let loaded = dump::load(&psql, &[&database.url()], &[dump])
        .await
        .expect("the dump loads");
    assert!(
        loaded.left_out.len() == 1 && loaded.left_out[0].contains("2 statement(s)"),
        "{:?}",
        loaded.left_out
    );
}

/// Hardened databases and their dumps revoke this.
#[tokio::test]
async fn the_product_role_may_use_the_language_of_its_own_blocks_where_public_may_not() {
    let server = TestServer::private(Major::V16, &[]).await.expect("a server");
    let database = server.fresh_database().await.expect("a database");
    let client = database.connect().await.expect("a connection");
    client
        .batch_execute(
            "revoke usage on language plpgsql from public; create role crossover login createrole bypassrls",
        )
        .await
        .expect("hardened");
    client
        .batch_execute(include_str!("../../src/environment/crossover_role.sql"))
        .await
        .expect("granted");
    client
        .batch_execute("set role crossover; do $$ begin perform 1; end $$; reset role")
        .await
        .expect("its own block runs");
}

#[test]
fn all_problems_of_the_files_are_reported_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = file(&folder, "good.sql", "select 1;");
    let files = [
        folder.path().join("missing.sql"),
        file(&folder, "archive.dump", b"PGDMP\x01\x0e"),
        file(&folder, "packed.sql.gz", [0x1f, 0x8b, 8, 0]),
        file(&folder, "empty.sql", ""),
        file(&folder, "create.sql", "create database x;\n\\connect x\n"),
        folder.path().to_path_buf(),
        good,
    ];
    let DumpError::Unusable(wrong) = dump::check(&files).expect_err("six of seven are unusable") else {
        panic!("another error");
    };
    let text = wrong.join("\n");
    assert_eq!(
        wrong
            .iter()
            .filter(|line| !line.starts_with("psql was not"))
            .count(),
        6,
        "{text}"
    );
    for part in [
        "missing.sql does not exist",
        "pg_restore -f",
        "gunzip",
        "empty.sql is empty",
        "create.sql:2 connects",
        "is a folder",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("good.sql"));
    assert!(wrong.is_sorted());
}
