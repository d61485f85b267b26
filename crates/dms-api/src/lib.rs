//! The API of AWS DMS for a local AWS: no emulator has all of it.
//!
//! It keeps what DMS keeps of replication instances, subnet groups, certificates, endpoints, tasks and event
//! subscriptions, and refuses what DMS refuses. Whether rows move is the matter of a [`DataPlane`], which the
//! user of this crate brings: the rehearsal's drives PostgreSQL's logical replication, [`NoRows`] moves nothing.

mod account;
mod documents;
mod fault;
mod plane;
mod request;
mod resources;
mod server;

pub use account::{Account, arn};
pub use documents::Kind;
pub use fault::Fault;
pub use plane::{DataPlane, NoRows, TaskOrder, TaskProgress};
pub use server::DmsApi;
