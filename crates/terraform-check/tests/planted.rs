//! Every planted fault that reading finds, against the real schemas.

use crossover_stand::parts::{Set, ensure};
use crossover_stand::{Silent, postgres::workspace_root};
use crossover_terraform_check::{planted, schema::Schemas};

#[tokio::test]
async fn every_planted_fault_is_found_and_nothing_else() {
    let parts = ensure(&workspace_root(), Set::Terraform, &Silent).await.unwrap();
    let [aws, cloudflare] = parts.provider_schemas();
    let missed = planted::missed(&Schemas::new(aws, cloudflare)).unwrap();
    assert!(missed.is_empty(), "\n{}", missed.join("\n"));
}
