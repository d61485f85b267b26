-- Tables {first} to {last} of a schema: 8 columns, 2 indexes besides the key, a foreign key, a sequence, 20 rows.
create schema if not exists {schema};
do $$
begin
    for i in {first}..{last} loop
        execute format('create table {schema}.t%s (id int generated always as identity primary key, a int, b bigint, c text, d timestamptz, '
            'e numeric(12,2), f boolean not null default true, parent int references {schema}.t%s)', i, i);
        execute format('create index on {schema}.t%s (a); create index on {schema}.t%s (c)', i, i);
        execute format('insert into {schema}.t%s (a, b, c, d, e) select n, n, ''row '' || n, ''2024-01-01Z'', n from generate_series(1, 20) n', i);
    end loop;
end $$
