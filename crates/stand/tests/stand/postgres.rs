use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use crossover_stand::parts::{Set, ensure};
use crossover_stand::postgres::{Settings, TestServer, workspace_root};
use crossover_stand::{Major, Port, Postgres, Silent, StandError};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use crate::{is_alive, the_parts};

/// The shared server of every version, of both sets.
#[tokio::test]
async fn every_test_has_a_private_database() {
    for major in Major::all_here() {
        let server = TestServer::shared(major).await.unwrap();
        let (one, two) = (
            server.fresh_database().await.unwrap(),
            server.fresh_database().await.unwrap(),
        );
        one.connect()
            .await
            .unwrap()
            .batch_execute("create table t (id int)")
            .await
            .unwrap();
        let seen = two.connect().await.unwrap();
        let count: i64 = seen
            .query_one("select count(*) from pg_tables where tablename = 't'", &[])
            .await
            .unwrap()
            .get(0);
        assert_eq!(count, 0);
        let version: String = seen
            .query_one("show server_version_num", &[])
            .await
            .unwrap()
            .get(0);
        assert!(version.starts_with(&major.to_string()));
        let wal_level: String = seen.query_one("show wal_level", &[]).await.unwrap().get(0);
        assert_eq!(wal_level, "logical");
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let server = TestServer::shared(Major::V16).await.unwrap();
    let mut config = server.access().config("postgres");
    let error = config.password("wrong").connect(NoTls).await.err().unwrap();
    assert_eq!(error.code(), Some(&SqlState::INVALID_PASSWORD));
    assert!(!format!("{:?}", server.access()).contains(server.access().password()));
}

#[tokio::test]
async fn the_servers_replicate_to_each_other() {
    let source = TestServer::shared(Major::V16)
        .await
        .unwrap()
        .fresh_database()
        .await
        .unwrap();
    let target = TestServer::shared(Major::V17)
        .await
        .unwrap()
        .fresh_database()
        .await
        .unwrap();
    let (from, to) = (source.connect().await.unwrap(), target.connect().await.unwrap());
    for client in [&from, &to] {
        client
            .batch_execute("create table t (id int primary key)")
            .await
            .unwrap();
    }
    from.batch_execute("create publication p for table t")
        .await
        .unwrap();
    let access = source.access();
    let subscribe = format!(
        "create subscription {} connection 'host=127.0.0.1 port={} user=postgres password={} dbname={}' publication p",
        target.name(),
        access.port(),
        access.password(),
        source.name(),
    );
    to.batch_execute(&subscribe).await.unwrap();
    from.batch_execute("insert into t select generate_series(1, 100)")
        .await
        .unwrap();
    loop {
        let count: i64 = to.query_one("select count(*) from t", &[]).await.unwrap().get(0);
        if count == 100 {
            break;
        }
    }
    to.batch_execute(&format!("drop subscription {}", target.name()))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_stopped_server_leaves_neither_processes_nor_files() {
    for major in Major::all_here() {
        let parts = ensure(&workspace_root(), major.set(), &Silent).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings {
            temporary: true,
            ..Settings::for_role("gone")
        };
        let server = Postgres::start(&parts, major, dir.path(), &settings)
            .await
            .unwrap();
        let client = server.access().connect("postgres").await.unwrap();
        let folder = data_directory(&client).await;
        let rows = client
            .query("select pid from pg_stat_activity", &[])
            .await
            .unwrap();
        let pids: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
        assert!(pids.iter().any(|pid| is_alive(*pid)));
        server.stop().await.unwrap();
        assert!(!pids.iter().any(|pid| is_alive(*pid)), "{major}");
        assert!(!folder.exists());
        assert!(!dir.path().exists());
    }
}

async fn data_directory(client: &Client) -> PathBuf {
    let folder: String = client.query_one("show data_directory", &[]).await.unwrap().get(0);
    folder.into()
}

#[tokio::test]
async fn a_private_server_keeps_its_data_and_its_port_while_it_is_stopped() {
    for major in Major::all_here() {
        let mut server = TestServer::private(major, &[("work_mem", "7MB")]).await.unwrap();
        let database = server.fresh_database().await.unwrap();
        let before = database.connect().await.unwrap();
        before
            .batch_execute("create table t as select generate_series(1, 100) as id")
            .await
            .unwrap();

        server.stop().await.unwrap();
        assert!(before.batch_execute("select").await.is_err());
        let refused = TcpStream::connect(("127.0.0.1", database.access().port())).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        server.stop().await.unwrap();

        server.start().await.unwrap();
        server.start().await.unwrap();
        let after = database.connect().await.unwrap();
        let rows = after
            .query_one("select count(*), current_setting('work_mem') from t", &[])
            .await
            .unwrap();
        assert_eq!(
            (rows.get::<_, i64>(0), rows.get::<_, &str>(1)),
            (100, "7MB"),
            "{major}"
        );
        let folder = data_directory(&after).await;
        server.stop().await.unwrap();
        assert!(folder.exists());
        drop(server);
        assert!(!folder.exists());
    }
}

/// Before version 18 the number of slots limited both; every version must have capacity for replication in
/// both directions.
#[tokio::test]
async fn every_version_has_capacity_for_replication_in_both_directions() {
    for major in Major::all_here() {
        let server = TestServer::shared(major).await.unwrap();
        let client = server.access().connect("postgres").await.unwrap();
        let limits = client
            .query(
                "select name, setting from pg_settings where name in ('max_replication_slots', 'max_wal_senders', \
                 'max_logical_replication_workers', 'max_active_replication_origins')",
                &[],
            )
            .await
            .unwrap();
        assert_eq!(limits.len(), if major >= Major::V18 { 4 } else { 3 });
        for limit in limits {
            assert_eq!(
                limit.get::<_, &str>(1),
                "40",
                "{major}: {}",
                limit.get::<_, &str>(0)
            );
        }
    }
}

#[tokio::test]
async fn a_server_is_not_started_from_a_set_it_is_not_in() {
    let dir = tempfile::tempdir().unwrap();
    let error = Postgres::start(&the_parts().await, Major::V18, dir.path(), &Settings::default())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            StandError::OtherSet {
                set: Set::Servers,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_does_not_start_shows_its_last_log_lines() {
    let parts = the_parts().await;
    let dir = tempfile::tempdir().unwrap();
    let extra = vec![("no_such_setting_at_all".to_owned(), "1".to_owned())];
    let settings = Settings {
        extra,
        ..Settings::for_role("source")
    };
    let error = Postgres::start(&parts, Major::V16, dir.path(), &settings)
        .await
        .unwrap_err();
    assert!(matches!(error, StandError::DidNotStart { .. }));
    let text = error.to_string();
    assert!(
        text.starts_with("source postgresql 16 did not start") && text.contains("no_such_setting_at_all"),
        "{text}"
    );
}

#[tokio::test]
async fn a_fixed_port_that_is_taken_is_named() {
    let parts = the_parts().await;
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let settings = Settings {
        port: Port::Fixed(port),
        ..Settings::default()
    };
    let error = Postgres::start(&parts, Major::V16, dir.path(), &settings)
        .await
        .unwrap_err();
    assert!(
        matches!(error, StandError::PortTaken { port: named, .. } if named == port),
        "{error}"
    );
}

/// As root the server runs as another user, who may not be able to enter the given folder.
#[tokio::test]
async fn a_server_starts_in_a_folder_that_other_users_cannot_enter() {
    use std::os::unix::fs::PermissionsExt;
    let parts = the_parts().await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let server = Postgres::start(&parts, Major::V16, dir.path(), &Settings::default())
        .await
        .unwrap();
    server.stop().await.unwrap();
}
