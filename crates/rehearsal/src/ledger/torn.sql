select count(*) from crossover_load.entries e
where e.order_id is not null
  and not (
      exists (select from shop.orders o where o.id = e.order_id)
      and exists (select from shop.order_items i where i.order_id = e.order_id)
      and exists (select from shop.payments p where p.order_id = e.order_id)
  )
