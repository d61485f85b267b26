select token from crossover_load.entries
group by token having count(*) > 1
order by token
limit $1
