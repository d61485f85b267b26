create table public.orders (
  id bigint not null,
  customer_id bigint not null,
  placed_at timestamptz not null,
  note text,
  total numeric(12, 2) not null,
  attributes jsonb not null,
  status varchar(20) not null
)
