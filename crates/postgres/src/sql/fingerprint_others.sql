-- The properties of operators and their classes, conversions, text search, languages, casts, foreign servers and
-- publications. Options of foreign servers come as JSON; what may be a secret in them is hidden.
, family_members as (
    -- without the members that belong to an operator class (deptype 'i'): they come with it
    select m.family, string_agg(m.text, ', ' order by m.text collate "C") as loose
    from (
        select a.amopfamily as family, 'pg_amop'::regclass::oid as catalogue, a.oid,
            format('operator %s %s', a.amopstrategy, a.amopopr::regoperator)
                || coalesce(' for order by ' || quote_ident(n.nspname) || '.' || quote_ident(f.opfname), '') as text
        from pg_amop a
        left join pg_opfamily f on f.oid = a.amopsortfamily
        left join pg_namespace n on n.oid = f.opfnamespace
        union all
        select p.amprocfamily, 'pg_amproc'::regclass, p.oid,
            format('function %s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, null), format_type(p.amprocrighttype, null),
                p.amproc::regprocedure)
        from pg_amproc p
    ) m
    where m.oid >= 16384
      and not exists (
          select from pg_depend d
          where d.classid = m.catalogue and d.objid = m.oid and d.refclassid = 'pg_opclass'::regclass and d.deptype = 'i'
      )
    group by m.family
), class_members as (
    select m.class, string_agg(m.text, ', ' order by m.text collate "C") as members
    from (
        select d.refobjid as class, format('operator %s %s', a.amopstrategy, a.amopopr::regoperator)
            || coalesce(' for order by ' || quote_ident(n.nspname) || '.' || quote_ident(f.opfname), '') as text
        from pg_depend d
        join pg_amop a on a.oid = d.objid
        left join pg_opfamily f on f.oid = a.amopsortfamily
        left join pg_namespace n on n.oid = f.opfnamespace
        where d.classid = 'pg_amop'::regclass and d.refclassid = 'pg_opclass'::regclass and d.deptype = 'i' and a.oid >= 16384
        union all
        select d.refobjid, format('function %s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, null),
            format_type(p.amprocrighttype, null), p.amproc::regprocedure)
        from pg_depend d
        join pg_amproc p on p.oid = d.objid
        where d.classid = 'pg_amproc'::regclass and d.refclassid = 'pg_opclass'::regclass and d.deptype = 'i' and p.oid >= 16384
    ) m
    group by m.class
), token_types as (
    select m.mapcfg as config, t.alias, string_agg(format('%I.%I', n.nspname, d.dictname), ', ' order by m.mapseqno) as dictionaries
    from others o
    join pg_ts_config c on c.oid = o.oid and o.catalogue = 'pg_ts_config'::regclass
    join pg_ts_config_map m on m.mapcfg = c.oid
    cross join lateral ts_token_type(c.cfgparser) t
    join pg_ts_dict d on d.oid = m.mapdict
    join pg_namespace n on n.oid = d.dictnamespace
    where t.tokid = m.maptokentype
    group by m.mapcfg, t.alias
), token_mappings as (
    select t.config, string_agg(format('%s to %s', t.alias, t.dictionaries), '; ' order by t.alias collate "C") as mappings
    from token_types t
    group by t.config
), published_tables as (
    select p.prpubid as publication, string_agg(p.text, ', ' order by p.text collate "C") as tables
    from (
        -- columns and conditions since version 15: before, the names in it are those of the first query
        select x.prpubid, x.text
        from (select null::pg_node_tree as prqual, null::int2vector as prattrs) absent
        cross join lateral (
            select r.prpubid, format('%I.%I', n.nspname, c.relname) || coalesce(' (' || (
                    select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
                    from pg_attribute a where a.attrelid = r.prrelid and a.attnum = any (prattrs)
                ) || ')', '') || coalesce(' where ' || pg_get_expr(prqual, r.prrelid), '') as text
            from pg_publication_rel r
            join pg_class c on c.oid = r.prrelid
            join pg_namespace n on n.oid = c.relnamespace
        ) x
    ) p
    group by p.prpubid
), published_schemas as (
    -- since version 15; the catalogue of them is found by its dependencies, because older versions have none
    select p.refobjid as publication, string_agg(format('%I', n.nspname), ', ' order by n.nspname) as schemas
    from pg_depend p
    join pg_depend s on s.classid = p.classid and s.objid = p.objid and s.refclassid = 'pg_namespace'::regclass
    join pg_namespace n on n.oid = s.refobjid
    where p.classid = to_regclass('pg_catalog.pg_publication_namespace') and p.refclassid = 'pg_publication'::regclass
    group by p.refobjid
), found as (
    select o.class, o.name,
        array[
            'function', p.oprcode::regprocedure::text,
            'result', format_type(p.oprresult, null),
            'commutator', nullif(p.oprcom, 0)::regoperator::text,
            'negator', nullif(p.oprnegate, 0)::regoperator::text,
            'restrict', nullif(p.oprrest::oid, 0)::regproc::text,
            'join', nullif(p.oprjoin::oid, 0)::regproc::text,
            'hashes', case when p.oprcanhash then '' end,
            'merges', case when p.oprcanmerge then '' end
        ] as properties
    from others o
    join pg_operator p on p.oid = o.oid and o.catalogue = 'pg_operator'::regclass
    union all
    select o.class, o.name, array['loose members', m.loose]
    from others o
    left join family_members m on m.family = o.oid
    where o.catalogue = 'pg_opfamily'::regclass
    union all
    select o.class, o.name,
        array[
            'type', format_type(c.opcintype, null),
            'storage', format_type(nullif(c.opckeytype, 0), null),
            'family', format('%I.%I', n.nspname, f.opfname),
            'default', case when c.opcdefault then '' end,
            'members', m.members
        ]
    from others o
    join pg_opclass c on c.oid = o.oid and o.catalogue = 'pg_opclass'::regclass
    join pg_opfamily f on f.oid = c.opcfamily
    join pg_namespace n on n.oid = f.opfnamespace
    left join class_members m on m.class = c.oid
    union all
    -- The locale of an ICU collation has a separate column since version 15, renamed in version 17.
    select o.class, o.name,
        array[
            'provider', case l.collprovider when 'c' then 'libc' when 'i' then 'icu' when 'b' then 'builtin' else 'default' end,
            'locale', case when l.collprovider in ('i', 'b')
                then coalesce(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale', l.collcollate::text) end,
            'collate', case when l.collprovider = 'c' then regexp_replace(l.collcollate::text, '\.utf-?8$', '.UTF-8', 'i') end,
            'ctype', case when l.collprovider = 'c' then regexp_replace(l.collctype::text, '\.utf-?8$', '.UTF-8', 'i') end,
            'rules', to_jsonb(l) ->> 'collicurules',
            'not deterministic', case when not l.collisdeterministic then '' end
        ]
    from others o
    join pg_collation l on l.oid = o.oid and o.catalogue = 'pg_collation'::regclass
    union all
    select o.class, o.name,
        array[
            'from', pg_encoding_to_char(c.conforencoding)::text, 'to', pg_encoding_to_char(c.contoencoding)::text,
            'function', c.conproc::regproc::text, 'default', case when c.condefault then '' end
        ]
    from others o
    join pg_conversion c on c.oid = o.oid and o.catalogue = 'pg_conversion'::regclass
    union all
    select o.class, o.name,
        array[
            'start', p.prsstart::regproc::text, 'token', p.prstoken::regproc::text, 'end', p.prsend::regproc::text,
            'headline', nullif(p.prsheadline::oid, 0)::regproc::text, 'types', p.prslextype::regproc::text
        ]
    from others o
    join pg_ts_parser p on p.oid = o.oid and o.catalogue = 'pg_ts_parser'::regclass
    union all
    select o.class, o.name, array['init', nullif(t.tmplinit::oid, 0)::regproc::text, 'lexize', t.tmpllexize::regproc::text]
    from others o
    join pg_ts_template t on t.oid = o.oid and o.catalogue = 'pg_ts_template'::regclass
    union all
    select o.class, o.name, array['template', format('%I.%I', n.nspname, t.tmplname), 'options', d.dictinitoption]
    from others o
    join pg_ts_dict d on d.oid = o.oid and o.catalogue = 'pg_ts_dict'::regclass
    join pg_ts_template t on t.oid = d.dicttemplate
    join pg_namespace n on n.oid = t.tmplnamespace
    union all
    select o.class, o.name, array['parser', format('%I.%I', n.nspname, p.prsname), 'mappings', m.mappings]
    from others o
    join pg_ts_config c on c.oid = o.oid and o.catalogue = 'pg_ts_config'::regclass
    join pg_ts_parser p on p.oid = c.cfgparser
    join pg_namespace n on n.oid = p.prsnamespace
    left join token_mappings m on m.config = c.oid
    union all
    select o.class, o.name,
        array[
            'handler', nullif(l.lanplcallfoid, 0)::regproc::text, 'inline', nullif(l.laninline, 0)::regproc::text,
            'validator', nullif(l.lanvalidator, 0)::regproc::text, 'trusted', case when l.lanpltrusted then '' end
        ]
    from others o
    join pg_language l on l.oid = o.oid and o.catalogue = 'pg_language'::regclass
    union all
    select o.class, o.name, array['type', case m.amtype when 'i' then 'index' else 'table' end, 'handler', m.amhandler::regproc::text]
    from others o
    join pg_am m on m.oid = o.oid and o.catalogue = 'pg_am'::regclass
    union all
    select o.class, o.name,
        array[
            'function', nullif(c.castfunc, 0)::regprocedure::text,
            'method', case c.castmethod when 'f' then 'function' when 'i' then 'input and output' else 'binary' end,
            'context', case c.castcontext when 'e' then 'explicit' when 'a' then 'assignment' else 'implicit' end
        ]
    from others o
    join pg_cast c on c.oid = o.oid and o.catalogue = 'pg_cast'::regclass
    union all
    select o.class, o.name,
        array['from', nullif(t.trffromsql::oid, 0)::regprocedure::text, 'to', nullif(t.trftosql::oid, 0)::regprocedure::text]
    from others o
    join pg_transform t on t.oid = o.oid and o.catalogue = 'pg_transform'::regclass
    union all
    select o.class, o.name,
        array[
            'on', e.evtevent::text,
            'when tag in', array_to_string(e.evttags, ', '),
            'execute', e.evtfoid::regprocedure::text,
            'state', case e.evtenabled when 'O' then 'enabled' when 'D' then 'disabled' when 'A' then 'enabled always'
                else 'enabled replica' end
        ]
    from others o
    join pg_event_trigger e on e.oid = o.oid and o.catalogue = 'pg_event_trigger'::regclass
    union all
    select o.class, o.name,
        array[
            'handler', nullif(w.fdwhandler, 0)::regproc::text, 'validator', nullif(w.fdwvalidator, 0)::regproc::text,
            'options', to_json(w.fdwoptions)::text
        ]
    from others o
    join pg_foreign_data_wrapper w on w.oid = o.oid and o.catalogue = 'pg_foreign_data_wrapper'::regclass
    union all
    select o.class, o.name,
        array['wrapper', format('%I', w.fdwname), 'type', v.srvtype, 'version', v.srvversion, 'options', to_json(v.srvoptions)::text]
    from others o
    join pg_foreign_server v on v.oid = o.oid and o.catalogue = 'pg_foreign_server'::regclass
    join pg_foreign_data_wrapper w on w.oid = v.srvfdw
    union all
    -- without its options: the server shows them to few roles
    select o.class, o.name, '{}'
    from others o
    where o.catalogue = 'pg_user_mapping'::regclass
    union all
    select o.class, o.name,
        array[
            'for all tables', case when p.puballtables then '' end,
            'insert', case when p.pubinsert then '' end,
            'update', case when p.pubupdate then '' end,
            'delete', case when p.pubdelete then '' end,
            'truncate', case when p.pubtruncate then '' end,
            'via the partition root', case when (to_jsonb(p) ->> 'pubviaroot')::boolean then '' end,
            'generated columns', nullif(to_jsonb(p) ->> 'pubgencols', 'n'),
            'schemas', s.schemas,
            'tables', t.tables
        ]
    from others o
    join pg_publication p on p.oid = o.oid and o.catalogue = 'pg_publication'::regclass
    left join published_tables t on t.publication = p.oid
    left join published_schemas s on s.publication = p.oid
)
select f.class, f.name, null::text as belongs_to, f.properties, null::text as types
from found f
