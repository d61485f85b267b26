//! The parts of a rehearsal and of the tests: real PostgreSQL servers, MiniStack (local AWS) and workerd.
//!
//! [`parts::ensure`] fetches a pinned set of parts once; [`Postgres`], [`MiniStack`] and [`Workerd`] start
//! them on free loopback ports; [`TestEnvironment`] owns the running processes and ends them in reverse
//! order. Every process is started through a guard ([`guard`]), so no process survives the program that
//! started it, however that program ends.

mod environment;
pub mod error;
pub mod guard;
pub mod loopback;
pub mod ministack;
pub mod moto;
pub mod parts;
mod pins;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod progress;
pub mod workerd;

pub use environment::{Server, TestEnvironment};
pub use error::{Result, StandError};
pub use ministack::MiniStack;
pub use parts::Parts;
pub use ports::Port;
pub use postgres::{Major, Postgres};
pub use progress::{Lines, Progress, Silent};
pub use workerd::Workerd;
