//! Verification of certificates and names, against a server with TLS.

use std::time::Duration;

use crossover_core::{
    Secret,
    ports::{Catalogue, PortError},
};
use crossover_postgres::{ConnectionSettings, PostgresDatabase, SslMode};
use crossover_stand::postgres::{Major, TestServer};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_postgres::{Client, NoTls};

/// Time limit for the server to load its certificate.
const LIMIT: Duration = Duration::from_secs(30);

/// A server with a certificate for `localhost`, and the PEM of the certificate's authority.
struct Secured {
    server: TestServer,
    admin: Client,
    authority: String,
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

impl Secured {
    async fn start() -> Self {
        let server = TestServer::private(Major::V16, &[]).await.unwrap();
        let (admin, connection) = server.access().config("postgres").connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        let issuer = authority();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        // The server writes the files itself, because it must own its key file.
        for (file, pem) in [
            ("server.crt", certificate.pem()),
            ("server.key", key.serialize_pem()),
        ] {
            let lines: Vec<&str> = pem.lines().map(str::trim_end).collect();
            let write = format!(
                "copy (select unnest(string_to_array('{}', '|'))) to program 'umask 077; cat > {file}'",
                lines.join("|")
            );
            admin.batch_execute(&write).await.unwrap();
        }
        admin.batch_execute("alter system set ssl = on").await.unwrap();
        admin.batch_execute("select pg_reload_conf()").await.unwrap();
        let reloaded = async {
            while admin
                .query_one("show ssl", &[])
                .await
                .unwrap()
                .get::<_, String>(0)
                != "on"
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, reloaded)
            .await
            .expect("the server loads its certificate");
        Self {
            server,
            admin,
            authority: issuer.pem(),
        }
    }

    async fn connect(&self, host: &str, trusted: Option<String>) -> Result<PostgresDatabase, PortError> {
        let config = self.server.access().config("postgres");
        let password = String::from_utf8(config.get_password().unwrap().to_vec()).unwrap();
        let settings = ConnectionSettings {
            host: host.to_owned(),
            port: config.get_ports()[0],
            dbname: "postgres".to_owned(),
            username: config.get_user().unwrap().to_owned(),
            password: Secret::new(password),
            sslmode: SslMode::VerifyFull,
            root_ca_pem: trusted,
        };
        PostgresDatabase::connect("source", settings, vec![]).await
    }
}

#[tokio::test]
async fn tls_is_used_when_authority_and_name_are_verified() {
    let secured = Secured::start().await;
    let db = secured
        .connect("localhost", Some(secured.authority.clone()))
        .await
        .unwrap();
    db.server().await.unwrap();
    let ours = "select bool_and(s.ssl), count(*) from pg_stat_ssl s join pg_stat_activity a using (pid)
                where a.application_name = 'crossover'";
    let row = secured.admin.query_one(ours, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), (Some(true), 1_i64));
}

#[tokio::test]
async fn an_unverifiable_certificate_is_refused_with_the_remedy() {
    let secured = Secured::start().await;
    let stranger = authority().pem();
    for (host, trusted) in [
        ("localhost", None),
        ("localhost", Some(stranger)),
        ("127.0.0.1", Some(secured.authority.clone())),
    ] {
        let error = secured
            .connect(host, trusted)
            .await
            .expect_err("the connection must be refused");
        assert!(
            matches!(&error, PortError::Refused { reason, .. } if reason.contains("sslrootcert")),
            "{host}: {error:?}"
        );
    }
    let sessions = "select count(*) from pg_stat_activity a where a.application_name = 'crossover'";
    let row = secured.admin.query_one(sessions, &[]).await.unwrap();
    assert_eq!(
        row.get::<_, i64>(0),
        0,
        "no session was opened, so no password was sent"
    );
}
