//! Everything that tries to write past the drain: after it nothing is written, or the drain sees the writer.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_postgres::Client;

use super::{Access, Major, PostgresDatabase, Side, WriterSample, shop_on, take_lock};
use crate::replication_session::ReplicationSession;

const MAJORS: [Major; 3] = [Major::V12, Major::V16, Major::V18];
const INSERT: &str = "insert into shop.orders select coalesce(max(id), 0) + 1 from shop.orders";

/// Ends sessions until two samples in a row are clean, as the drain does. The error is the last of `samples`.
async fn drain(db: &PostgresDatabase, samples: u32) -> Result<(), WriterSample> {
    let mut sample = WriterSample::default();
    let mut clean = 0;
    for _ in 0..samples {
        db.end_sessions().await.unwrap();
        sample = db.writers().await.unwrap();
        clean = if sample.is_clean() { clean + 1 } else { 0 };
        if clean == 2 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(sample)
}

/// As [`drain`], with time for connections that are being made.
pub async fn drained(db: &PostgresDatabase) {
    drain(db, 3_000).await.unwrap_or_else(|left| panic!("{left:?}"));
}

async fn lock(side: &Side) -> PostgresDatabase {
    let db = side.crossover().await;
    take_lock(&db, "run-1").await.unwrap();
    db
}

pub async fn orders(side: &Side) -> i64 {
    let client = side.superuser().await;
    client
        .query_one("select count(*) from shop.orders", &[])
        .await
        .unwrap()
        .get(0)
}

/// The session fails, and has written nothing since `before`.
async fn is_shut_out(side: &Side, client: &Client, sql: &str, before: i64) {
    client
        .batch_execute(sql)
        .await
        .expect_err("the session was ended");
    assert_eq!(orders(side).await, before, "{sql}");
}

#[tokio::test]
async fn no_open_session_writes_after_the_drain() {
    for major in MAJORS {
        let side = shop_on(major).await;
        side.owner(
            "create function shop.append() returns void security definer language sql as \
             'insert into shop.orders select coalesce(max(id), 0) + 1 from shop.orders'",
        )
        .await;
        side.owner(&format!("grant truncate on shop.orders to {}", side.role("heir")))
            .await;
        let set_role = format!("set role {}", side.role("app"));
        // The role, what it does before the drain, and how it tries to write afterwards.
        let adversaries = [
            ("app", "select 1", INSERT),
            ("app", "begin; insert into shop.orders values (-1)", "commit"),
            ("app", "select pg_advisory_lock(7)", INSERT),
            ("heir", set_role.as_str(), INSERT),
            ("heir", "select 1", "truncate shop.orders"),
            ("boss", "set session_replication_role = origin", INSERT),
            ("boss", "begin; select 1", "insert into shop.items values (1)"),
            ("reader", "select 1", "select shop.append()"),
        ];
        let mut clients = Vec::new();
        for (role, before, _) in adversaries {
            let client = side.session(&side.role(role)).await.unwrap();
            // On 12 only a superuser may change the role of replication.
            let _ = client.batch_execute(before).await;
            clients.push(client);
        }
        let db = lock(&side).await;
        drained(&db).await;
        let before = orders(&side).await;
        for (client, (_, _, sql)) in clients.iter().zip(adversaries) {
            is_shut_out(&side, client, sql, before).await;
        }
    }
}

/// Like a job that is restarted by its supervisor: connects, writes and disconnects, over and over.
#[tokio::test]
async fn a_job_that_reconnects_in_a_loop_is_shut_out() {
    for major in MAJORS {
        let side = Arc::new(shop_on(major).await);
        let (counts, mut counted) = watch::channel((0_u32, 0_u32));
        let job = tokio::spawn({
            let side = Arc::clone(&side);
            async move {
                loop {
                    let wrote = match side.session(&side.role("app")).await {
                        Ok(client) => client.batch_execute(INSERT).await.is_ok(),
                        Err(_) => false,
                    };
                    counts.send_modify(|(written, refused)| {
                        *if wrote { written } else { refused } += 1;
                    });
                }
            }
        });
        counted.wait_for(|(written, _)| *written >= 5).await.unwrap();
        let db = lock(&side).await;
        drained(&db).await;
        let (before, refused) = (orders(&side).await, counted.borrow().1);
        counted.wait_for(|(_, now)| *now >= refused + 20).await.unwrap();
        job.abort();
        assert_eq!(orders(&side).await, before, "{major}");
    }
}

/// A connection is let in by the rights of the time at which it asks, and is among the sessions only later.
#[tokio::test]
async fn a_connection_that_was_let_in_before_the_lock_is_waited_for_and_ended() {
    for major in MAJORS {
        let side = Arc::new(shop_on(major).await);
        let slow = tokio::spawn({
            let side = Arc::clone(&side);
            async move {
                // The server waits between the check of the rights and the session.
                let client = side
                    .session_with(&side.role("app"), "-c post_auth_delay=3")
                    .await?;
                client.batch_execute(INSERT).await
            }
        });
        let db = side.crossover().await;
        while db.writers().await.unwrap().connecting.is_empty() {
            assert!(!slow.is_finished(), "{major}: the connection was made too early");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        take_lock(&db, "run-1").await.unwrap();
        assert!(
            !slow.is_finished(),
            "{major}: the connection was made before the lock"
        );
        drained(&db).await;
        let before = orders(&side).await;
        let _ = slow.await.unwrap();
        assert_eq!(orders(&side).await, before, "{major}: it wrote after the drain");
    }
}

#[tokio::test]
async fn a_right_to_connect_that_is_given_back_after_the_lock_is_seen() {
    for major in MAJORS {
        let side = shop_on(major).await;
        let watcher = side.add_role("watcher", "login").await;
        let db = side
            .crossover_exempting(vec![side.superuser_name(), watcher.clone()])
            .await;
        take_lock(&db, "run-1").await.unwrap();
        drained(&db).await;
        let newcomer = side.add_role("newcomer", "login").await;
        side.owner(&format!("grant insert on shop.orders to {newcomer}"))
            .await;
        drain(&db, 5)
            .await
            .expect("a role without CONNECT cannot come in");
        let seen = async |sql: String, undo: String, who: &str| {
            side.admin(&sql).await;
            let sample = drain(&db, 5).await.expect_err(&sql);
            assert_eq!(sample.admitted_roles, [who], "{major} {sql}");
            side.admin(&undo).await;
            drain(&db, 5)
                .await
                .unwrap_or_else(|left| panic!("{undo}: {left:?}"));
        };
        let database = &side.name;
        seen(
            format!("grant connect on database {database} to public"),
            format!("revoke connect on database {database} from public"),
            "PUBLIC",
        )
        .await;
        seen(
            format!("grant connect on database {database} to {newcomer}"),
            format!("revoke connect on database {database} from {newcomer}"),
            &newcomer,
        )
        .await;
        // It inherits the right of an exempt role.
        seen(
            format!("grant {watcher} to {newcomer}"),
            format!("revoke {watcher} from {newcomer}"),
            &newcomer,
        )
        .await;
    }
}

/// Their right to connect is inherited, so that the lock cannot take it; their login can be taken.
#[tokio::test]
async fn members_of_roles_that_keep_connect_lose_their_login() {
    for major in MAJORS {
        let side = shop_on(major).await;
        let watcher = side.add_role("watcher", "login").await;
        let member = side.add_role("onlooker", "login").await;
        side.admin(&format!("grant {watcher} to {member}")).await;
        let db = side
            .crossover_exempting(vec![side.superuser_name(), watcher.clone()])
            .await;
        let roles = take_lock(&db, "run-1").await.unwrap().roles;
        assert!(
            roles.contains(&member) && !roles.contains(&watcher),
            "{major}: {roles:?}"
        );
        drained(&db).await;
        db.restore("run-1").await.unwrap();
        side.session(&member).await.expect("it has its login back");
    }
}

#[tokio::test]
async fn other_databases_of_the_server_write_nothing_into_this_one() {
    for major in MAJORS {
        let (side, other) = (shop_on(major).await, Side::on(major).await);
        let app = side.role("app");
        other
            .owner(&format!(
                "create extension dblink; create extension postgres_fdw; grant all on schema public to {app};
                 create server there foreign data wrapper postgres_fdw options ({});
                 create user mapping for {app} server there options ({});
                 create foreign table public.orders (id int) server there options (schema_name 'shop');
                 grant select, insert on public.orders to {app}",
                other.address_options(&side.name),
                Side::login_options(&app),
            ))
            .await;
        let client = other.session(&app).await.unwrap();
        let link = format!(
            "select dblink_connect('there', '{}')",
            side.connection_string(&app)
        );
        let by_link = "select dblink_exec('there', 'insert into shop.orders values (-7)')";
        let by_table = "insert into public.orders values (-8)";
        for sql in [&link, "begin", by_link, by_table, "commit"] {
            client
                .batch_execute(sql)
                .await
                .unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        }
        let db = lock(&side).await;
        drained(&db).await;
        let before = orders(&side).await;
        for sql in [by_link, by_table, &link.replace("'there'", "'again'")] {
            is_shut_out(&side, &client, sql, before).await;
        }
    }
}

/// A replication connection to a database runs SQL too.
#[tokio::test]
async fn a_replication_connection_that_runs_sql_is_ended() {
    for major in MAJORS {
        let side = shop_on(major).await;
        let role = side.add_role("copier", "login replication").await;
        side.owner(&format!(
            "grant usage on schema shop to {role}; grant select, insert on shop.orders to {role}"
        ))
        .await;
        let mut session = ReplicationSession::open(&side.settings(), &role).await;
        session.execute(INSERT).await.unwrap();
        let db = side.crossover().await;
        let sample = db.writers().await.unwrap();
        assert!(
            sample.sessions.len() == 1 && sample.sessions[0].contains("walsender"),
            "{major}: {sample:?}"
        );
        assert_eq!(db.transactions().await.unwrap(), [], "it is idle");
        let lock = take_lock(&db, "run-1").await;
        if major < Major::V16 {
            // Only a superuser alters such a role there.
            let refusal = format!("{:?}", lock.unwrap_err());
            assert!(refusal.contains(&role), "{major}: {refusal}");
            continue;
        }
        lock.unwrap();
        drained(&db).await;
        let before = orders(&side).await;
        session.execute(INSERT).await.expect_err("the session was ended");
        assert_eq!(orders(&side).await, before, "{major}");
    }
}

/// One that only sends changes is no writer: ending it would cut off a subscriber of somebody else.
#[tokio::test]
async fn a_replication_connection_that_sends_changes_is_left_alone() {
    let side = shop_on(Major::V16).await;
    let role = side.add_role("reader_of_changes", "login replication").await;
    let slot = format!("s_{}", side.name);
    side.owner(&format!(
        "select pg_create_logical_replication_slot('{slot}', 'test_decoding')"
    ))
    .await;
    let mut session = ReplicationSession::open(&side.settings(), &role).await;
    session.start(&slot).await;
    let db = side.crossover().await;
    while db.writers().await.unwrap() != WriterSample::default() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    take_lock(&db, "run-1").await.unwrap();
    drained(&db).await;
    drop(session);
    side.owner(&format!(
        "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '{slot}'"
    ))
    .await;
    while side
        .admin
        .batch_execute(&format!("select pg_drop_replication_slot('{slot}')"))
        .await
        .is_err()
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
