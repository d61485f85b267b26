select distinct p.token from promised p
where not exists (select from crossover_load.entries e where e.token = p.token)
order by p.token
limit $1
