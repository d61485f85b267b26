-- $1 = order, $2 = a number that chooses the products: two of them, wherever the ids begin.
insert into shop.order_items (order_id, order_date, product_id, quantity, unit_price)
select o.id, o.order_date, p.id, 1 + (p.id % 3)::integer, p.price
from shop.orders o
cross join lateral (
    select id, price from shop.products
    where id > $2::bigint * 7919 % (select greatest(max(id) - 2, 1) from shop.products)
    order by id limit 2
) p
where o.id = $1 and o.order_date >= current_date - 1
