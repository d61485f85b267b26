-- The base types of domains; a domain can be based on another domain.
, domain_steps as (
    select y.oid as type, y.typbasetype as base, y.typtypmod as modifier
    from pg_type y
    where y.typtype = 'd'
    union all
    select d.type, y.typbasetype, y.typtypmod
    from domain_steps d
    join pg_type y on y.oid = d.base and y.typtype = 'd'
), base_types as (
    select d.type, d.base, d.modifier, y.typcategory
    from domain_steps d
    join pg_type y on y.oid = d.base and y.typtype <> 'd'
), array_domains as (
    select coalesce(jsonb_object_agg('::' || format_type(d.type, null), format_type(d.base, d.modifier)), '{}') as types
    from base_types d
    where d.typcategory = 'A'
)
