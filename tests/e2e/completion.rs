//! The end of a migration, by the command, against real servers: nothing of it is left, and a rollback is no longer possible.

use std::fs;

use crossover_operate::config;
use crossover_rehearsal::environment::Database;
use serde_json::{Value, json};

use crate::{
    operator::Operator,
    rights::Rehearsed,
    setup::{alone, environment, judge_calls, small},
};

/// The logical slots and subscriptions of a server.
async fn left(database: &Database) -> Vec<String> {
    let client = database.inspector().await.unwrap();
    let sql = "select slot_name::text as name from pg_replication_slots union all select subname::text from pg_subscription order by 1";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get("name")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completed_migration_leaves_nothing_and_cannot_be_rolled_back() {
    let _alone = alone().await;
    let options = small("completion");
    let environment = environment(&options).await;
    let operator = |name: &str, window_h: u32| {
        let mut plan = environment.plan("unused", false);
        plan.rollback_window_h = window_h;
        let config = options.out.join(name);
        fs::write(&config, config::text(&environment.cloud.settings, &plan)).unwrap();
        Operator { config }
    };
    let (now, in_two_days) = (operator("crossover.toml", 0), operator("window.toml", 48));

    // The commands block, and the API of the local DMS is served by this process.
    let early = now.meanwhile("complete --follow", 2).await;
    assert!(
        early.contains("only a migration whose target owns them"),
        "{early}"
    );
    let cut_over = now.meanwhile("run --follow --run-id there", 0).await;
    assert!(cut_over.contains("the target owns writes"), "{cut_over}");
    let refused = now.meanwhile("status --require completed", 1).await;
    assert!(refused.contains("crossover complete"), "{refused}");

    let open = in_two_days
        .meanwhile("complete --follow --run-id too-early", 3)
        .await;
    assert!(
        open.contains("RollbackWindowOpen") && open.contains("48 h more"),
        "{open}"
    );
    let planned = now
        .meanwhile("complete --follow --dry-run --run-id would", 0)
        .await;
    assert!(planned.contains("would: "), "{planned}");
    let before = left(&environment.databases.target).await;
    assert!(
        before.contains(&"crossover_rehearsal_reverse".to_owned()),
        "{before:?}"
    );

    let done = now.meanwhile("complete --follow --run-id done", 0).await;
    assert!(done.contains("a rollback is no longer possible"), "{done}");
    assert_eq!(left(&environment.databases.source).await, [""; 0]);
    assert_eq!(left(&environment.databases.target).await, [""; 0]);
    let status = now.meanwhile("status --json", 0).await;
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(
        (&status["completed"], &status["writer"], &status["next"]),
        (&json!(true), &json!("target"), &json!([]))
    );
    now.meanwhile("status --require completed", 0).await;
    let back = now.meanwhile("rollback --follow", 2).await;
    assert!(back.contains("a rollback is no longer possible"), "{back}");
    let again = now.meanwhile("complete --follow", 2).await;
    assert!(again.contains("is completed"), "{again}");
    let audit = now.meanwhile("edge audit", 0).await;
    assert!(audit.contains(" complete ") && audit.contains("done"), "{audit}");

    environment.shutdown().await.unwrap();
    judge_calls(Rehearsed::Completed, &options);
}
