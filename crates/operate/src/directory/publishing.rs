//! From the publication of a directory to the time when it is in force.

use crossover_clock::SystemClock;
use crossover_core::{
    Millis,
    ports::Clock as _,
    routing::{Epoch, directory::Publication},
};
use crossover_edge_admin::EdgeError;

use super::Spreading;
use crate::{
    edge::EdgeAdmin,
    error::{OperateError, Result},
};

/// How often the edge is asked, and how many times. A version comes into force two leases (10 s) after its publication.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub every: Millis,
    pub looks: u32,
}

pub const PATIENCE: Patience = Patience {
    every: Millis(500),
    looks: 60,
};

/// Waits until a published version, or a later one, is in force; `seen` is told what each look has found.
///
/// # Errors
/// [`OperateError::Late`] if it was not seen in force: it is published all the same. [`OperateError::NothingToDo`] if it was
/// withdrawn.
pub async fn in_force(
    admin: &EdgeAdmin,
    version: Epoch,
    patience: Patience,
    mut seen: impl FnMut(&Result<Spreading, EdgeError>),
) -> Result<Publication> {
    for look in 0..patience.looks {
        if look > 0 {
            SystemClock.sleep(patience.every).await;
        }
        let found = admin.directory().await;
        seen(&found);
        match found {
            Ok(spreading) if spreading.current.version >= version => return Ok(spreading.current),
            Ok(spreading) if spreading.newest() < version => {
                return Err(OperateError::NothingToDo(format!(
                    "version {version} of the directory was withdrawn, because a cutover of one of its lanes was announced at the same time; \
                     repeat the command after its end"
                )));
            }
            _ => {}
        }
    }
    Err(OperateError::Late {
        what: format!("the wait for version {version} of the directory"),
        seconds: patience.every.0 * u64::from(patience.looks) / 1_000,
        hint: "it is published, and comes into force without this command; `crossover edge directory` says when it is",
    })
}
