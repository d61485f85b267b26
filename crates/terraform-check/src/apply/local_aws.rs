//! The local AWS: MiniStack for all it has, and the local DMS, which moves no rows here.

use std::path::Path;

use anyhow::Context;
use crossover_dms_api::{Account, DmsApi, NoRows};
use crossover_stand::ministack::{ACCOUNT, REGION};
use crossover_stand::{MiniStack, Parts, Port};

/// Both servers; they end when this is dropped.
pub struct LocalAws {
    ministack: MiniStack,
    dms: DmsApi,
}

impl LocalAws {
    pub async fn start(parts: &Parts, scratch: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            ministack: MiniStack::start(parts, &scratch.join("aws"), Port::Free).await?,
            dms: DmsApi::start(Account::new(REGION, ACCOUNT, NoRows))
                .await
                .context("the local DMS cannot be started")?,
        })
    }

    pub fn region(&self) -> &'static str {
        REGION
    }

    /// Where every service but DMS is.
    pub fn url(&self) -> &str {
        self.ministack.aws().endpoint()
    }

    pub fn dms_url(&self) -> String {
        self.dms.url()
    }

    /// What leads a provider here without settings of its own, so that no call can leave this machine.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ENDPOINT_URL", self.url().to_owned()),
            ("AWS_ENDPOINT_URL_DATABASE_MIGRATION_SERVICE", self.dms_url()),
        ]
    }

    /// What exists in DMS.
    pub async fn in_dms(&self) -> Vec<String> {
        self.dms.arns().await
    }

    /// Ends both in an orderly way.
    pub async fn stop(self) -> anyhow::Result<()> {
        drop(self.dms);
        Ok(self.ministack.stop().await?)
    }
}
