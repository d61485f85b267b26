-- $1 = first id, $2 = last id.
insert into shop.products (id, sku, name, price, weight_kg, sizes, attributes, thumbnail, added_on, discontinued)
overriding system value
select
    i,
    'SKU-' || lpad(i::text, 8, '0'),
    (array['Lamp', 'Chair', 'Table', 'Shelf', 'Kettle', 'Clock'])[1 + i % 6] || ' no. ' || i,
    (99 + i * 6151 % 49900)::numeric / 100,
    case when i % 7 = 0 then null else (i % 1000) / 7.0::double precision end,
    case when i % 2 = 0 then null else array[38, 40, 42 + (i % 4)::integer] end,
    jsonb_build_object('colour', (array['red', 'green', 'blue', null])[1 + i % 4], 'rating', (i % 50) / 10.0),
    case when i % 4 = 0 then null else decode(md5(i::text), 'hex') end,
    date '2023-01-01' + (i % 700)::integer,
    i % 23 = 0
from generate_series($1::bigint, $2::bigint) i
