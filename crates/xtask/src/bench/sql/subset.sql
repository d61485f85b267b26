begin;
create table public.{table} (like public.orders);
insert into public.{table} select * from public.orders where id <= {last};
alter table public.{table} add primary key (id);
commit
