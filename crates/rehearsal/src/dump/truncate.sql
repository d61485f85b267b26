-- One statement for all tables, so that foreign keys among them do not matter. Partitions are truncated with
-- their parent.
select 'truncate table ' || string_agg(format('%I.%I', n.nspname, c.relname), ', ')
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p')
  and not c.relispartition
  and c.relpersistence <> 't'
  and n.nspname not in ('pg_catalog', 'information_schema', 'crossover_load')
  and n.nspname !~ '^pg_(toast|temp)'
  and not exists (
      select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
  )
