//! Connections: refusals, replacement and settings.

use crossover_core::{
    Secret,
    ports::{Catalogue, PortError},
};
use crossover_postgres::{PostgresDatabase, SslMode};

use crate::side::{PASSWORD, Side};

async fn refused(settings: crossover_postgres::ConnectionSettings) -> PortError {
    PostgresDatabase::connect("target", settings, vec![])
        .await
        .expect_err("the connection must be refused")
}

#[tokio::test]
async fn no_error_and_no_debug_text_shows_the_password() {
    let side = Side::new().await;
    let db = side.crossover().await;
    let mut shown = vec![format!("{db:?} {:?}", side.settings())];
    for change in [
        |s: &mut crossover_postgres::ConnectionSettings| {
            s.password = Secret::new(format!("{PASSWORD}-wrong"));
        },
        |s: &mut crossover_postgres::ConnectionSettings| s.dbname = "nowhere".into(),
        |s: &mut crossover_postgres::ConnectionSettings| s.port = 1,
        |s: &mut crossover_postgres::ConnectionSettings| s.sslmode = SslMode::VerifyFull,
        |s: &mut crossover_postgres::ConnectionSettings| s.host = "db.example".into(),
    ] {
        let mut settings = side.settings();
        change(&mut settings);
        let error = refused(settings).await;
        shown.push(format!("{error} {error:?}"));
    }
    for text in shown {
        assert!(!text.contains(PASSWORD), "{text}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_a_closed_port_is_unreachable() {
    let side = Side::new().await;
    let mut wrong = side.settings();
    wrong.password = Secret::new("wrong".to_owned());
    let error = refused(wrong).await;
    assert!(
        matches!(&error, PortError::Refused { reason, .. } if reason.contains("28P01")),
        "{error}"
    );
    let mut closed = side.settings();
    closed.port = 1;
    let error = refused(closed).await;
    assert!(
        matches!(&error, PortError::Unreachable { what, .. } if what.starts_with("target database")),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_without_tls_receives_no_password() {
    let side = Side::new().await;
    let mut settings = side.settings();
    settings.sslmode = SslMode::VerifyFull;
    let error = refused(settings).await.to_string();
    assert!(error.contains("TLS"), "{error}");
    let mut far = side.settings();
    far.host = "192.0.2.1".into();
    let error = refused(far).await.to_string();
    assert!(
        error.contains("loopback") && error.contains("verify-full"),
        "{error}"
    );
}

#[tokio::test]
async fn a_lost_connection_is_replaced() {
    let side = Side::new().await;
    let db = side.crossover().await;
    for _ in 0..3 {
        db.current_position().await.unwrap();
        let end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1::text and usename = $2::text";
        side.admin.query(end, &[&side.name, &side.own()]).await.unwrap();
        db.server().await.unwrap();
    }
}

#[tokio::test]
async fn settings_of_the_role_and_the_database_do_not_affect_our_sessions() {
    let side = Side::new().await;
    side.admin(&format!(
        "alter role {0} set default_transaction_read_only = on; alter role {0} set statement_timeout = '1ms';
         alter database {1} set search_path = shop",
        side.own(),
        side.name
    ))
    .await;
    let db = side.crossover().await;
    crossover_core::ports::CatchUpMarkers::prepare_marker(&db)
        .await
        .unwrap();
}
