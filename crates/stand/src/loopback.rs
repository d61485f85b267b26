//! HTTP to parts on the local machine.

use std::time::Duration;

use reqwest::{Client, ClientBuilder};

/// workerd closes a connection that was idle for 15 s, without a Keep-Alive header (measured, 1.20261117.1). A
/// client that sends at that moment gets an error that no cutover has caused.
const IDLE_CONNECTION: Duration = Duration::from_secs(5);

/// A client for plain loopback HTTP: without a proxy, and without the system's certificates. They are not
/// needed, and a machine without certificates, or without a free file handle to read them, must not fail for
/// that reason.
pub fn http() -> ClientBuilder {
    // reqwest needs a process-wide provider even for plain http; an already installed provider works too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .pool_idle_timeout(IDLE_CONNECTION)
}

/// Raises this process's limit of open files, which its parts inherit. Many systems set the limit to 1024,
/// and with a few hundred requests in flight a load generator or a Worker has one connection on either side
/// of each.
pub fn allow_many_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    const WANTED: u64 = 65_536;
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard.min(WANTED)
    {
        // If the change is refused, the process continues with its present limit.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard.min(WANTED), hard);
    }
}
