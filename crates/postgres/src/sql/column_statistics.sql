-- The statistics of a column, for a partitioned table those over all partitions.
select s.correlation, s.histogram_bounds::text::text[] as histogram
from pg_stats s
where s.schemaname = $1 and s.tablename = $2 and s.attname = $3
order by s.inherited desc
limit 1
