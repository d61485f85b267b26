insert into shop.orders (customer_id, region_code, status, total)
values ($1, $2, 'paid', $3::text::numeric)
returning id
