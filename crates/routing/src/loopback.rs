//! Hosts that are the local machine: the only hosts that may be reached without TLS.

use std::net::IpAddr;

/// Whether a host (a name or an address, IPv6 with or without brackets) is the local machine.
///
/// Names other than `localhost` are refused without a DNS query: the address of a name can change.
pub fn is_loopback(host: &str) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_the_local_machine_is_loopback() {
        for host in ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "LOCALHOST"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "10.0.0.1",
            "0.0.0.0",
            "db.example",
            "localhost.example",
            "127.0.0.1.example",
            "[127.0.0.1",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
