//! CDC engines.

use std::sync::Arc;

use aws_config::SdkConfig;
use crossover_aws::{CloudWatchMetrics, Dms, DmsSettings};
use crossover_core::{
    plan::ReplicationPlan,
    ports::{Metrics, Replication},
};

use super::Named;

/// A CDC engine whose settings have been read from a plan.
pub trait CdcAdapter: Send + Sync {
    /// The output plugin through which the engine reads from a PostgreSQL slot.
    fn output_plugin(&self) -> &str;
    /// The streams of the migration and the figures about them.
    fn ports(&self, aws: &SdkConfig) -> (Arc<dyn Replication>, Arc<dyn Metrics>);
}

type Read = fn(&ReplicationPlan) -> Result<Box<dyn CdcAdapter>, Vec<String>>;

/// A CDC engine.
pub struct CdcEngine {
    name: &'static str,
    /// Reads the settings; all faults at once.
    pub(super) read: Read,
}

pub(super) static CDC_ENGINES: &[CdcEngine] = &[CdcEngine {
    name: DmsSettings::ENGINE,
    read: |plan| Ok(Box::new(DmsSettings::read(plan)?)),
}];

impl Named for CdcEngine {
    fn name(&self) -> &'static str {
        self.name
    }
}

impl CdcAdapter for DmsSettings {
    fn output_plugin(&self) -> &str {
        &self.slot_plugin
    }

    fn ports(&self, aws: &SdkConfig) -> (Arc<dyn Replication>, Arc<dyn Metrics>) {
        let dms = Dms::new(aws, self.clone());
        (Arc::new(dms.clone()), Arc::new(CloudWatchMetrics::new(aws, dms)))
    }
}
