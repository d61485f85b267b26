//! TLS, always with verification of the server's certificate and name.

use std::sync::Arc;

use crossover_core::ports::PortError;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A connector that trusts the public certificate authorities and those in `extra_pem`.
pub fn connector(what: &str, extra_pem: Option<&str>) -> Result<MakeRustlsConnect, PortError> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(pem) = extra_pem {
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate =
                certificate.map_err(|e| PortError::refused(what, format!("sslrootcert is not PEM: {e}")))?;
            roots.add(certificate).map_err(|e| {
                PortError::refused(what, format!("sslrootcert contains an invalid certificate: {e}"))
            })?;
            found += 1;
        }
        if found == 0 {
            return Err(PortError::refused(
                what,
                "sslrootcert contains no certificate; give the PEM text itself, not a path",
            ));
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| PortError::unexpected(what, e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_where_a_certificate_belongs_is_refused() {
        let error = connector("source database", Some("/etc/ssl/rds.pem"))
            .err()
            .unwrap();
        assert!(error.to_string().contains("not a path"), "{error}");
    }
}
