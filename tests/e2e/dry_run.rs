use crossover_core::{Direction, routing::LaneRecord};
use crossover_rehearsal::{
    RehearsalOptions,
    environment::{Database, Environment},
    run::{RunOutcome, execute},
};
use crossover_stand::Silent;

use crate::{
    rights::Rehearsed,
    setup::{alone, environment, judge_calls, small},
};

/// Everything that a cutover changes in a database, except the application's rows; one line for each object.
const STATE: &str = "
    select 'role ' || rolname || ' login ' || rolcanlogin || ' config ' || coalesce(rolconfig::text, '-') from pg_roles
    union all
    select 'database ' || datname || ' acl ' || coalesce(datacl::text, '-') from pg_database
    union all
    select 'slot ' || slot_name || ' ' || coalesce(plugin, '-') from pg_replication_slots
    union all
    select 'publication ' || pubname from pg_publication
    union all
    select 'subscription ' || subname || ' ' || subenabled::text from pg_subscription
    union all
    select 'sequence ' || schemaname || '.' || sequencename || ' ' || coalesce(last_value::text, '-') from pg_sequences
    union all
    select 'relation ' || oid::regclass || ' ' || relkind::text || ' ' || coalesce(relacl::text, '-') from pg_class
        where relnamespace not in ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
    union all
    select 'trigger ' || tgname || ' ' || tgenabled::text from pg_trigger where not tgisinternal
    union all
    select 'marker ' || f::text from crossover.catch_up_marker f
    order by 1";

async fn state(database: &Database) -> Vec<String> {
    let client = database.inspector().await.unwrap();
    let rows = client.query(STATE, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn full_state(environment: &Environment) -> (Vec<String>, Vec<String>, LaneRecord) {
    (
        state(&environment.databases.source).await,
        state(&environment.databases.target).await,
        environment.edge.admin().unwrap().read().await.unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_enters_every_state_of_the_cutover_and_changes_nothing() {
    let _alone = alone().await;
    let options = RehearsalOptions {
        dry_run: true,
        ..small("dry-run")
    };
    let environment = environment(&options).await;
    let before = full_state(&environment).await;
    let plan = environment.plan("dry-run", true);
    let record = execute(
        &environment.cloud,
        (&environment.cloud.cutover, Direction::Forward),
        "dry run",
        &plan,
        &Silent,
    )
    .await
    .unwrap();
    let after = full_state(&environment).await;
    environment.shutdown().await.unwrap();
    assert_eq!(record.outcome, RunOutcome::Committed, "{:?}", record.errors);
    assert_eq!(before, after);
    for step in [
        "lock roles",
        "end every writer's session",
        "write a catch-up marker row",
        "lane: hold -> committed",
        "open the database to the application's roles",
    ] {
        assert!(
            record.planned.iter().any(|planned| planned.contains(step)),
            "{step} is not planned: {:#?}",
            record.planned
        );
    }
    let entered: Vec<&str> = record.stages.iter().map(|stage| stage.name.as_str()).collect();
    for stage in [
        "PreCheck",
        "LagWait",
        "ValidateBefore",
        "ConnectionDrain",
        "FinalSync",
        "StartReverseReplication",
        "ValidateAfter",
    ] {
        assert!(entered.contains(&stage), "{stage} was not entered: {entered:?}");
    }
    judge_calls(Rehearsed::DryRun, &options);
}
