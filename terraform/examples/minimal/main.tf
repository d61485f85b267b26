# The least that can move a database: one small Aurora cluster as target, one replication instance, one migration, one lane. The edge is not
# here: see environments/prod-edge.

provider "aws" {
  region = "eu-central-1"
}

module "crossover" {
  source = "../../modules/stack"

  name        = "crossover"
  package     = var.package
  definitions = "../../../statemachine"

  network = {
    zones             = { eu-central-1a = 0, eu-central-1b = 1 }
    outside_databases = { source = { cidr = var.source_cidr } }
  }

  # The values are written afterwards: aws secretsmanager put-secret-value --secret-id crossover/minimal/source --secret-string file://...
  secret_prefix = "crossover/minimal"
  secrets = {
    source = { description = "The source database" }
    target = { description = "The target database" }
    edge   = { description = "Key of the edge's admin API" }
  }

  clusters = {
    main = { database_name = "shop", serverless = { min_acu = 0.5, max_acu = 2 }, instances = { a = {} } }
  }

  replication = {
    certificates = { databases = file(var.certificates) }
    instances    = { main = { class = "dms.t3.medium", multi_az = false } }
    databases = {
      source = { secret = "source", database_name = "shop", certificate = "databases" }
      target = { secret = "target", database_name = "shop", certificate = "databases" }
    }
    migrations = {
      shop = { source = "source", target = "target", instance = "main", tables = var.tables }
    }
  }

  lanes               = { main = { migration_id = "shop", admin_url = var.admin_url } }
  lane_status_command = var.lane_status_command
  allow_delete        = var.allow_delete
}
