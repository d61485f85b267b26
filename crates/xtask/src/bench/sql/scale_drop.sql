-- Tables {first} to {last} of a schema.
do $$
begin
    for i in {first}..{last} loop
        execute format('drop table {schema}.t%s', i);
    end loop;
end $$
