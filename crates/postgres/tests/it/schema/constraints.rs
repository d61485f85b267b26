//! Constraints and indexes.

use super::{
    Different, Error, ExtraOnTarget, MissingOnTarget, SHOP, Side, Warning, expect_reported, planted,
};

#[tokio::test]
async fn differences_of_constraints_and_indexes_are_read() {
    let side = Side::new().await;
    side.owner(SHOP).await;
    side.owner("create index plain on shop.base (note); create table shop.items (customer bigint references shop.customers)")
        .await;
    expect_reported(
        &side,
        &[
            planted(
                "alter table shop.orders drop constraint orders_total_check",
                MissingOnTarget,
                Error,
                "constraint shop.orders.orders_total_check",
                "missing on the target: CHECK ((total > (0)::numeric))",
            ),
            planted(
                "alter table shop.base add constraint short check (length(note) < 9)",
                ExtraOnTarget,
                Error,
                "constraint shop.base.short",
                "only on the target, where it refuses or changes rows: CHECK ((length(note) < 9))",
            ),
            planted(
                "alter table shop.base drop constraint short, add constraint short check (length(note) < 8)",
                Different,
                Error,
                "constraint shop.base.short",
                "CHECK ((length(note) < 9)) on the source, CHECK ((length(note) < 8)) on the target",
            ),
            planted(
                "alter table shop.orders drop constraint orders_pkey",
                MissingOnTarget,
                Error,
                "constraint shop.orders.orders_pkey",
                "missing on the target, with 1 index: PRIMARY KEY (id, at)",
            ),
            planted(
                "alter table shop.items disable trigger all",
                Different,
                Error,
                "constraint shop.items.items_customer_fkey",
                "not enforced (trigger disabled on shop.items) only on the target",
            ),
            planted(
                "update pg_index set indisvalid = false where indexrelid = 'shop.plain'::regclass",
                Different,
                Error,
                "index plain on shop.base",
                "invalid only on the target",
            ),
            planted(
                "reindex index shop.plain",
                Different,
                Warning,
                "index plain on shop.base",
                "invalid only on the source",
            ),
            planted(
                "drop index shop.plain",
                MissingOnTarget,
                Error,
                "index plain on shop.base",
                "missing on the target: CREATE INDEX plain ON shop.base USING btree (note)",
            ),
            planted(
                "create index plain on shop.base (note)",
                ExtraOnTarget,
                Warning,
                "index plain on shop.base",
                "only on the target: CREATE INDEX plain ON shop.base USING btree (note)",
            ),
            planted(
                "drop index shop.by_state; create index by_state on shop.orders (state) where state = 'paid'",
                Different,
                Error,
                "index by_state on shop.orders",
                "CREATE INDEX by_state ON ONLY shop.orders USING btree (state) WHERE (state = 'open'::shop.state) on the source, \
                 CREATE INDEX by_state ON ONLY shop.orders USING btree (state) WHERE (state = 'paid'::shop.state) on the target",
            ),
            planted(
                "create unique index just_one on shop.base (note)",
                ExtraOnTarget,
                Error,
                "index just_one on shop.base",
                "only on the target, where it refuses or changes rows: CREATE UNIQUE INDEX just_one ON shop.base USING btree (note)",
            ),
            planted(
                "drop statistics shop.together",
                MissingOnTarget,
                Warning,
                "statistics shop.together",
                "missing on the target: CREATE STATISTICS shop.together ON customer, state FROM shop.orders",
            ),
        ],
    )
    .await;
}
