//! Several statements over one snapshot.

use crossover_core::{
    ports::{PortError, Rows, Snapshot},
    rows::{HashPlan, Hashing, Region},
};
use crossover_stand::postgres::Major;

use crate::side::{Side, table};

fn form() -> HashPlan {
    HashPlan {
        table: table("orders"),
        partitioned: false,
        columns: Vec::new(),
        key: Vec::new(),
        hashing: Hashing::TypedHash,
        seed: 1,
        condition: None,
    }
}

#[tokio::test]
async fn a_lost_snapshot_has_to_be_read_again() {
    for major in Major::ALL {
        let side = Side::on(major).await;
        side.owner(&format!(
            "create table shop.orders (id int); insert into shop.orders values (1); grant select on shop.orders to {}",
            side.own()
        ))
        .await;
        let db = side.crossover().await;
        let snapshot = db.export_snapshot().await.unwrap();
        side.owner("insert into shop.orders values (2)").await;
        let then = db
            .digest(&form(), &Region::Whole, 1, Some(&snapshot))
            .await
            .unwrap();
        assert_eq!(then[&0].rows, 1, "{major:?}");

        let gone = Snapshot {
            id: snapshot.id.clone(),
            kept_by: Box::new(()),
        };
        drop(snapshot);
        // The session of the snapshot ends a little later.
        let error = loop {
            match db.digest(&form(), &Region::Whole, 1, Some(&gone)).await {
                Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
                Err(error) => break error,
            }
        };
        assert!(
            matches!(&error, PortError::ReadAgain { .. }) && error.to_string().contains("snapshot"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn blocks_of_a_table_rewritten_during_the_read_are_refused() {
    for major in Major::ALL {
        let side = Side::on(major).await;
        side.owner(&format!(
            "create table shop.orders (id int); insert into shop.orders select generate_series(1, 2000); \
             delete from shop.orders where id <= 1000; grant select on shop.orders to {}",
            side.own()
        ))
        .await;
        let db = side.crossover().await;
        let form = form();
        let streamed = HashPlan {
            hashing: Hashing::Stream,
            ..form.clone()
        };
        let read_as = async |form: &HashPlan, blocks, snapshot: &Snapshot| {
            let region = Region::Leaf {
                relation: table("orders"),
                blocks: Some(blocks),
            };
            let digests = db.digest(form, &region, 1, Some(snapshot)).await;
            digests.map(|digests| digests.values().map(|d| d.rows).sum::<u64>())
        };
        let read = async |blocks, snapshot: &Snapshot| read_as(&form, blocks, snapshot).await;
        let snapshot = db.export_snapshot().await.unwrap();
        let ahead = read((0, 5), &snapshot).await.unwrap();
        // Only a rewrite of the whole table moves rows that are not changed.
        side.owner("vacuum shop.orders").await;
        side.owner("insert into shop.orders values (3000)").await;
        assert_eq!(ahead + read((5, u32::MAX), &snapshot).await.unwrap(), 1_000);

        side.owner("vacuum full shop.orders").await;
        for form in [&form, &streamed] {
            let error = read_as(form, (5, u32::MAX), &snapshot).await.unwrap_err();
            assert!(
                matches!(&error, PortError::ReadAgain { .. }) && error.to_string().contains("shop.orders"),
                "{error}"
            );
        }
        // A table that was truncated or rewritten by ALTER TABLE appears empty at an older snapshot, even in
        // its first read.
        let before = db.export_snapshot().await.unwrap();
        side.owner("alter table shop.orders alter id type bigint").await;
        let error = db
            .digest(&form, &Region::Whole, 1, Some(&before))
            .await
            .unwrap_err();
        assert!(matches!(&error, PortError::ReadAgain { .. }), "{error}");
        let later = db.export_snapshot().await.unwrap();
        let both = read((0, 2), &later).await.unwrap() + read((2, u32::MAX), &later).await.unwrap();
        assert_eq!(both, 1_001);
    }
}

/// A partitioned table has no file, which must not count as a changed file.
#[tokio::test]
async fn a_partitioned_table_is_read_at_a_snapshot_with_the_partitions_of_that_snapshot() {
    for major in Major::ALL {
        let side = Side::on(major).await;
        side.owner(&format!(
            "create table shop.orders (id int) partition by range (id); grant select on shop.orders to {}",
            side.own()
        ))
        .await;
        let db = side.crossover().await;
        let form = HashPlan {
            partitioned: true,
            ..form()
        };
        let rows = async |snapshot: &Snapshot| {
            let digests = db.digest(&form, &Region::Whole, 1, Some(snapshot)).await;
            digests.map(|digests| digests.values().map(|d| d.rows).sum::<u64>())
        };
        let snapshot = db.export_snapshot().await.unwrap();
        assert_eq!(rows(&snapshot).await.unwrap(), 0);
        side.owner(
            "create table shop.orders1 partition of shop.orders default; insert into shop.orders values (1)",
        )
        .await;
        assert_eq!(
            rows(&snapshot).await.unwrap(),
            0,
            "the partition was created after the snapshot"
        );
        let snapshot = db.export_snapshot().await.unwrap();
        assert_eq!(rows(&snapshot).await.unwrap(), 1);
        side.owner("truncate shop.orders").await;
        let error = rows(&snapshot).await.unwrap_err();
        assert!(matches!(&error, PortError::ReadAgain { .. }), "{error}");
    }
}
