select to_jsonb(o) || jsonb_build_object(
    'items', (select coalesce(jsonb_agg(to_jsonb(i) order by i.id), '[]') from shop.order_items i where i.order_id = o.id),
    'payments', (select coalesce(jsonb_agg(to_jsonb(p) order by p.id), '[]') from shop.payments p where p.order_id = o.id)
)
from shop.orders o
where o.id = $1
