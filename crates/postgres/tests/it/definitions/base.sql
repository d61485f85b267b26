-- The objects that the forms of equal.txt and changed.txt need. Both sides of a comparison start with them.
create type shop.state as enum ('open', 'paid', 'shut');
create type shop.pair as (a int, b text);
create domain shop.code as varchar(9);
create collation shop.german (provider = icu, locale = 'de-DE');
create table shop.t (
    id bigint primary key, n numeric(12, 2), m numeric, i int, j int, k int, s smallint, f float8, ok boolean, "true" boolean,
    v varchar(20), w varchar(20), x text, y text, c char(3), by bytea, bits bit varying(9), d date, e date, ts timestamp,
    tz timestamptz, ti time, iv interval, a int[], tags text[], vs varchar[], js jsonb, json json, doc xml, p point, ip inet,
    st shop.state, code shop.code, r int4range, u uuid, normalize text, "Odd Name" int, "order" int, nm name, pr shop.pair,
    tsv tsvector, "Quote""d" text
);
create table shop.shop (id int, shop int, state text);
create table shop.other (id int primary key, v varchar(20), n numeric, i int, parent int, by varchar(20));
create table shop.log (id bigint, v varchar(20), at timestamptz);
create function shop.ltrim(varchar) returns text language sql immutable as 'select $1::text';
create function shop.ltrim(text) returns text language sql immutable as 'select $1';
create function shop.shop(int) returns int language sql immutable as 'select $1';
create function shop.f(int) returns int language sql immutable as 'select $1';
create function shop.g(text[]) returns int language sql immutable as 'select 1';
create domain shop.words as varchar[];
create function shop.h(shop.words) returns int language sql immutable as 'select 1';
create function shop.plus(int, text) returns int language sql immutable as 'select $1';
create function shop.touch() returns trigger language plpgsql as 'begin return new; end';
create operator shop.+ (leftarg = int, rightarg = text, function = shop.plus);
