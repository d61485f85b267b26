-- $1 = first id, $2 = last id, $3 = customers, $4 = products: one batch of orders with their items and
-- payments. Their days cover every partition, including the default one: the partition for new orders then
-- has statistics, as in a shop that has existed for years. A partition that was analysed while empty is read
-- completely by every plan made for it.
with placed as (
    insert into shop.orders
        (id, order_date, customer_id, region_code, status, total, note, placed_at, updated_at)
    select
        i,
        date '2023-01-01' + (i * 104729 % 2190)::integer,
        1 + i * 7907 % $3::bigint,
        (array['N01', 'C01', 'S01'])[1 + i % 3],
        (array['paid', 'shipped', 'shipped', 'returned'])[1 + i % 4]::shop.order_status,
        (500 + i * 3571 % 99500)::numeric / 100,
        case i % 6 when 0 then 'leave at the door' when 1 then '' when 2 then E'two\nlines\tand a tab' end,
        timestamptz '2023-01-01 08:00:00+01' + (i * 104729 % 2190) * interval '1 day' + (i % 43200) * interval '1 second',
        timestamptz '2023-01-01 08:00:00+01' + (i * 104729 % 2190) * interval '1 day' + (i % 86400) * interval '1 second'
    from generate_series($1::bigint, $2::bigint) i
    returning id, order_date, total, status, placed_at
), items as (
    insert into shop.order_items (order_id, order_date, product_id, quantity, unit_price, options)
    select p.id, p.order_date, 1 + (p.id * 31 + k * 17) % $4::bigint, 1 + (p.id + k)::integer % 4,
        (99 + (p.id * 31 + k) * 6151 % 49900)::numeric / 100,
        case when (p.id + k) % 5 = 0 then array['gift wrap', null] end
    from placed p cross join lateral generate_series(1, 1 + p.id % 3) k
    returning 1
), paid as (
    insert into shop.payments (order_id, order_date, amount, method, receipt, details, paid_at)
    select p.id, p.order_date, p.total,
        (array['card', 'transfer', 'wallet'])[1 + p.id % 3],
        case when p.id % 3 = 0 then null else decode(md5('receipt' || p.id), 'hex') end,
        case when p.id % 2 = 0 then jsonb_build_object('authorised', true, 'fee', (p.id % 300) / 100.0) end,
        case when p.status = 'returned' then null else p.placed_at + interval '3 minutes' end
    from placed p
    returning 1
)
select (select count(*) from items), (select count(*) from paid)
