-- What a comparison on the servers cannot do without: every value of every row hashed twice, as cheaply as its type allows.
select
  count(*),
  sum(
    hashint8extended(id, 1) # hashint8extended(customer_id, 2)
    # timestamp_hash_extended(placed_at at time zone 'UTC', 3) # coalesce(hashtextextended(note, 4), 0)
    # hashtextextended(total::text, 5) # hashtextextended(attributes::text, 6) # hashtextextended(status, 7)
  ),
  sum(
    hashint8extended(id, 11) # hashint8extended(customer_id, 12)
    # timestamp_hash_extended(placed_at at time zone 'UTC', 13) # coalesce(hashtextextended(note, 14), 0)
    # hashtextextended(total::text, 15) # hashtextextended(attributes::text, 16) # hashtextextended(status, 17)
  )
from public.orders
