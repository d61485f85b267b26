-- One owner that never logs in, one group that has the grants, one login that inherits them: the chain a
-- writer lock has to follow. Roles belong to the server, not to the database: each role is created only if
-- missing, and two databases of one server do this one after the other.
begin;
lock table pg_authid in share row exclusive mode;
do $roles$
begin
    if not exists (select from pg_roles where rolname = 'shop_owner') then
        create role shop_owner nologin;
    end if;
    if not exists (select from pg_roles where rolname = 'shop_writer') then
        create role shop_writer nologin;
    end if;
    if not exists (select from pg_roles where rolname = 'shop_app') then
        create role shop_app nologin;
    end if;
    if not pg_has_role('shop_app', 'shop_writer', 'member') then
        grant shop_writer to shop_app;
    end if;
end
$roles$;
commit;
