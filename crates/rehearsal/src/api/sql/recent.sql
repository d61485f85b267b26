select coalesce(jsonb_agg(to_jsonb(r)), '[]')
from (
    select id, order_date, region_code, status, total, placed_at
    from shop.orders
    where region_code = $1 and order_date <= current_date
    order by order_date desc, id desc
    limit 20
) r
