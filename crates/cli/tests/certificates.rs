//! Certificates through the command, on real servers: issued, checked, altered, expired.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue panics")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use crossover_contracts::document::validate;
use crossover_stand::postgres::{Database, Major, TestServer};
use serde_json::Value;

struct Pair {
    source: Database,
    target: Database,
    folder: tempfile::TempDir,
}

impl Pair {
    async fn new() -> Self {
        let fresh = async |major| {
            let server = TestServer::shared(major).await.unwrap();
            server.fresh_database().await.unwrap()
        };
        let pair = Self {
            source: fresh(Major::V16).await,
            target: fresh(Major::V17).await,
            folder: tempfile::tempdir().unwrap(),
        };
        for database in [&pair.source, &pair.target] {
            write(
                database,
                "create table t (id int primary key); insert into t values (1), (2)",
            )
            .await;
        }
        pair
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// `crossover verify` without databases, and with them.
    fn alone(arguments: &[&str]) -> Answer {
        answer(
            Command::new(env!("CARGO_BIN_EXE_crossover"))
                .arg("verify")
                .args(arguments),
        )
    }

    fn verify(&self, arguments: &[&str]) -> Answer {
        answer(&mut self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crossover"));
        command
            .args(["verify", "--json", "--recheck", "0"])
            .args(["--source", &self.source.url(), "--target", &self.target.url()])
            .args(arguments);
        command
    }
}

struct Answer {
    code: Option<i32>,
    json: Value,
    text: String,
}

fn answer(command: &mut Command) -> Answer {
    let Output {
        status,
        stdout,
        stderr,
    } = command.stdin(Stdio::null()).output().unwrap();
    Answer {
        code: status.code(),
        json: serde_json::from_slice(&stdout).unwrap_or_default(),
        text: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

/// Runs SQL; its session reports its writes to the statistics before the function returns.
async fn write(database: &Database, sql: &str) {
    let session = database.connect().await.unwrap();
    session.batch_execute(sql).await.unwrap();
    session
        .batch_execute("select pg_stat_force_next_flush()")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_certificate_is_issued_checked_and_ends_with_a_change() {
    let pair = Pair::new().await;
    let (file, key) = (pair.text("certificate.json"), pair.text("key.pem"));
    let made = pair.verify(&["--certificate", &file, "--signing-key", &key]);
    assert_eq!(made.code, Some(0), "{}", made.text);
    assert!(
        made.json["certificate"]["issued"]["root"].is_string(),
        "{}",
        made.json
    );
    validate("verify-report", &made.json).unwrap();
    let certificate = fs::read_to_string(&file).unwrap();
    validate("certificate", &serde_json::from_str(&certificate).unwrap()).unwrap();
    let mode = |name| fs::metadata(pair.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("key.pem"), 0o600);
    let public = pair.text("key.pem.pub");

    let unproven = Pair::alone(&["--check-certificate", &file]);
    assert_eq!(unproven.code, Some(0), "{}", unproven.text);
    assert!(
        unproven.text.contains("the signer is not proven"),
        "{}",
        unproven.text
    );
    let holds = pair.verify(&[
        "--check-certificate",
        &file,
        "--public-key",
        &public,
        "--max-age",
        "1",
    ]);
    assert_eq!(holds.code, Some(0), "{}", holds.text);
    for field in ["holds", "intact", "origin_proven", "databases_asked"] {
        assert_eq!(holds.json[field], true, "{field}: {}", holds.json);
    }

    let foreign = pair.text("foreign.pem");
    pair.verify(&[
        "--certificate",
        &pair.text("other.json"),
        "--signing-key",
        &foreign,
    ]);
    let foreign = Pair::alone(&[
        "--check-certificate",
        &file,
        "--public-key",
        &pair.text("foreign.pem.pub"),
    ]);
    assert_eq!(foreign.code, Some(1), "{}", foreign.text);

    write(&pair.target, "update t set id = 3 where id = 2").await;
    write(&pair.source, "create table more (id int)").await;
    let stale = pair.verify(&["--check-certificate", &file]);
    assert_eq!((stale.code, &stale.json["holds"]), (Some(1), &Value::from(false)));
    for reason in [
        "target: table public.t was written to: 0 inserts, 1 updates",
        "source: table public.more is in scope",
        "source: the schema has changed",
    ] {
        assert!(stale.text.contains(reason), "{}", stale.text);
    }

    let mut bytes = fs::read(&file).unwrap();
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    fs::write(&file, bytes).unwrap();
    let altered = Pair::alone(&["--check-certificate", &file, "--json"]);
    assert_eq!(
        (altered.code, &altered.json["intact"]),
        (Some(1), &Value::from(false))
    );
    assert!(altered.text.starts_with("NOT TO BE TRUSTED"), "{}", altered.text);
}

#[tokio::test]
async fn a_pair_that_differs_gets_no_file_and_the_reason() {
    let pair = Pair::new().await;
    write(&pair.target, "delete from t where id = 1").await;
    let (file, key) = (pair.text("certificate.json"), pair.text("key.pem"));
    let refused = pair.verify(&["--certificate", &file, "--signing-key", &key]);
    assert_eq!(refused.code, Some(1), "{}", refused.text);
    assert!(
        refused.text.contains("no certificate: only databases") && refused.text.contains("public.t"),
        "{}",
        refused.text
    );
    validate("verify-report", &refused.json).unwrap();
    assert!(refused.json["certificate"]["refused"]["reason"].is_string());
    assert!(!pair.path("certificate.json").exists());
}

#[tokio::test]
async fn the_signing_key_may_come_from_the_environment_and_is_not_written_to_disk() {
    let pair = Pair::new().await;
    let key = crossover_certificate::SigningKey::generate().unwrap();
    let file = pair.text("certificate.json");
    let made = answer(
        pair.command(&["--certificate", &file])
            .env("CROSSOVER_SIGNING_KEY", key.expose()),
    );
    assert_eq!(made.code, Some(0), "{}", made.text);
    assert_eq!(fs::read_dir(pair.folder.path()).unwrap().count(), 1);
    assert_eq!(Pair::alone(&["--check-certificate", &file]).code, Some(0));
}

#[tokio::test]
async fn repaired_databases_are_compared_again_and_certified() {
    let pair = Pair::new().await;
    write(
        &pair.target,
        "delete from t where id = 2; insert into t values (3)",
    )
    .await;
    let (file, key, out) = (
        pair.text("certificate.json"),
        pair.text("key.pem"),
        pair.text("repair"),
    );
    let certified = [
        "--certificate",
        &file,
        "--signing-key",
        &key,
        "--repair-out",
        &out,
    ];
    let planned = pair.verify(&[&["--repair", "plan"], &certified[..]].concat());
    assert_eq!(planned.code, Some(2), "{}", planned.text);
    assert!(
        planned.text.contains("a plan repairs nothing"),
        "{}",
        planned.text
    );

    let made = pair.verify(&[&["--repair", "apply"], &certified[..]].concat());
    assert_eq!(made.code, Some(0), "{}", made.text);
    validate("verify-report", &made.json).unwrap();
    assert_eq!(made.json["repair"]["totals"]["repaired"], 2, "{}", made.json);
    assert_eq!(made.json["equal"], true);
    assert!(
        made.json["certificate"]["issued"]["root"].is_string(),
        "{}",
        made.json
    );
    let checked = pair.verify(&[
        "--check-certificate",
        &file,
        "--public-key",
        &format!("{key}.pub"),
    ]);
    assert_eq!(checked.code, Some(0), "{}", checked.text);
}

#[tokio::test]
async fn repaired_databases_are_compared_again_and_end_equal() {
    let pair = Pair::new().await;
    write(&pair.target, "delete from t where id = 2").await;
    let out = pair.text("repair");
    let made = pair.verify(&["--repair", "apply", "--repair-out", &out]);
    assert_eq!(made.code, Some(0), "{}", made.text);
    assert_eq!(made.json["tables"][0]["rows_target"], 2, "{}", made.json);
    assert!(
        fs::read_to_string(pair.path("repair/repair.sql"))
            .unwrap()
            .contains("insert")
    );
}
