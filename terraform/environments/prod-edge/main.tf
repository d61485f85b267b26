module "edge" {
  for_each = var.lanes
  source   = "../../modules/edge"

  account_id           = var.account_id
  name                 = "crossover-edge-router-${each.key}"
  lane                 = each.key
  bundle               = var.bundle
  wrangler_file        = "../../../edge-router/wrangler.toml"
  origins              = each.value.origins
  origins_allowed      = each.value.origins_allowed
  routes               = each.value.routes
  custom_domains       = each.value.custom_domains
  kv_namespaces        = each.value.kv_namespaces
  hold_max_ms          = each.value.hold_max_ms
  held_max             = each.value.held_max
  in_flight_max        = each.value.in_flight_max
  turn_max_ms          = each.value.turn_max_ms
  forward_max_ms       = each.value.forward_max_ms
  forwarded_host       = each.value.forwarded_host
  admin_keys_stored    = each.value.admin_keys_stored
  metrics_token_stored = each.value.metrics_token_stored
  metrics_dataset      = each.value.metrics_dataset
  deployed_migration   = each.value.deployed_migration
}
