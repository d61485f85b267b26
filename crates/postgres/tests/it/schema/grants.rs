//! Sequences, extensions, owners and grants.

use super::{
    Different, Error, ExtraOnTarget, MissingOnTarget, SHOP, Side, Warning, expect_reported, planted,
};

#[tokio::test]
async fn differences_of_sequences_extensions_owners_and_grants_are_read() {
    let side = Side::new().await;
    let (app, other) = (
        side.add_role("app", "login").await,
        side.add_role("other", "").await,
    );
    side.owner(SHOP).await;
    side.owner("create function shop.free() returns int language sql as 'select 1'")
        .await;
    let superuser = side.superuser_name();
    let version = "select default_version from pg_available_extensions where name = 'pgcrypto'";
    let pgcrypto: String = side.admin.query_one(version, &[]).await.unwrap().get(0);
    let on = |what: &str, role: &str| format!("grants on {what} to {role}");
    expect_reported(
        &side,
        &[
            planted(
                "alter sequence shop.numbers cache 11 cycle",
                Different,
                Error,
                "sequence shop.numbers",
                "cache 10 on the source, 11 on the target; cycle only on the target",
            ),
            planted(
                "alter sequence shop.numbers owned by shop.scratch.id",
                Different,
                Warning,
                "sequence shop.numbers",
                "owned by shop.scratch.id only on the target",
            ),
            planted(
                "update pg_extension set extversion = '0.9' where extname = 'pgcrypto'",
                Different,
                Warning,
                "extension pgcrypto",
                &format!("version {pgcrypto} on the source, 0.9 on the target"),
            ),
            planted(
                "drop extension pgcrypto",
                MissingOnTarget,
                Error,
                "extension pgcrypto",
                "missing on the target: version 0.9, schema shop",
            ),
            planted(
                &format!("alter table shop.base owner to {app}"),
                Different,
                Warning,
                "owner of table shop.base",
                &format!("role {superuser} on the source, {app} on the target"),
            ),
            planted(
                &format!("alter function shop.touch() owner to {app}"),
                Different,
                Warning,
                "owner of function shop.touch()",
                &format!("role {superuser} on the source, {app} on the target"),
            ),
            planted(
                &format!("grant select, update on shop.orders to {app}"),
                ExtraOnTarget,
                Warning,
                &on("relation shop.orders", &app),
                "only on the target: select, update",
            ),
            planted(
                &format!("revoke update on shop.orders from {app}"),
                Different,
                Error,
                &on("relation shop.orders", &app),
                "update only on the source",
            ),
            planted(
                &format!("grant select on shop.orders to {app} with grant option"),
                Different,
                Warning,
                &on("relation shop.orders", &app),
                "grant option for select only on the target",
            ),
            planted(
                &format!("revoke all on shop.orders from {app}"),
                MissingOnTarget,
                Error,
                &on("relation shop.orders", &app),
                "missing on the target: select, grant option for select",
            ),
            planted(
                &format!("grant update (total) on shop.orders to {other}"),
                ExtraOnTarget,
                Warning,
                &on("column shop.orders.total", &other),
                "only on the target: update",
            ),
            planted(
                &format!("grant usage on schema shop to {other}"),
                ExtraOnTarget,
                Warning,
                &on("schema shop", &other),
                "only on the target: usage",
            ),
            planted(
                "grant usage on sequence shop.numbers to public",
                ExtraOnTarget,
                Warning,
                &on("sequence shop.numbers", "PUBLIC"),
                "only on the target: usage",
            ),
            planted(
                "revoke execute on function shop.free() from public",
                MissingOnTarget,
                Error,
                &on("function shop.free()", "PUBLIC"),
                "missing on the target: execute",
            ),
            planted(
                "revoke usage on type shop.state from public",
                MissingOnTarget,
                Error,
                &on("type shop.state", "PUBLIC"),
                "missing on the target: usage",
            ),
        ],
    )
    .await;
}
