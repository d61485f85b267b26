with entries as (
    select token, count(*) as times from crossover_load.entries group by token
)
select
    count(p.token) as acknowledged,
    count(p.token) filter (where e.token is not null) as present,
    count(p.token) filter (where e.token is null) as lost,
    count(*) filter (where e.times > 1) as duplicated,
    coalesce(sum(e.times) filter (where p.token is null), 0)::bigint as unacknowledged_present
from (select distinct token from promised) p
full join entries e using (token)
