//! A comparison shared among functions.

use crossover_core::plan::Scope;
use crossover_verify::{Partitioning, Silent, VerifyOptions, compare_partition, plan_partitions};

use crate::pair::{Pair, crossover, named, still};

/// Number of rows in each partition, and the differences of all partitions.
async fn shared(pair: &Pair, unordered_rows: u64) -> (Vec<u64>, Vec<String>) {
    let source = crossover("source", &pair.source).await;
    let target = crossover("target", &pair.target).await;
    let sides = still(&source, &target);
    let (scope, options) = (Scope::default(), VerifyOptions::default());
    let sharing = Partitioning {
        most: 4,
        unordered_rows,
    };
    let (partitions, could_not_run) = plan_partitions(&sides, &scope, &options, sharing, &Silent)
        .await
        .unwrap();
    assert!(could_not_run.is_empty(), "{could_not_run:?}");
    let (mut rows, mut differences) = (Vec::new(), Vec::new());
    for partition in &partitions {
        let result = compare_partition(&sides, &scope, &options, partition, &Silent)
            .await
            .unwrap();
        rows.push(result.rows_source);
        differences.extend(named(&result));
    }
    (rows, differences)
}

#[tokio::test]
async fn a_table_in_no_order_is_one_partition_until_it_is_too_large_for_a_function() {
    let pair = Pair::new().await;
    pair.both("create table t (id int primary key, note text); insert into t select i, 'n' || i from (select (j * 73::bigint) % 200001 as i from generate_series(1, 200000) j) x")
        .await;
    pair.both("analyze t").await;
    pair.target("update t set note = 'drifted' where id = 70000")
        .await;
    let different = vec!["70000 different note".to_owned()];
    assert_eq!(shared(&pair, 200_000).await, (vec![200_000], different.clone()));
    let (rows, found) = shared(&pair, 150_000).await;
    assert!(rows.len() > 1 && rows.iter().sum::<u64>() == 200_000, "{rows:?}");
    assert_eq!(found, different);
}
