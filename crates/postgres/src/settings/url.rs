//! Connection settings from a URL, as `psql` accepts it.

use crossover_core::{Secret, ports::PortError, routing::is_loopback};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{ConnectionSettings, SslMode};

const FORM: &str = "write it as postgresql://user@host:5432/database?sslmode=verify-full";

impl ConnectionSettings {
    /// Parses `postgresql://user:password@host:port/database?sslmode=verify-full&sslrootcert=FILE`. Without a
    /// password `fallback` is used. The default of `sslmode` is verify-full, and disable for loopback hosts.
    ///
    /// # Errors
    /// All faults of the URL at once, without any part of the password.
    pub fn from_url(label: &str, text: &str, fallback: Option<Secret<String>>) -> Result<Self, PortError> {
        let what = format!("{label} connection URL");
        // The parser's error does not quote the URL.
        let url = Url::parse(text).map_err(|e| PortError::refused(&what, format!("{e}; {FORM}")))?;
        if !matches!(url.scheme(), "postgresql" | "postgres") {
            let reason = format!("its scheme is {:?}; {FORM}", url.scheme());
            return Err(PortError::refused(&what, reason));
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let host = url.host_str().map(decoded).unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let username = decoded(url.username());
        let dbname = decoded(url.path().trim_start_matches('/'));
        let parts = [("host", &host), ("user", &username), ("database", &dbname)];
        let mut faults: Vec<String> = parts
            .iter()
            .filter(|(_, value)| value.is_empty())
            .map(|(name, _)| format!("it names no {name}"))
            .collect();
        let mut sslmode = if is_loopback(&host) {
            SslMode::Disable
        } else {
            SslMode::VerifyFull
        };
        let mut root_ca_pem = None;
        for (name, value) in url.query_pairs() {
            match (name.as_ref(), value.as_ref()) {
                ("sslmode", "verify-full") => sslmode = SslMode::VerifyFull,
                ("sslmode", "disable") => sslmode = SslMode::Disable,
                ("sslmode", other) => faults.push(format!(
                    "sslmode {other} is not known; use verify-full, or disable for loopback hosts"
                )),
                ("sslrootcert", path) => match std::fs::read_to_string(path) {
                    Ok(pem) => root_ca_pem = Some(pem),
                    Err(e) => faults.push(format!("sslrootcert {path} cannot be read: {e}")),
                },
                (other, _) => faults.push(format!("option {other} is not known; leave it out")),
            }
        }
        if !faults.is_empty() {
            let reason = format!("{}; {FORM}", faults.join("; "));
            return Err(PortError::refused(&what, reason));
        }
        let password = url.password().map(|text| Secret::new(decoded(text)));
        Ok(Self {
            host,
            port: url.port().unwrap_or(5432),
            dbname,
            username,
            password: password
                .or(fallback)
                .unwrap_or_else(|| Secret::new(String::new())),
            sslmode,
            root_ca_pem,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ConnectionSettings, PortError> {
        ConnectionSettings::from_url("source", text, Some(Secret::new("from-outside".into())))
    }

    #[test]
    fn a_url_gives_every_part_decoded() {
        let settings = read("postgres://a%40b:p%2Fw@db.example:6432/my%20db").unwrap();
        assert_eq!((settings.host.as_str(), settings.port), ("db.example", 6432));
        assert_eq!(
            (settings.dbname.as_str(), settings.username.as_str()),
            ("my db", "a@b")
        );
        assert_eq!(settings.password.expose(), "p/w");
        assert_eq!(settings.sslmode, SslMode::VerifyFull);
    }

    #[test]
    fn a_loopback_host_needs_no_tls_and_the_password_may_come_from_outside() {
        let settings = read("postgresql://u@127.0.0.1/d").unwrap();
        assert_eq!((settings.sslmode, settings.port), (SslMode::Disable, 5432));
        assert_eq!(settings.password.expose(), "from-outside");
    }

    #[test]
    fn all_faults_are_reported_at_once_without_the_password() {
        let error = read("postgresql://:hunter2@h/?sslmode=prefer&x=1")
            .unwrap_err()
            .to_string();
        for part in ["no user", "no database", "sslmode prefer", "option x"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(!error.contains("hunter2"));
        assert!(read("mysql://u@h/d").unwrap_err().to_string().contains("mysql"));
    }
}
