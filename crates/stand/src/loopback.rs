//! HTTP to parts on this machine.

use reqwest::{Client, ClientBuilder};

/// A client for plain loopback HTTP: past any proxy, and without the system's certificates. Nobody asks for those here, and a
/// machine that has none, or no file to spare for reading them, must not fail for it.
pub fn http() -> ClientBuilder {
    // reqwest asks for a process-wide provider even where only http is spoken; that it is set already is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().tls_certs_only([])
}

/// Raises this process's limit of open files, which its parts inherit: many systems start users with 1024, and a load or a Worker
/// with a few hundred requests under way has a connection on either side of each.
pub fn allow_many_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    const WANTED: u64 = 65_536;
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard.min(WANTED)
    {
        // Refused: it goes on with what it has.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard.min(WANTED), hard);
    }
}
