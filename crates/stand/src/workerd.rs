//! workerd, the runtime of Cloudflare Workers, with a given configuration.
use std::path::Path;
pub struct Workerd;
