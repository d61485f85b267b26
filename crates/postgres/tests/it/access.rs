//! Locking, restoring and opening.

use crossover_core::ports::{Access, Catalogue, PortError, WriterSample};
use crossover_postgres::PostgresDatabase;
use crossover_stand::postgres::Major;
use tokio_postgres::error::SqlState;

use crate::side::{Side, everything};

/// A shop with a writer, an owner, an heir, a reader and a group.
async fn shop() -> Side {
    shop_on(Major::V16).await
}

async fn shop_on(major: Major) -> Side {
    let side = Side::on(major).await;
    let app = side.add_role("app", "login").await;
    let boss = side.add_role("boss", "login").await;
    let heir = side.add_role("heir", "login noinherit").await;
    let reader = side.add_role("reader", "login").await;
    let group = side.add_role("team", "nologin").await;
    let member = side.add_role("member", "login").await;
    let asleep = side.add_role("asleep", "nologin").await;
    side.admin(&format!("grant {app} to {heir}; grant {group} to {member}"))
        .await;
    side.owner(&format!(
        "grant usage on schema shop to {app}, {boss}, {heir}, {reader}, {group}, {asleep};
         create table shop.orders (id int primary key, note text);
         create table shop.items (id int primary key);
         alter table shop.items owner to {boss};
         grant insert, select on shop.orders to {app};
         grant update (note) on shop.orders to {group}, {asleep};
         grant select on shop.orders to {reader};"
    ))
    .await;
    side
}

async fn locked(side: &Side) -> (PostgresDatabase, Vec<String>) {
    let db = side.crossover().await;
    let report = db.lock(&everything(), "run-1").await.unwrap();
    assert!(!report.already);
    (db, report.roles)
}

async fn is_locked_out(side: &Side, role: &str) -> bool {
    match side.session(&side.role(role)).await {
        Ok(_) => false,
        Err(error) => {
            let code = error.code().unwrap_or_else(|| panic!("{error:?}"));
            assert!(
                [
                    &SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
                    &SqlState::INSUFFICIENT_PRIVILEGE
                ]
                .contains(&code),
                "{error:?}"
            );
            true
        }
    }
}

#[tokio::test]
async fn every_way_to_write_is_found_and_named() {
    let side = shop().await;
    let roles = side
        .crossover()
        .await
        .roles(&everything(), &[side.role("reader")])
        .await
        .unwrap();
    let because = |name: &str| {
        roles
            .iter()
            .find(|r| r.role == side.role(name))
            .map(|r| r.because.clone())
            .unwrap_or_default()
    };
    assert_eq!(because("app"), "may insert shop.orders");
    assert_eq!(because("boss"), "owner of shop.items");
    assert_eq!(because("heir"), format!("member of {}", side.role("app")));
    assert_eq!(because("member"), format!("member of {}", side.role("team")));
    assert_eq!(because("team"), "may update shop.orders.note");
    assert_eq!(because("reader"), "may not write a table in scope");
    assert!(roles.iter().all(|r| r.writes != (r.role == side.role("reader"))));
    assert!(
        roles
            .iter()
            .all(|r| r.role != side.own() && r.role != side.superuser_name())
    );
}

#[tokio::test]
async fn a_right_of_public_makes_every_login_role_a_writer() {
    let side = shop().await;
    side.owner("grant delete on shop.orders to public").await;
    let roles = side.crossover().await.roles(&everything(), &[]).await.unwrap();
    let reader = roles.iter().find(|r| r.role == side.role("reader")).unwrap();
    assert_eq!(reader.because, "PUBLIC may delete shop.orders");
}

#[tokio::test]
async fn a_member_of_pg_write_all_data_is_a_writer() {
    // Of every database of the server: not on the one where other tests lock.
    let side = shop_on(Major::V17).await;
    side.admin(&format!("grant pg_write_all_data to {}", side.role("reader")))
        .await;
    let roles = side.crossover().await.roles(&everything(), &[]).await.unwrap();
    assert!(
        roles
            .iter()
            .any(|r| r.role == side.role("reader") && r.because == "member of pg_write_all_data"),
        "{roles:?}"
    );
    assert!(roles.iter().all(|r| !r.role.starts_with("pg_")));
    side.admin(&format!("revoke pg_write_all_data from {}", side.role("reader")))
        .await;
}

#[tokio::test]
async fn superusers_are_reported_and_spared_roles_are_not() {
    let side = shop().await;
    let all = side
        .crossover_sparing(vec![])
        .await
        .roles(&everything(), &[])
        .await
        .unwrap();
    let superuser = all.iter().find(|r| r.role == side.superuser_name()).unwrap();
    assert!(superuser.superuser && superuser.writes);
    let spared = side
        .crossover_sparing(vec![side.superuser_name(), side.role("app")])
        .await;
    let roles = spared.roles(&everything(), &[]).await.unwrap();
    assert!(
        roles
            .iter()
            .all(|r| r.role != side.role("app") && r.role != side.superuser_name())
    );
}

#[tokio::test]
async fn the_lock_keeps_out_writers_heirs_owners_members_and_readers() {
    let side = shop().await;
    let (_db, roles) = locked(&side).await;
    let mut expected: Vec<String> = ["app", "boss", "heir", "member"]
        .map(|name| side.role(name))
        .to_vec();
    expected.sort();
    assert_eq!(roles, expected);
    for role in ["app", "boss", "heir", "member", "reader"] {
        assert!(is_locked_out(&side, role).await, "{role} got in");
    }
    // Crossover itself lives in no grant but its ownership, and must still get in.
    side.crossover().await.snapshot().await.unwrap().unwrap();
}

#[tokio::test]
async fn nologin_alone_lets_a_session_write_on_and_ending_it_does_not() {
    let side = shop().await;
    let app = side.session(&side.role("app")).await.unwrap();
    let (db, _) = locked(&side).await;
    app.execute("insert into shop.orders values (1)", &[])
        .await
        .expect("a session that exists goes on writing");
    let sample = db.writers().await.unwrap();
    assert_eq!(sample.sessions.len(), 1, "{sample:?}");
    let words: Vec<&str> = sample.sessions[0].split(' ').collect();
    assert!(
        words[0] == "pid"
            && words[2] == side.role("app")
            && words[4].starts_with("127.0.0.1:")
            && words[5] == "app",
        "{words:?}"
    );
    assert!(!sample.is_clean());
    assert_eq!(db.end_sessions().await.unwrap(), 1);
    assert_eq!(db.writers().await.unwrap(), WriterSample::default());
    app.execute("insert into shop.orders values (2)", &[])
        .await
        .expect_err("its session was ended");
    assert_eq!(db.end_sessions().await.unwrap(), 0);
}

#[tokio::test]
async fn a_session_counts_for_the_role_that_logged_in() {
    let side = shop().await;
    let heir = side.session(&side.role("heir")).await.unwrap();
    heir.batch_execute(&format!("set role {}", side.role("app")))
        .await
        .unwrap();
    let db = side
        .crossover_sparing(vec![side.superuser_name(), side.role("app")])
        .await;
    let sample = db.writers().await.unwrap();
    assert!(sample.sessions[0].contains(&side.role("heir")), "{sample:?}");
}

#[tokio::test]
async fn open_transactions_of_the_application_are_in_flight() {
    let side = shop().await;
    let app = side.session(&side.role("app")).await.unwrap();
    let db = side.crossover().await;
    assert_eq!(db.in_flight().await.unwrap(), 0);
    app.batch_execute("begin; insert into shop.orders values (7)")
        .await
        .unwrap();
    assert_eq!(db.in_flight().await.unwrap(), 1);
    app.batch_execute("commit").await.unwrap();
    assert_eq!(db.in_flight().await.unwrap(), 0);
}

#[tokio::test]
async fn a_superusers_session_is_reported_and_not_ended() {
    let side = shop().await;
    let superuser = side.superuser().await;
    let db = side.crossover_sparing(vec![]).await;
    assert_eq!(db.end_sessions().await.unwrap(), 0);
    let sample = db.writers().await.unwrap();
    assert_eq!(sample.superuser_sessions.len(), 1);
    assert_eq!(sample.sessions, sample.superuser_sessions);
    superuser.query_one("select 1", &[]).await.expect("still there");
}

#[tokio::test]
async fn a_prepared_transaction_is_reported() {
    let side = shop().await;
    let app = side.session(&side.role("app")).await.unwrap();
    let gid = side.role("late");
    app.batch_execute(&format!(
        "begin; insert into shop.orders values (9); prepare transaction '{gid}'"
    ))
    .await
    .unwrap();
    drop(app);
    let (db, _) = locked(&side).await;
    db.end_sessions().await.unwrap();
    let sample = db.writers().await.unwrap();
    assert_eq!(
        (sample.prepared.as_slice(), sample.is_clean()),
        ([gid.clone()].as_slice(), false)
    );
    let all = db.prepared_transactions().await.unwrap();
    assert_eq!(
        (all[0].gid.as_str(), all[0].owner.as_str()),
        (gid.as_str(), side.role("app").as_str())
    );
    side.owner(&format!("rollback prepared '{gid}'")).await;
    assert!(db.writers().await.unwrap().is_clean());
}

#[tokio::test]
async fn a_role_that_somebody_unlocks_is_reported() {
    let side = shop().await;
    let (db, _) = locked(&side).await;
    side.admin(&format!("alter role {} login", side.role("boss")))
        .await;
    assert_eq!(db.writers().await.unwrap().unlocked_roles, [side.role("boss")]);
}

#[tokio::test]
async fn the_lock_can_be_repeated_by_its_run_and_by_no_other() {
    let side = shop().await;
    let (db, roles) = locked(&side).await;
    let again = db.lock(&everything(), "run-1").await.unwrap();
    assert_eq!((again.already, again.roles), (true, roles));
    let other = db.lock(&everything(), "run-2").await.unwrap_err();
    assert!(
        matches!(&other, PortError::Refused { reason, .. } if reason.contains("run-1")),
        "{other}"
    );
    assert!(db.restore("run-2").await.unwrap().is_empty());
    assert!(is_locked_out(&side, "app").await);
}

#[tokio::test]
async fn of_two_runs_that_lock_at_once_one_wins() {
    let side = shop().await;
    let (one, two) = (side.crossover().await, side.crossover().await);
    let scope = everything();
    let (first, second) = tokio::join!(one.lock(&scope, "run-1"), two.lock(&scope, "run-2"));
    assert_eq!(
        u8::from(first.is_ok()) + u8::from(second.is_ok()),
        1,
        "{first:?} {second:?}"
    );
    let winner = if first.is_ok() { "run-1" } else { "run-2" };
    assert_eq!(one.snapshot().await.unwrap().unwrap().run_id, winner);
    let loser = first.err().or(second.err()).unwrap().to_string();
    assert!(loser.contains(&format!("locked by run {winner}")), "{loser}");
}

/// Locks, restores and compares everything about roles and rights with what it was.
async fn comes_back(side: &Side) {
    let before = (side.role_rights().await, side.acl().await);
    let (db, _) = locked(side).await;
    assert_ne!(side.role_rights().await, before.0);
    assert_eq!(db.snapshot().await.unwrap().unwrap().acl, before.1);
    let restored = db.restore("run-1").await.unwrap();
    assert!(restored.contains(&side.role("app")), "{restored:?}");
    assert_eq!(side.role_rights().await, before.0);
    if before.1.is_some() {
        assert_eq!(side.acl().await, before.1);
    }
    assert_eq!(db.snapshot().await.unwrap(), None);
    assert!(db.restore("run-1").await.unwrap().is_empty());
    assert!(!is_locked_out(side, "app").await);
    // Start, roll back, start again: the second round is like the first.
    db.lock(&everything(), "run-2").await.unwrap();
    assert!(is_locked_out(side, "app").await);
}

#[tokio::test]
async fn abort_restores_every_role() {
    let side = shop().await;
    comes_back(&side).await;
}

#[tokio::test]
async fn a_written_access_list_comes_back_to_the_letter() {
    let side = shop().await;
    let (name, app, reader, team) = (
        &side.name,
        side.role("app"),
        side.role("reader"),
        side.role("team"),
    );
    side.admin(&format!(
        "revoke all on database {name} from public;
         grant connect on database {name} to {team} with grant option;
         grant connect, create on database {name} to {app};
         grant temporary on database {name} to public;
         grant connect on database {name} to {reader}, {};
         grant connect on database {name} to {}",
        side.role("heir"),
        side.own()
    ))
    .await;
    comes_back(&side).await;
}

#[tokio::test]
async fn a_spared_role_that_came_in_by_public_still_comes_in_and_loses_the_grant_again() {
    let side = shop().await;
    let cdc = side.add_role("cdc", "login").await;
    side.admin(&format!("grant connect on database {} to public", side.name))
        .await;
    let before = side.acl().await;
    let db = side
        .crossover_sparing(vec![side.superuser_name(), cdc.clone()])
        .await;
    let session = side.session(&cdc).await.unwrap();
    db.lock(&everything(), "run-1").await.unwrap();
    assert!(!is_locked_out(&side, "cdc").await && is_locked_out(&side, "reader").await);
    assert_eq!(db.end_sessions().await.unwrap(), 0);
    session
        .query_one("select 1", &[])
        .await
        .expect("a spared session goes on");
    db.restore("run-1").await.unwrap();
    assert_eq!(side.acl().await, before);
}

#[tokio::test]
async fn a_lock_that_cannot_take_connect_changes_nothing() {
    let side = shop().await;
    side.admin(&format!(
        "alter database {} owner to {}",
        side.name,
        side.superuser_name()
    ))
    .await;
    side.owner(&format!("create schema crossover authorization {}", side.own()))
        .await;
    let before = (side.role_rights().await, side.acl().await);
    let db = side.crossover().await;
    let error = db.lock(&everything(), "run-1").await.unwrap_err().to_string();
    assert!(
        error.contains("owner of the database") && error.contains("PUBLIC"),
        "{error}"
    );
    assert_eq!((side.role_rights().await, side.acl().await), before);
    assert_eq!(db.snapshot().await.unwrap(), None);
}

#[tokio::test]
async fn writers_we_may_not_alter_are_all_named_and_nothing_changes() {
    let side = shop().await;
    if side.version().await < 160_000 {
        return;
    }
    side.admin(&format!(
        "revoke {0} from {2}; revoke {1} from {2}",
        side.role("app"),
        side.role("boss"),
        side.own()
    ))
    .await;
    let before = (side.role_rights().await, side.acl().await);
    let error = side
        .crossover()
        .await
        .lock(&everything(), "run-1")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(&format!("{}, {}", side.role("app"), side.role("boss"))),
        "{error}"
    );
    assert_eq!((side.role_rights().await, side.acl().await), before);
}

#[tokio::test]
async fn a_side_that_was_never_locked_opens_like_the_other_one() {
    let (source, target) = (shop().await, Side::new().await);
    let (from, to) = (source.crossover().await, target.crossover().await);
    from.lock(&everything(), "run-1").await.unwrap();
    let mut like = from.snapshot().await.unwrap().unwrap();
    // Roles of the two sides have the same names in a migration; here they share a server.
    for role in &mut like.roles {
        role.role = target.role(role.role.split('_').next().unwrap());
        role.granted_connect |= role.role.starts_with("app");
    }
    target
        .admin(&format!("revoke connect on database {} from public", target.name))
        .await;
    for name in ["app", "boss", "heir"] {
        target.add_role(name, "nologin").await;
    }
    let missing = to.open(&like).await.unwrap_err();
    assert!(
        matches!(&missing, PortError::Missing { what } if what.contains(&target.role("member"))),
        "{missing}"
    );
    target.add_role("member", "nologin").await;
    let opened = to.open(&like).await.unwrap();
    assert_eq!(opened.len(), 4, "{opened:?}");
    for name in ["app", "boss", "heir", "member"] {
        assert!(!is_locked_out(&target, name).await, "{name}");
    }
    let after = (target.role_rights().await, target.acl().await);
    assert_eq!(to.open(&like).await.unwrap(), opened);
    assert_eq!((target.role_rights().await, target.acl().await), after);
}

#[tokio::test]
async fn an_owner_who_only_owns_the_database_is_no_role_the_other_side_must_have() {
    let side = shop().await;
    let owner = side.add_role("landlord", "nologin").await;
    let inherit = if side.version().await >= 160_000 {
        "with inherit true"
    } else {
        ""
    };
    side.admin(&format!(
        "alter database {} owner to {owner}; grant {owner} to {} {inherit}",
        side.name,
        side.own()
    ))
    .await;
    side.owner(&format!("create schema crossover authorization {}", side.own()))
        .await;
    let before = (side.role_rights().await, side.acl().await);
    let (db, _) = locked(&side).await;
    let snapshot = db.snapshot().await.unwrap().unwrap();
    assert!(
        snapshot.roles.iter().all(|role| role.role != owner),
        "{snapshot:?}"
    );
    assert!(is_locked_out(&side, "reader").await);
    db.restore("run-1").await.unwrap();
    assert_eq!(side.role_rights().await, before.0);
}

#[tokio::test]
async fn a_side_locked_by_an_earlier_run_opens_as_it_was() {
    let side = shop().await;
    let before = side.role_rights().await;
    let (db, _) = locked(&side).await;
    let mut like = db.snapshot().await.unwrap().unwrap();
    like.run_id = "run-2".to_owned();
    like.roles.clear();
    assert!(db.open(&like).await.unwrap().contains(&side.role("app")));
    assert_eq!(side.role_rights().await, before);
}

#[tokio::test]
async fn a_record_that_came_by_replication_is_not_this_sides_own() {
    let (source, target) = (shop().await, shop().await);
    let (from, to) = (source.crossover().await, target.crossover().await);
    to.lock(&everything(), "run-0").await.unwrap();
    to.restore("run-0").await.unwrap();
    from.lock(&everything(), "run-1").await.unwrap();
    let rows = source
        .superuser()
        .await
        .query("select nonce, body from crossover.access_snapshot", &[])
        .await
        .unwrap();
    let (nonce, body): (String, String) = (rows[0].get(0), rows[0].get(1));
    let insert = "insert into crossover.access_snapshot values ($1, 'run-1', now(), $2)";
    target
        .superuser()
        .await
        .execute(insert, &[&nonce, &body])
        .await
        .unwrap();
    assert_eq!(to.snapshot().await.unwrap(), None);
    assert!(to.restore("run-1").await.unwrap().is_empty());
}

#[tokio::test]
async fn sessions_we_may_not_look_into_are_an_error() {
    let side = shop().await;
    if side.version().await < 160_000 {
        // There to administer a role is to be a member of it, and to see its sessions.
        return;
    }
    side.admin(&format!("revoke pg_monitor from {}", side.own()))
        .await;
    let _app = side.session(&side.role("app")).await.unwrap();
    let error = side.crossover().await.writers().await.unwrap_err().to_string();
    assert!(
        error.contains("pg_monitor") && error.contains(&side.role("app")),
        "{error}"
    );
}
