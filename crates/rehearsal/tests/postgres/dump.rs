use std::fs;
use std::path::PathBuf;

use crossover_rehearsal::dump::{self, DumpError};
use tempfile::TempDir;

use crate::{count, empty_database};

/// psql is asked for by `--dump` alone: a machine without it runs the other tests.
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
    let created = dump::load(&psql, &database.url(), &files)
        .await
        .expect("the dump loads");
    assert_eq!(created, [role]);
    assert_eq!(count(&client, "select count(*) from public.parent").await, 2);
    let tables = dump::tables(&client).await.expect("the tables");
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["Child \"x\"", "parent", "parent_1"]);
    assert!(tables[2].is_partition && tables[1].is_partitioned && !tables[0].is_partition);

    // A trigger of the dump's own must not stop the emptying.
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
async fn a_broken_dump_is_told_in_psqls_words_with_file_and_line() {
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
    let err = dump::load(&psql, &database.url(), &[broken])
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
        "it stopped there"
    );
}

#[tokio::test]
async fn a_setting_of_a_newer_server_is_told_with_the_remedy() {
    let (database, _client) = empty_database().await;
    let folder = tempfile::tempdir().expect("a folder");
    let newer = file(&folder, "newer.sql", "SET transaction_timeout = 0;\n");
    let Some(psql) = psql(std::slice::from_ref(&newer)) else {
        return;
    };
    let text = dump::load(&psql, &database.url(), &[newer])
        .await
        .expect_err("it stops")
        .to_string();
    assert!(
        text.contains("newer.sql:1") && text.contains("source's version"),
        "{text}"
    );
}

#[test]
fn everything_wrong_with_the_files_is_told_at_once() {
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
