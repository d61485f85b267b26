//! Differences, one for each kind: what both sides have, what is changed on the target, and what has to be told, as
//! `severity, breaks, kind: object`.

pub struct Planted {
    /// The oldest version that knows the statements.
    pub since: u32,
    pub both: &'static str,
    pub target: &'static str,
    pub told: &'static [&'static str],
}

const fn since(
    since: u32,
    both: &'static str,
    target: &'static str,
    told: &'static [&'static str],
) -> Planted {
    Planted {
        since,
        both,
        target,
        told,
    }
}

const fn planted(both: &'static str, target: &'static str, told: &'static [&'static str]) -> Planted {
    since(12, both, target, told)
}

/// Roles belong to the server; `kinds_app` and `kinds_other` may be there already.
pub const PLANTED: &[Planted] = &[
    // Constraints and triggers that do not act
    planted(
        "create table kinds.parent (id int primary key); create table kinds.child (id int references kinds.parent)",
        "alter table kinds.child disable trigger all",
        &["error, data, different: constraint kinds.child.child_id_fkey"],
    ),
    planted(
        "create table kinds.parent2 (id int primary key); create table kinds.child2 (id int references kinds.parent2)",
        "do $$ declare name text; begin
             for name in select tgname from pg_trigger where tgrelid = 'kinds.parent2'::regclass loop
                 execute format('alter table kinds.parent2 enable replica trigger %I', name);
             end loop; end $$",
        &["error, data, different: constraint kinds.child2.child2_id_fkey"],
    ),
    planted(
        "create table kinds.whole (id int, at int) partition by range (at);
         create table kinds.half partition of kinds.whole for values from (0) to (9) partition by range (id);
         create table kinds.quarter partition of kinds.half default;
         create table kinds.referred (id int primary key); alter table kinds.whole add foreign key (id) references kinds.referred",
        "do $$ declare name text; begin
             for name in select tgname from pg_trigger where tgrelid = 'kinds.quarter'::regclass loop
                 execute format('alter table kinds.quarter disable trigger %I', name);
             end loop; end $$",
        &["error, data, different: constraint kinds.whole.whole_id_fkey"],
    ),
    planted(
        "create table kinds.late (id int unique deferrable)",
        "alter table kinds.late disable trigger all",
        &["error, data, different: constraint kinds.late.late_id_key"],
    ),
    planted(
        "create function kinds.touch() returns trigger language plpgsql as 'begin return null; end';
         create table kinds.noted (id int) partition by range (id); create table kinds.noted_1 partition of kinds.noted default;
         create trigger touched after insert on kinds.noted for each row execute function kinds.touch();
         create table kinds.noted_2 partition of kinds.noted for values from (0) to (9)",
        "alter table kinds.noted_1 disable trigger touched; alter table kinds.noted_2 enable always trigger touched",
        &[
            "error, data, different: table kinds.noted_1",
            "error, data, different: table kinds.noted_2",
        ],
    ),
    // A user's objects in the schema of an extension
    planted(
        "create extension if not exists pgcrypto; create schema kinds_jobs; alter extension pgcrypto add schema kinds_jobs;
         create table kinds_jobs.job (id int); create function kinds_jobs.next() returns int language sql as 'select 1'",
        "alter table kinds_jobs.job alter id type bigint; drop function kinds_jobs.next()",
        &[
            "error, data, different: column kinds_jobs.job.id",
            "error, results, missing_on_target: function kinds_jobs.next()",
        ],
    ),
    // Foreign servers
    planted(
        "create foreign data wrapper kinds_wrapper options (a 'b')",
        "alter foreign data wrapper kinds_wrapper options (set a 'c')",
        &["error, results, different: foreign-data wrapper kinds_wrapper"],
    ),
    planted(
        "create server kinds_far foreign data wrapper kinds_wrapper options (host 'far', password 'hunter2')",
        "alter server kinds_far options (set host 'near')",
        &["warning, results, different: server kinds_far"],
    ),
    planted(
        "create user mapping for kinds_app server kinds_far options (user 'app', password 'hunter2');
         create user mapping for kinds_other server kinds_far options (user 'other')",
        "drop user mapping for kinds_other server kinds_far",
        &["error, results, missing_on_target: user mapping for kinds_other on kinds_far"],
    ),
    planted(
        "create foreign table kinds.away (id int options (column_name 'a'), note text) server kinds_far options (table_name 't');
         create foreign table kinds.away2 (id int) server kinds_far",
        "alter foreign table kinds.away options (set table_name 'u'); alter foreign table kinds.away alter id options (set column_name 'b');
         drop foreign table kinds.away2",
        &[
            "error, results, different: foreign table kinds.away",
            "error, data, different: column kinds.away.id",
            "error, results, missing_on_target: foreign table kinds.away2",
        ],
    ),
    // Operators, casts, conversions, languages, access methods
    planted(
        "create function kinds.equal(a int, b text) returns bool language sql as 'select a::text = b';
         create operator kinds.=== (leftarg = int, rightarg = text, function = kinds.equal, restrict = eqsel, join = eqjoinsel)",
        "alter operator kinds.=== (int, text) set (restrict = none)",
        &["error, results, different: operator kinds.=== (integer, text)"],
    ),
    planted(
        "create function kinds.order_of(a int, b int) returns int language sql immutable as 'select a - b';
         create function kinds.other_order(a int, b int) returns int language sql immutable as 'select b - a';
         create operator family kinds.family using btree;
         create operator class kinds.class for type int using btree family kinds.family as operator 1 <, operator 3 =,
             function 1 kinds.order_of(int, int)",
        "drop operator class kinds.class using btree;
         create operator class kinds.class for type int using btree family kinds.family as operator 1 <, operator 3 =,
             function 1 kinds.other_order(int, int)",
        &["error, results, different: operator class kinds.class for btree"],
    ),
    planted(
        "create operator family kinds.loose using btree",
        "alter operator family kinds.loose using btree add operator 1 < (int, bigint)",
        &["error, results, different: operator family kinds.loose for btree"],
    ),
    planted(
        "create type kinds.state as enum ('open', 'paid'); create function kinds.number(kinds.state) returns int language sql as 'select 1';
         create cast (kinds.state as int) with function kinds.number(kinds.state) as assignment",
        "drop cast (kinds.state as int); create cast (kinds.state as int) with function kinds.number(kinds.state) as implicit",
        &["error, results, different: cast (kinds.state as integer)"],
    ),
    planted(
        "create conversion kinds.latin for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
        "drop conversion kinds.latin",
        &["error, results, missing_on_target: conversion kinds.latin"],
    ),
    planted(
        "create transform for circle language sql (from sql with function prsd_lextype(internal))",
        "drop transform for circle language sql",
        &["error, results, missing_on_target: transform for circle language sql"],
    ),
    planted(
        "create trusted language kinds_language handler plpgsql_call_handler;
         create function kinds.spoken() returns int language kinds_language as 'begin return 1; end'",
        "drop language kinds_language cascade; create language kinds_language handler plpgsql_call_handler;
         create function kinds.spoken() returns int language kinds_language as 'begin return 1; end'",
        &["error, results, different: language kinds_language"],
    ),
    planted(
        "create trusted language kinds_spoken handler plpgsql_call_handler",
        "revoke usage on language kinds_spoken from public",
        &["error, rights, missing_on_target: grants on language kinds_spoken to PUBLIC"],
    ),
    planted(
        "create access method kinds_index type index handler bthandler; create access method kinds_heap type table handler heap_tableam_handler",
        "drop access method kinds_index",
        &["error, results, missing_on_target: access method kinds_index"],
    ),
    // Text search
    planted(
        "create text search dictionary kinds.words (template = simple, stopwords = english)",
        "alter text search dictionary kinds.words (stopwords)",
        &["error, results, different: text search dictionary kinds.words"],
    ),
    planted(
        "create text search configuration kinds.search (copy = simple)",
        "alter text search configuration kinds.search alter mapping for word with english_stem",
        &["error, results, different: text search configuration kinds.search"],
    ),
    planted(
        "create text search parser kinds.parser (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype)",
        "drop text search parser kinds.parser;
         create text search parser kinds.parser (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype,
             headline = prsd_headline)",
        &["error, results, different: text search parser kinds.parser"],
    ),
    planted(
        "create text search template kinds.template (init = dsimple_init, lexize = dsimple_lexize)",
        "drop text search template kinds.template",
        &["error, results, missing_on_target: text search template kinds.template"],
    ),
    // Functions and aggregates: text is text
    planted(
        "create function kinds.listed(a text default 'x, IN y', inout b text default 'B') language sql set kinds.note = 'A, B' as 'select b'",
        "create or replace function kinds.listed(a text default 'x, IN  y', inout b text default 'B') language sql set kinds.note = 'A, B' as 'select b'",
        &["error, results, different: function kinds.listed(text, text)"],
    ),
    planted(
        "create function kinds.listed2(a text default 'x, IN y') returns text language sql as 'select a'",
        "create or replace function kinds.listed2(a text default 'x, y') returns text language sql as 'select a'",
        &["error, results, different: function kinds.listed2(text)"],
    ),
    planted(
        "create function kinds.set_case() returns int language sql set kinds.note = 'Upper' as 'select 1';
         create function kinds.set_space() returns int language sql set kinds.note = 'a  b' as 'select 1'",
        "alter function kinds.set_case() set kinds.note = 'upper'; alter function kinds.set_space() set kinds.note = 'a b'",
        &[
            "error, results, different: function kinds.set_case()",
            "error, results, different: function kinds.set_space()",
        ],
    ),
    planted(
        "create aggregate kinds.joined(text) (sfunc = textcat, stype = text, initcond = 'A  (b, c)')",
        "drop aggregate kinds.joined(text); create aggregate kinds.joined(text) (sfunc = textcat, stype = text, initcond = 'A (b,c)')",
        &["error, results, different: function kinds.joined(text)"],
    ),
    planted(
        "create aggregate kinds.moved(int) (sfunc = int4pl, stype = int, msfunc = int4pl, minvfunc = int4mi, mstype = int)",
        "drop aggregate kinds.moved(int); create aggregate kinds.moved(int) (sfunc = int4pl, stype = int)",
        &["error, results, different: function kinds.moved(integer)"],
    ),
    planted(
        "create aggregate kinds.ended(int) (sfunc = int4pl, stype = int, finalfunc = int4abs)",
        "drop aggregate kinds.ended(int);
         create aggregate kinds.ended(int) (sfunc = int4pl, stype = int, finalfunc = int4abs, finalfunc_modify = read_write)",
        &["error, results, different: function kinds.ended(integer)"],
    ),
    planted(
        "create aggregate kinds.sized(int) (sfunc = int4pl, stype = int, sspace = 64)",
        "drop aggregate kinds.sized(int); create aggregate kinds.sized(int) (sfunc = int4pl, stype = int, sspace = 65)",
        &["warning, speed, different: function kinds.sized(integer)"],
    ),
    // Types
    planted(
        "create type kinds.span as range (subtype = text, collation = \"C\")",
        "drop type kinds.span; create type kinds.span as range (subtype = text, collation = \"POSIX\")",
        &["error, data, different: type kinds.span"],
    ),
    planted(
        "create type kinds.floats as range (subtype = float8, subtype_diff = float8mi)",
        "drop type kinds.floats; create type kinds.floats as range (subtype = float8)",
        &["error, data, different: type kinds.floats"],
    ),
    since(
        14,
        "create type kinds.many as range (subtype = int)",
        "drop type kinds.many; create type kinds.many as range (subtype = int, multirange_type_name = kinds.several)",
        &["warning, results, different: type kinds.many"],
    ),
    planted(
        "create type kinds.shell",
        "drop type kinds.shell",
        &["error, data, missing_on_target: type kinds.shell"],
    ),
    planted(
        "create type kinds.base;
         create function kinds.base_in(cstring) returns kinds.base language internal immutable strict as 'textin';
         create function kinds.base_out(kinds.base) returns cstring language internal immutable strict as 'textout';
         create type kinds.base (input = kinds.base_in, output = kinds.base_out, like = text)",
        "update pg_type set typdelim = ';' where oid = 'kinds.base'::regtype",
        &["error, data, different: type kinds.base"],
    ),
    planted(
        "create type kinds.pair as (a text, b int)",
        "drop type kinds.pair; create type kinds.pair as (a text collate \"C\", b int)",
        &["error, data, different: type kinds.pair"],
    ),
    planted(
        "create domain kinds.code as text constraint short check (length(value) < 9)",
        "alter domain kinds.code rename constraint short to brief",
        &["warning, results, different: type kinds.code"],
    ),
    // Tables
    planted(
        "create type kinds.row as (a int); create table kinds.typed of kinds.row",
        "alter table kinds.typed not of",
        &["warning, results, different: table kinds.typed"],
    ),
    planted(
        "create table kinds.ordered (a int, b int, c int)",
        "drop table kinds.ordered; create table kinds.ordered (a int, c int, b int)",
        &["warning, results, different: table kinds.ordered"],
    ),
    since(
        15,
        "create table kinds.stored (a int)",
        "alter table kinds.stored set access method kinds_heap",
        &["warning, speed, different: table kinds.stored"],
    ),
    planted(
        "create table kinds.tuned (a int, note text); create index tuned_a on kinds.tuned (a)",
        "alter table kinds.tuned set (fillfactor = 70, toast.autovacuum_enabled = false); alter table kinds.tuned cluster on tuned_a",
        &["warning, speed, different: table kinds.tuned"],
    ),
    planted(
        "create table kinds.parted (a int) partition by range (a); create table kinds.part partition of kinds.parted default;
         create index parted_a on kinds.parted (a)",
        "alter index kinds.part_a_idx set (fillfactor = 60)",
        &["warning, speed, different: table kinds.part"],
    ),
    // Columns
    since(
        14,
        "create table kinds.packed (note text)",
        "alter table kinds.packed alter note set compression pglz",
        &["warning, speed, different: column kinds.packed.note"],
    ),
    planted(
        "create table kinds.guessed (a text, b text, c text)",
        "alter table kinds.guessed alter a set statistics 7, alter b set (n_distinct = 5), alter c set storage external",
        &[
            "warning, speed, different: column kinds.guessed.a",
            "warning, speed, different: column kinds.guessed.b",
            "warning, speed, different: column kinds.guessed.c",
        ],
    ),
    since(
        18,
        "create table kinds.checked (a int, b int); alter table kinds.checked add constraint b_kept not null b",
        "alter table kinds.checked add constraint a_kept not null a not valid; alter table kinds.checked alter constraint b_kept no inherit",
        &[
            "error, data, different: column kinds.checked.a",
            "error, data, different: column kinds.checked.b",
        ],
    ),
    planted(
        "create table kinds.expressed (a int, b int); create index expressed_a on kinds.expressed ((a + 1));
         create statistics kinds.together on a, b from kinds.expressed",
        "alter index kinds.expressed_a alter column 1 set statistics 9",
        &["warning, speed, different: index expressed_a on kinds.expressed"],
    ),
    since(
        13,
        "create table kinds.sampled (a int, b int); create statistics kinds.sample on a, b from kinds.sampled",
        "alter statistics kinds.sample set statistics 9; alter statistics kinds.sample owner to kinds_app",
        &[
            "warning, speed, different: statistics kinds.sample",
            "warning, rights, different: owner of statistics kinds.sample",
        ],
    ),
    // Sequences
    planted(
        "create sequence kinds.numbers",
        "alter sequence kinds.numbers start 5",
        &["warning, data, different: sequence kinds.numbers"],
    ),
    since(
        15,
        "create sequence kinds.lost",
        "alter sequence kinds.lost set unlogged",
        &["error, data, different: sequence kinds.lost"],
    ),
    // Rights
    planted(
        "alter default privileges for role kinds_app in schema kinds grant select on tables to kinds_other;
         alter default privileges for role kinds_app revoke execute on functions from public",
        "alter default privileges for role kinds_app in schema kinds grant insert on tables to kinds_other;
         alter default privileges for role kinds_app grant execute on functions to public",
        &[
            "warning, rights, different: default privileges of kinds_app on tables in schema kinds",
            "warning, rights, missing_on_target: default privileges of kinds_app on functions",
        ],
    ),
    planted(
        "create table kinds.watched (a int); grant select on kinds.watched to pg_monitor",
        "revoke select on kinds.watched from pg_monitor",
        &["error, rights, missing_on_target: grants on relation kinds.watched to pg_monitor"],
    ),
    planted(
        "create table kinds.granted (a int); grant all on kinds.granted to kinds_app",
        "",
        &[],
    ),
    since(
        17,
        "create table kinds.kept (a int); grant select, maintain on kinds.kept to kinds_app",
        "revoke maintain on kinds.kept from kinds_app",
        &["warning, speed, different: grants on relation kinds.kept to kinds_app"],
    ),
    planted(
        "",
        "do $$ begin execute format('grant create, temporary on database %I to kinds_other', current_database()); end $$",
        &["warning, rights, extra_on_target: grants on database to kinds_other"],
    ),
    planted(
        "create table kinds.taken (a int); create table kinds.given (a int); revoke delete on kinds.given from current_user",
        "revoke update on kinds.taken from current_user; grant delete on kinds.given to current_user",
        &[
            "error, rights, extra_on_target: revoked on relation kinds.taken from its owner",
            "warning, rights, missing_on_target: revoked on relation kinds.given from its owner",
        ],
    ),
    planted(
        "create foreign table kinds.seen (a int) server kinds_far; grant select on kinds.seen to kinds_app;
         grant usage on foreign server kinds_far to kinds_app; grant usage on foreign data wrapper kinds_wrapper to kinds_app",
        "revoke select on kinds.seen from kinds_app; revoke usage on foreign server kinds_far from kinds_app;
         revoke usage on foreign data wrapper kinds_wrapper from kinds_app",
        &[
            "error, rights, missing_on_target: grants on relation kinds.seen to kinds_app",
            "error, rights, missing_on_target: grants on server kinds_far to kinds_app",
            "error, rights, missing_on_target: grants on foreign-data wrapper kinds_wrapper to kinds_app",
        ],
    ),
    planted(
        "",
        "revoke usage on schema public from public",
        &["error, rights, missing_on_target: grants on schema public to PUBLIC"],
    ),
    since(
        15,
        "create schema kinds_open; grant usage, create on schema kinds_open to public",
        "grant create on schema public to kinds_other; revoke create on schema kinds_open from public",
        &[
            "warning, rights, extra_on_target: grants on schema public to kinds_other",
            "error, rights, different: grants on schema kinds_open to PUBLIC",
        ],
    ),
    planted(
        "create schema kinds_owned",
        "alter schema kinds_owned owner to kinds_app",
        &["warning, rights, different: owner of schema kinds_owned"],
    ),
    planted(
        "",
        "do $$ begin execute format('alter database %I owner to kinds_app', current_database()); end $$",
        &["warning, rights, extra_on_target: owner of database"],
    ),
    // The database
    planted(
        "do $$ begin
             execute format('alter database %I set timezone = ''UTC''', current_database());
             execute format('alter database %I set work_mem = ''8MB''', current_database());
             execute format('alter role kinds_app in database %I set search_path = kinds, public', current_database());
         end $$",
        "do $$ begin
             execute format('alter database %I set timezone = ''Asia/Tokyo''', current_database());
             execute format('alter database %I set work_mem = ''9MB''', current_database());
             execute format('alter role kinds_app in database %I set search_path = public', current_database());
             execute format('alter database %I set kinds.tenant = ''one''', current_database());
             execute format('alter database %I connection limit 50', current_database());
         end $$",
        &[
            "error, results, different: setting TimeZone of the database",
            "warning, speed, different: setting work_mem of the database",
            "error, results, different: setting search_path of kinds_app",
            "error, results, extra_on_target: setting kinds.tenant of the database",
            "warning, results, different: database",
        ],
    ),
    planted(
        "create table kinds.published (a int); create publication kinds_feed for table kinds.published",
        "alter publication kinds_feed set (publish = 'insert')",
        &["warning, data, different: publication kinds_feed"],
    ),
    // Names are no texts with dots between
    planted(
        "create schema kinds_a; create schema \"kinds_a.b\"; create table \"kinds_a.b\".c (); create function kinds_a.\"f.g\"() returns int
             language sql as 'select 1'",
        "drop table \"kinds_a.b\".c; create table kinds_a.\"b.c\" ();
         create schema \"kinds_a.f\"; drop function kinds_a.\"f.g\"(); create function \"kinds_a.f\".g() returns int language sql as 'select 1'",
        &[
            "error, data, missing_on_target: table \"kinds_a.b\".c",
            "warning, data, extra_on_target: table kinds_a.\"b.c\"",
            "warning, results, extra_on_target: schema \"kinds_a.f\"",
            "error, results, missing_on_target: function kinds_a.\"f.g\"()",
            "warning, results, extra_on_target: function \"kinds_a.f\".g()",
        ],
    ),
    planted(
        "create table kinds.\"t on u\" (\"a, b\" int, c int); create index \"i on j\" on kinds.\"t on u\" (c)",
        "drop index kinds.\"i on j\"",
        &["error, data, missing_on_target: index \"i on j\" on kinds.\"t on u\""],
    ),
];
