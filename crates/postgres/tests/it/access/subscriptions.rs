//! Subscriptions into the database: their workers write without a client.

use std::time::Duration;

use super::{Access, Major, Side, orders, shop_on, take_lock};

const MAJORS: [Major; 3] = [Major::V12, Major::V16, Major::V18];

/// A database of the same server that publishes `shop.orders`.
struct Publisher {
    side: Side,
    slot: String,
}

impl Publisher {
    async fn on(major: Major) -> Self {
        let side = Side::on(major).await;
        let slot = format!("s_{}", side.name);
        side.owner("create table shop.orders (id int primary key, note text); create publication p for table shop.orders")
            .await;
        // A subscription to a database of its own server cannot create its slot.
        side.owner(&format!(
            "select pg_create_logical_replication_slot('{slot}', 'pgoutput')"
        ))
        .await;
        Self { side, slot }
    }

    fn create_subscription(&self, enabled: &str) -> String {
        format!(
            "create subscription feed connection '{}' publication p with ({enabled}, create_slot = false, slot_name = '{}', copy_data = false)",
            self.side.superuser_connection_string(),
            self.slot
        )
    }

    async fn publish(&self, id: i32) {
        self.side
            .owner(&format!("insert into shop.orders values ({id})"))
            .await;
    }

    /// Removes the subscription and the slot, which would keep write-ahead log for the other tests.
    async fn remove(&self, subscriber: &Side) {
        subscriber
            .owner("alter subscription feed disable; alter subscription feed set (slot_name = none)")
            .await;
        subscriber.owner("drop subscription feed").await;
        while self
            .side
            .admin
            .batch_execute(&format!("select pg_drop_replication_slot('{}')", self.slot))
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn wait_for_orders(side: &Side, count: i64) {
    while orders(side).await != count {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_subscription_of_a_superuser_is_a_writer_that_cannot_be_stopped() {
    for major in MAJORS {
        let (side, publisher) = (shop_on(major).await, Publisher::on(major).await);
        side.owner(&publisher.create_subscription("enabled = true")).await;
        publisher.publish(1).await;
        wait_for_orders(&side, 1).await;
        // The superuser is not exempt: its subscription is one of the application's.
        let db = side.crossover_exempting(vec![]).await;
        let sample = db.writers().await.unwrap();
        let named = |what: &str| sample.superuser_sessions.iter().any(|who| who.contains(what));
        assert!(
            named("enabled subscription feed") && named("worker of subscription feed"),
            "{major}: {sample:?}"
        );
        // `disable` does not wait for the worker.
        side.owner("alter subscription feed disable").await;
        while !db.writers().await.unwrap().is_clean() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        publisher.remove(&side).await;
    }
}

/// The worker connects as the subscription's owner, so the lock keeps it out.
#[tokio::test]
async fn the_subscription_of_a_locked_role_writes_nothing_after_the_drain() {
    for major in [Major::V16, Major::V18] {
        let (side, publisher) = (shop_on(major).await, Publisher::on(major).await);
        // Disabled, so that no worker of the superuser is on its way.
        side.owner(&publisher.create_subscription("enabled = false"))
            .await;
        side.owner(&format!(
            "grant all on shop.orders to {0};
             alter subscription feed set (password_required = false, run_as_owner = true)",
            side.role("boss")
        ))
        .await;
        side.admin(&format!(
            "grant pg_create_subscription to {0}; grant create on database {1} to {0}",
            side.role("boss"),
            side.name
        ))
        .await;
        side.owner(&format!(
            "alter subscription feed owner to {}; alter subscription feed enable",
            side.role("boss")
        ))
        .await;
        publisher.publish(1).await;
        wait_for_orders(&side, 1).await;
        let db = side.crossover().await;
        take_lock(&db, "run-1").await.unwrap();
        super::drained(&db).await;
        publisher.publish(2).await;
        // The worker is started again all the time; three attempts are over when it has failed three times.
        for _ in 0..100 {
            assert_eq!(orders(&side).await, 1, "{major}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        db.restore("run-1").await.unwrap();
        wait_for_orders(&side, 2).await;
        publisher.remove(&side).await;
        side.admin(&format!(
            "revoke pg_create_subscription from {}",
            side.role("boss")
        ))
        .await;
    }
}
