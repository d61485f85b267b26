//! The connection settings of one side, as stored in its secret.

mod url;

use crossover_core::{Secret, ports::PortError, routing::is_loopback};
use serde::{Deserialize, Deserializer, de};

/// Protection of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// TLS, the server's certificate and name verified.
    #[default]
    VerifyFull,
    /// No TLS. Accepted for loopback hosts only.
    Disable,
}

/// The secret of one side. Further fields, such as those that RDS writes, are ignored.
#[derive(Debug, Clone, Deserialize)]
pub struct ConnectionSettings {
    pub host: String,
    /// Number or text. Default: 5432.
    #[serde(default = "default_port", deserialize_with = "port")]
    pub port: u16,
    pub dbname: String,
    pub username: String,
    pub password: Secret<String>,
    /// Default: `verify-full`.
    #[serde(default)]
    pub sslmode: SslMode,
    /// PEM certificates that are trusted in addition to the public ones, for RDS the region's bundle.
    /// Default: none.
    #[serde(default, rename = "sslrootcert")]
    pub root_ca_pem: Option<String>,
}

const fn default_port() -> u16 {
    5432
}

fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u16),
        Text(String),
    }
    match Written::deserialize(deserializer)
        .map_err(|_| de::Error::custom("port must be a number from 1 to 65535"))?
    {
        Written::Number(port) => Ok(port),
        Written::Text(text) => text
            .parse()
            .map_err(|_| de::Error::custom(format!("port is {text:?}: use a number from 1 to 65535"))),
    }
}

impl ConnectionSettings {
    /// Refuses settings that would send the password or data unencrypted over a network.
    pub(crate) fn check(&self, label: &str) -> Result<(), PortError> {
        if self.sslmode == SslMode::Disable && !is_loopback(&self.host) {
            return Err(PortError::refused(
                format!("{label} database connection"),
                format!(
                    "sslmode is disable for host {:?}; without TLS only loopback hosts are accepted: set sslmode to verify-full",
                    self.host
                ),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<ConnectionSettings, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_secret_as_rds_writes_it_is_read() {
        let text = r#"{"engine":"postgres","host":"db.example","port":"6432","dbname":"shop","username":"crossover",
            "password":"hunter2","dbInstanceIdentifier":"x"}"#;
        let settings = parse(text).unwrap();
        assert_eq!(
            (settings.port, settings.sslmode, settings.root_ca_pem.as_ref()),
            (6432, SslMode::VerifyFull, None)
        );
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn an_invalid_port_is_refused_by_name() {
        let text = r#"{"host":"h","port":"70000","dbname":"d","username":"u","password":"hunter2"}"#;
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains("70000") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_connection_without_tls_is_allowed_on_loopback_only() {
        let with = |host: &str| {
            let text = format!(
                r#"{{"host":"{host}","dbname":"d","username":"u","password":"p","sslmode":"disable"}}"#
            );
            parse(&text).unwrap().check("source")
        };
        for host in ["127.0.0.1", "127.1.2.3", "::1", "localhost"] {
            assert!(with(host).is_ok(), "{host}");
        }
        for host in [
            "10.0.0.1",
            "db.example",
            "localhost.example",
            "0.0.0.0",
            "127.0.0.1.example",
        ] {
            assert!(
                with(host).unwrap_err().to_string().contains("verify-full"),
                "{host}"
            );
        }
    }

    #[test]
    fn a_weaker_sslmode_is_refused() {
        for mode in ["require", "prefer", "verify-ca"] {
            let text =
                format!(r#"{{"host":"h","dbname":"d","username":"u","password":"p","sslmode":"{mode}"}}"#);
            assert!(parse(&text).is_err(), "{mode}");
        }
    }
}
