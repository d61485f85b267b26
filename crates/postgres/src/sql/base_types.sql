-- What domains stand for: a domain may be of another one.
, domain_steps as (
    select y.oid as type, y.typbasetype as base
    from pg_type y
    where y.typtype = 'd'
    union all
    select d.type, y.typbasetype
    from domain_steps d
    join pg_type y on y.oid = d.base and y.typtype = 'd'
), base_types as (
    select d.type, d.base
    from domain_steps d
    join pg_type y on y.oid = d.base and y.typtype <> 'd'
)
