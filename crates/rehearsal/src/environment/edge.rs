//! The Worker in workerd, between the clients and the two sample APIs.

use std::{collections::BTreeMap, fs, path::Path};

use crossover_edge_admin::{AdminKey, EdgeAdmin, EdgeError};
use crossover_stand::{Parts, Port, Workerd};
use uuid::Uuid;
use worker_bundle::{LaneStorage, WorkerdConfig};

use super::LANE;
use crate::{
    error::{RehearsalError, Result},
    workshop::Products,
};

/// The address of the Worker, and the key of its admin API.
pub struct Edge {
    pub url: String,
    pub key_id: String,
    pub key: String,
}

impl Edge {
    /// A client of the admin API.
    pub fn admin(&self) -> Result<EdgeAdmin> {
        let key = AdminKey::from_hex(&self.key).map_err(|bad| EdgeError::BadAddress {
            url: self.url.clone(),
            reason: format!("its key cannot be used: {bad}"),
        })?;
        Ok(EdgeAdmin::new(&self.url, LANE, &self.key_id, key)?)
    }
}

/// Starts the Worker.
pub async fn start(
    parts: &Parts,
    products: &Products,
    source: &str,
    target: &str,
    port: Option<u16>,
    dir: &Path,
) -> Result<(Edge, Workerd)> {
    let key_id = "rehearsal".to_owned();
    let key = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let vars = BTreeMap::from([
        ("SOURCE_ORIGIN".to_owned(), source.to_owned()),
        ("TARGET_ORIGIN".to_owned(), target.to_owned()),
        ("LANE".to_owned(), LANE.to_owned()),
        (
            "ADMIN_KEYS".to_owned(),
            serde_json::json!({ &key_id: key }).to_string(),
        ),
    ]);
    let port = port.map_or(Port::Free, Port::Fixed).pick("the Worker")?;
    let config = WorkerdConfig {
        bundle: &products.worker,
        listen: ([127, 0, 0, 1], port).into(),
        storage: LaneStorage::LocalDisk(super::made(&dir.join("lanes"))?),
        vars: &vars,
    };
    let path = dir.join("workerd.capnp");
    fs::write(&path, config.text()).map_err(RehearsalError::file(&path))?;
    let started = Workerd::start(parts, &path, port, dir).await;
    // The file contains the admin key and is read only at the start.
    fs::remove_file(&path).map_err(RehearsalError::file(&path))?;
    let workerd = started?;
    Ok((
        Edge {
            url: workerd.url().to_owned(),
            key_id,
            key,
        },
        workerd,
    ))
}
