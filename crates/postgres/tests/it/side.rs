//! One side for one test: a separate database, Crossover's role (not a superuser) and the application's
//! roles.

use std::str::FromStr;

use crossover_core::{Secret, catalogue::TableName, plan::Scope};
use crossover_postgres::{ConnectionSettings, PostgresDatabase, SslMode};
use crossover_stand::postgres::{Major, TestServer};
use tokio_postgres::{Client, Config, Error, NoTls, config::Host};

pub const PASSWORD: &str = "hunter2-of-the-test";

pub struct Side {
    config: Config,
    pub name: String,
    /// A superuser's session in another database.
    pub admin: Client,
}

async fn connect(config: &Config) -> Result<Client, Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

impl Side {
    pub async fn new() -> Self {
        Self::on(Major::V16).await
    }

    pub async fn on(major: Major) -> Self {
        let config = match std::env::var("CROSSOVER_TEST_PG_URL") {
            Ok(url) if major == Major::V16 => Config::from_str(&url).unwrap(),
            _ => TestServer::shared(major)
                .await
                .unwrap()
                .access()
                .config("postgres"),
        };
        Self::at(config).await
    }

    /// A side on the server of this superuser's `config`.
    pub async fn at(config: Config) -> Self {
        let admin = connect(&config).await.unwrap();
        let name = format!("t_{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
        let side = Self { config, name, admin };
        let (name, own) = (&side.name, side.own());
        side.admin(&format!(
            "create role {own} login createrole replication password '{PASSWORD}';
             grant pg_monitor, pg_signal_backend to {own};"
        ))
        .await;
        side.admin(&format!("create database {name} owner {own}")).await;
        side.owner(&format!(
            "grant all on schema public to {own}; create schema shop authorization {own}"
        ))
        .await;
        side
    }

    /// Crossover's role.
    pub fn own(&self) -> String {
        format!("xo_{}", self.name)
    }

    /// The name of a role of this test; distinct, because roles belong to the whole server.
    pub fn role(&self, name: &str) -> String {
        format!("{name}_{}", self.name)
    }

    /// Creates a role that Crossover's role may administer.
    pub async fn add_role(&self, name: &str, options: &str) -> String {
        let role = self.role(name);
        let only = if self.version().await >= 160_000 {
            "with admin option, inherit false, set false"
        } else {
            "with admin option"
        };
        let only = only.replace("admin option,", "admin true,");
        self.admin(&format!(
            "create role {role} password '{PASSWORD}' {options}; grant {role} to {} {only}",
            self.own()
        ))
        .await;
        role
    }

    /// The server's version number, for example 160014.
    pub async fn version(&self) -> u32 {
        let row = self
            .admin
            .query_one("select current_setting('server_version_num')::int4", &[])
            .await
            .unwrap();
        row.get::<_, i32>(0) as u32
    }

    /// Runs SQL as the superuser in another database.
    pub async fn admin(&self, sql: &str) {
        self.admin
            .batch_execute(sql)
            .await
            .unwrap_or_else(|e| panic!("{e:?} in {sql}"));
    }

    /// Runs SQL as the superuser in this database.
    pub async fn owner(&self, sql: &str) {
        let client = self.superuser().await;
        client
            .batch_execute(sql)
            .await
            .unwrap_or_else(|e| panic!("{e:?} in {sql}"));
    }

    /// A superuser's session in this database.
    pub async fn superuser(&self) -> Client {
        connect(self.config.clone().dbname(&self.name)).await.unwrap()
    }

    pub fn superuser_name(&self) -> String {
        self.config.get_user().unwrap().to_owned()
    }

    /// A role's session in this database.
    pub async fn session(&self, role: &str) -> Result<Client, Error> {
        connect(
            self.config
                .clone()
                .dbname(&self.name)
                .user(role)
                .password(PASSWORD)
                .application_name("app"),
        )
        .await
    }

    /// As [`Self::session`], with options of the server such as `-c work_mem=1MB`.
    pub async fn session_with(&self, role: &str, options: &str) -> Result<Client, Error> {
        let mut config = self.config.clone();
        config.dbname(&self.name).user(role).password(PASSWORD);
        connect(config.options(options)).await
    }

    fn address(&self) -> (&str, u16) {
        let Host::Tcp(host) = &self.config.get_hosts()[0] else {
            panic!("the server has no TCP host")
        };
        (host, self.config.get_ports()[0])
    }

    /// How a role of this test connects to this database with libpq.
    pub fn connection_string(&self, role: &str) -> String {
        let (host, port) = self.address();
        format!(
            "host={host} port={port} dbname={} user={role} password={PASSWORD}",
            self.name
        )
    }

    /// How the superuser connects to this database with libpq.
    pub fn superuser_connection_string(&self) -> String {
        let (host, port) = self.address();
        let password = String::from_utf8_lossy(self.config.get_password().unwrap_or_default());
        format!(
            "host={host} port={port} dbname={} user={} password={password}",
            self.name,
            self.superuser_name()
        )
    }

    /// Options of a foreign server for another database of this server.
    pub fn address_options(&self, database: &str) -> String {
        let (host, port) = self.address();
        format!("host '{host}', port '{port}', dbname '{database}'")
    }

    /// Options of a user mapping for a role of these tests.
    pub fn login_options(role: &str) -> String {
        format!("user '{role}', password '{PASSWORD}'")
    }

    pub fn settings(&self) -> ConnectionSettings {
        let (host, port) = self.address();
        ConnectionSettings {
            host: host.to_owned(),
            port,
            dbname: self.name.clone(),
            username: self.own(),
            password: Secret::new(PASSWORD.to_owned()),
            sslmode: SslMode::Disable,
            root_ca_pem: None,
        }
    }

    /// The same side in another database of its server.
    pub async fn in_database(&self, name: &str) -> PostgresDatabase {
        let settings = ConnectionSettings {
            dbname: name.to_owned(),
            ..self.settings()
        };
        PostgresDatabase::connect("source", settings, vec![self.superuser_name()])
            .await
            .unwrap()
    }

    /// The adapter. The superuser of these tests is exempt, as the replication user is in a migration.
    pub async fn crossover(&self) -> PostgresDatabase {
        self.crossover_exempting(vec![self.superuser_name()]).await
    }

    pub async fn crossover_exempting(&self, exempt: Vec<String>) -> PostgresDatabase {
        PostgresDatabase::connect("source", self.settings(), exempt)
            .await
            .unwrap()
    }

    /// Every role of this test: whether it can log in and whether it may connect.
    pub async fn role_rights(&self) -> Vec<(String, bool, bool)> {
        let sql = "select rolname::text, rolcanlogin, has_database_privilege(oid, $1::text, 'CONNECT')
                   from pg_roles where rolname like '%' || $1::text order by 1";
        let rows = self.admin.query(sql, &[&self.name]).await.unwrap();
        rows.iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect()
    }

    /// The text of the database's access list in the catalogue.
    pub async fn acl(&self) -> Option<String> {
        let sql = "select datacl::text from pg_database where datname = $1::text";
        self.admin.query_one(sql, &[&self.name]).await.unwrap().get(0)
    }
}

pub fn everything() -> Scope {
    Scope::default()
}

pub fn table(name: &str) -> TableName {
    TableName {
        schema: "shop".to_owned(),
        name: name.to_owned(),
    }
}
