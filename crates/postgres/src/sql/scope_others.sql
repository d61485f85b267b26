-- Objects beside relations, functions and types, with the names that they have in reports: those of the schemas in
-- scope, and those of the whole database. Objects of initdb have an OID below 16384; the casts of a
-- multirange depend on it. Without the event trigger by
-- which DMS records DDL in a source. The kind is that of acldefault, where there are rights.
, others as (
    select o.* from (
        select 'pg_operator'::regclass::oid as catalogue, o.oid, 'operator' as class,
            format('%I.%s (%s, %s)', s.schema, o.oprname, coalesce(format_type(nullif(o.oprleft, 0), null), 'none'),
                coalesce(format_type(nullif(o.oprright, 0), null), 'none')) as name,
            o.oprowner as owner, null::aclitem[] as acl, null::"char" as kind
        from scope_schemas s
        join pg_operator o on o.oprnamespace = s.oid
        -- an operator that is only another one's commutator or negator has no function
        where o.oprcode <> 0
        union all
        select 'pg_opfamily'::regclass, f.oid, 'operator family', format('%I.%I for %I', s.schema, f.opfname, m.amname), f.opfowner, null, null
        from scope_schemas s
        join pg_opfamily f on f.opfnamespace = s.oid
        join pg_am m on m.oid = f.opfmethod
        union all
        select 'pg_opclass'::regclass, c.oid, 'operator class', format('%I.%I for %I', s.schema, c.opcname, m.amname), c.opcowner, null, null
        from scope_schemas s
        join pg_opclass c on c.opcnamespace = s.oid
        join pg_am m on m.oid = c.opcmethod
        union all
        select 'pg_collation'::regclass, l.oid, 'collation', format('%I.%I', s.schema, l.collname), l.collowner, null, null
        from scope_schemas s
        join pg_collation l on l.collnamespace = s.oid
        union all
        select 'pg_conversion'::regclass, c.oid, 'conversion', format('%I.%I', s.schema, c.conname), c.conowner, null, null
        from scope_schemas s
        join pg_conversion c on c.connamespace = s.oid
        union all
        select 'pg_ts_parser'::regclass, p.oid, 'text search parser', format('%I.%I', s.schema, p.prsname), null, null, null
        from scope_schemas s
        join pg_ts_parser p on p.prsnamespace = s.oid
        union all
        select 'pg_ts_template'::regclass, p.oid, 'text search template', format('%I.%I', s.schema, p.tmplname), null, null, null
        from scope_schemas s
        join pg_ts_template p on p.tmplnamespace = s.oid
        union all
        select 'pg_ts_dict'::regclass, d.oid, 'text search dictionary', format('%I.%I', s.schema, d.dictname), d.dictowner, null, null
        from scope_schemas s
        join pg_ts_dict d on d.dictnamespace = s.oid
        union all
        select 'pg_ts_config'::regclass, c.oid, 'text search configuration', format('%I.%I', s.schema, c.cfgname), c.cfgowner, null, null
        from scope_schemas s
        join pg_ts_config c on c.cfgnamespace = s.oid
        union all
        select 'pg_language'::regclass, l.oid, 'language', format('%I', l.lanname), l.lanowner, l.lanacl, 'l'
        from pg_language l
        union all
        select 'pg_am'::regclass, m.oid, 'access method', format('%I', m.amname), null, null, null
        from pg_am m
        union all
        select 'pg_cast'::regclass, c.oid, 'cast', format('(%s as %s)', format_type(c.castsource, null), format_type(c.casttarget, null)), null,
            null, null
        from pg_cast c
        union all
        select 'pg_transform'::regclass, t.oid, 'transform', format('for %s language %I', format_type(t.trftype, null), l.lanname), null,
            null, null
        from pg_transform t
        join pg_language l on l.oid = t.trflang
        union all
        select 'pg_event_trigger'::regclass, e.oid, 'event trigger', format('%I', e.evtname), e.evtowner, null, null
        from pg_event_trigger e
        where e.evtname !~ '^awsdms_'
        union all
        select 'pg_foreign_data_wrapper'::regclass, w.oid, 'foreign-data wrapper', format('%I', w.fdwname), w.fdwowner, w.fdwacl, 'F'
        from pg_foreign_data_wrapper w
        union all
        select 'pg_foreign_server'::regclass, v.oid, 'server', format('%I', v.srvname), v.srvowner, v.srvacl, 'S'
        from pg_foreign_server v
        union all
        select 'pg_user_mapping'::regclass, u.umid, 'user mapping',
            format('for %s on %I', case u.umuser when 0 then 'PUBLIC' else format('%I', u.usename) end, u.srvname), null, null, null
        from pg_user_mappings u
        union all
        select 'pg_publication'::regclass, p.oid, 'publication', format('%I', p.pubname), p.pubowner, null, null
        from pg_publication p
    ) o
    where o.oid >= 16384
      and not exists (
          select from pg_depend e where e.classid = o.catalogue and e.objid = o.oid and e.deptype in ('e', 'i')
      )
)
