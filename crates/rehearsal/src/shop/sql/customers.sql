-- $1 = first id, $2 = last id. Every value is a function of the id: two runs make the same rows.
insert into shop.customers
    (id, email, name, phone, tier, credit, orders_placed, tags, preferences, created_at, updated_at)
overriding system value
select
    i,
    'customer' || i || '@shop.example',
    (array['Ada', 'Björn', 'Chloé', 'Đorđe', 'Émile', 'Fatma', 'Gökçe', '花子'])[1 + i % 8] || ' ' || chr((65 + i % 26)::integer),
    case when i % 3 = 0 then null else '+49 30 ' || lpad((i % 1000000)::text, 6, '0') end,
    (array['basic', 'silver', 'gold'])[1 + i % 3]::shop.customer_tier,
    (i * 7919 % 100000)::numeric / 100,
    0,
    case i % 4 when 0 then '{}'::text[] when 1 then array['new'] else array['regular', 'it''s, "quoted"', null] end,
    case when i % 5 = 0 then null
         else jsonb_build_object('newsletter', i % 2 = 0, 'language', (array['en', 'de', 'fr'])[1 + i % 3], 'page', i % 17) end,
    timestamptz '2023-01-01 00:00:00+00' + i * interval '97 seconds',
    timestamptz '2023-01-01 00:00:00+00' + i * interval '97 seconds'
from generate_series($1::bigint, $2::bigint) i
