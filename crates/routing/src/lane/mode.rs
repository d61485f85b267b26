//! The ways to take load or writes off a lane.

use serde::{Deserialize, Serialize};

use crate::share::ReadShare;

/// What a lane serves, outside and inside a cutover.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everything.
    #[default]
    Normal,
    /// Reads only; writes are refused as not executed.
    ReadOnly,
    /// All but this share of the requests, which are refused as not executed (percent).
    Shed(ReadShare),
}

impl Mode {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
    pub(super) fn is_normal(&self) -> bool {
        *self == Self::Normal
    }
}
