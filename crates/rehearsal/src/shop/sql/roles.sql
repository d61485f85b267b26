-- One owner that never logs in, one group that holds the grants, one login that inherits them: the chain a writer lock
-- has to follow. Roles belong to the server, not to the database, so each is created only when it is missing.
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
exception
    -- Two databases of one server prepared at the same moment: the other one has made it.
    when duplicate_object or unique_violation then null;
end
$roles$;
grant shop_writer to shop_app;
