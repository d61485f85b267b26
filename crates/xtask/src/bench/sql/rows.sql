-- Nothing random: both sides make the same rows. Every fiftieth note is NULL, as in real tables.
insert into public.orders
select
  n,
  n * 7919 % 1000003,
  timestamptz '2024-01-01 00:00:00+00' + n * interval '1.234567 seconds',
  case when n % 50 <> 0 then md5(n::text) || ' ' || n % 9973 end,
  (n * 31 % 100000000)::numeric / 100,
  jsonb_build_object('channel', (array['web', 'shop', 'phone'])[n % 3 + 1], 'items', n % 7),
  (array['new', 'paid', 'shipped', 'returned'])[n % 4 + 1]
from generate_series({first}::bigint, {last}::bigint) as n
