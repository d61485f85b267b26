//! Triggers, rules and policies.

use super::{Different, Error, ExtraOnTarget, MissingOnTarget, SHOP, Side, expect_reported, planted};

#[tokio::test]
async fn differences_of_triggers_rules_and_policies_are_read() {
    let side = Side::new().await;
    side.owner(SHOP).await;
    expect_reported(
        &side,
        &[
            planted(
                "alter table shop.orders disable trigger touched",
                Different,
                Error,
                "trigger shop.orders.touched",
                "state enabled on the source, disabled on the target",
            ),
            planted(
                "alter table shop.orders enable always trigger touched",
                Different,
                Error,
                "trigger shop.orders.touched",
                "state disabled on the source, enabled always on the target",
            ),
            planted(
                "drop trigger touched on shop.orders",
                MissingOnTarget,
                Error,
                "trigger shop.orders.touched",
                "missing on the target: CREATE TRIGGER touched AFTER INSERT ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.touch(), state \
                 enabled always",
            ),
            planted(
                "create trigger again before update on shop.base for each row execute function shop.touch()",
                ExtraOnTarget,
                Error,
                "trigger shop.base.again",
                "only on the target, where it refuses or changes rows: CREATE TRIGGER again BEFORE UPDATE ON shop.base FOR EACH ROW EXECUTE \
                 FUNCTION shop.touch(), state enabled",
            ),
            planted(
                "alter table shop.scratch disable rule silent",
                Different,
                Error,
                "rule shop.scratch.silent",
                "state enabled on the source, disabled on the target",
            ),
            planted(
                "drop rule silent on shop.scratch",
                MissingOnTarget,
                Error,
                "rule shop.scratch.silent",
                "missing on the target: CREATE RULE silent AS ON DELETE TO shop.scratch DO INSTEAD NOTHING, state disabled",
            ),
            planted(
                "alter policy own on shop.customers using (true)",
                Different,
                Error,
                "policy shop.customers.own",
                "using (name = CURRENT_USER) on the source, true on the target",
            ),
            planted(
                "create policy all_of_it on shop.customers as restrictive for delete using (false)",
                ExtraOnTarget,
                Error,
                "policy shop.customers.all_of_it",
                "only on the target, where it refuses or changes rows: kind restrictive, for delete, to public, using false",
            ),
            planted(
                "alter event trigger watch disable",
                Different,
                Error,
                "event trigger watch",
                "state enabled on the source, disabled on the target",
            ),
            planted(
                "drop event trigger watch",
                MissingOnTarget,
                Error,
                "event trigger watch",
                "missing on the target: on ddl_command_end, when tag in CREATE TABLE, DROP TABLE, execute shop.ended(), state disabled",
            ),
        ],
    )
    .await;
}
