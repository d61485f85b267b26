//! The commands of the edge as programs: what they print, where, and how they end. The edge, and the secret with its
//! key, are a small server of this test.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue panics")]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::HeaderMap,
    routing::{get, post},
};
use crossover_contracts::document::validate;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// What the edge has: the version, the directory, and the lane's reads.
struct Edge {
    version: u64,
    directory: Value,
    reads: Value,
}

type Shared = Arc<Mutex<Edge>>;

/// A folder with a migration whose edge is the server.
struct Operator {
    folder: TempDir,
    edge: Shared,
}

impl Operator {
    async fn new() -> Self {
        let directory = json!({
            "lanes": {"main": {"source": "https://s.example", "target": "https://t.example"}},
            "default_lane": "main",
        });
        let edge = Arc::new(Mutex::new(Edge {
            version: 3,
            directory,
            reads: Value::Null,
        }));
        let app = Router::new()
            .route("/", post(secret))
            .route("/__crossover/v1/directory", get(look).post(publish))
            .route("/__crossover/v1/lanes/main", get(lane).post(command))
            .with_state(Arc::clone(&edge));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("crossover.toml"), migration(&url)).unwrap();
        Self { folder, edge }
    }

    fn runs(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crossover"));
        command
            .arg("edge")
            .args(arguments)
            .current_dir(self.folder.path());
        command.env_remove("CROSSOVER_CONFIG").stdin(Stdio::null());
        for (name, value) in [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")] {
            command.env(name, value);
        }
        tokio::task::block_in_place(|| command.output()).unwrap()
    }

    /// Both outputs of a command that ends with this status.
    fn ends(&self, arguments: &[&str], status: i32) -> (String, String) {
        let output = self.runs(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said:?}");
        said
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }
}

fn migration(url: &str) -> String {
    format!(
        r#"
[aws]
region = "eu-central-1"
endpoint_url = "{url}"
cutover = "arn:aws:states:eu-central-1:123456789012:stateMachine:shop-cutover"
rollback = "arn:aws:states:eu-central-1:123456789012:stateMachine:shop-rollback"
journal_table = "shop-journal"

[plan]
migration_id = "shop"
lane = "main"
source = {{ engine = "postgresql", secret_id = "shop/source" }}
target = {{ engine = "postgresql", secret_id = "shop/target" }}
edge = {{ admin_url = "{url}", secret_id = "shop/edge" }}

[plan.replication]
engine = "dms"
forward_task = "shop-forward"
reverse_task = "shop-reverse"
post_rollback_task = "shop-again"
replication_instance_arn = "arn:aws:dms:eu-central-1:123456789012:rep:SHOP"
source_endpoints = {{ read_arn = "a", write_arn = "b" }}
target_endpoints = {{ read_arn = "c", write_arn = "d" }}
"#
    )
}

async fn secret() -> Json<Value> {
    let key = json!({ "key_id": "key-1", "key": "5a".repeat(32) });
    Json(json!({ "Name": "shop/edge", "SecretString": key.to_string() }))
}

fn spreading(edge: &Edge) -> Json<Value> {
    Json(
        json!({ "current": { "version": edge.version, "from_ms": 1_767_323_045_000_u64, "directory": edge.directory } }),
    )
}

async fn look(State(edge): State<Shared>) -> Json<Value> {
    spreading(&edge.lock().unwrap())
}

async fn publish(
    State(edge): State<Shared>,
    headers: HeaderMap,
    Json(directory): Json<Value>,
) -> Json<Value> {
    let mut edge = edge.lock().unwrap();
    assert_eq!(headers["x-crossover-epoch"], *edge.version.to_string());
    edge.version += 1;
    edge.directory = directory;
    spreading(&edge)
}

fn record(edge: &Edge) -> Json<Value> {
    let mut record = json!({
        "lane": "main", "run_id": null, "epoch": 1, "phase": "serve_source", "writer": "source", "towards": null,
        "hold_at_ms": null, "hold_deadline_ms": null, "lease_ttl_ms": 5_000,
    });
    if !edge.reads.is_null() {
        record["target_reads"] = edge.reads.clone();
    }
    Json(record)
}

async fn lane(State(edge): State<Shared>) -> Json<Value> {
    record(&edge.lock().unwrap())
}

async fn command(State(edge): State<Shared>, Json(command): Json<Value>) -> Json<Value> {
    let mut edge = edge.lock().unwrap();
    assert_eq!(command["command"], "set_reads");
    edge.reads = json!({ "percent": command["percent"], "pin_ms": command["pin_ms"], "from_ms": 0 });
    record(&edge)
}

/// The example of a directory in the documentation.
fn documented() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let path = root.join("docs/edge.md");
    let page = fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once("```json\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documented_directory_is_sound_is_published_once_and_shown() {
    let operator = Operator::new().await;
    let text = documented();
    let document: Value = serde_json::from_str(&text).unwrap();
    validate("directory", &document).unwrap();
    operator.write("directory.json", &text);

    let (planned, _) = operator.ends(&["plan", "directory.json"], 0);
    assert!(
        planned.starts_with("Compared with version 3 of the directory:\n"),
        "{planned}"
    );
    let (json, _) = operator.ends(&["plan", "directory.json", "--json"], 0);
    let plan: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(plan["version"], 3);
    for field in ["changes", "writes_affected", "new_origins"] {
        assert!(!plan[field].is_null(), "{field} is not in {json}");
    }
    assert_eq!(operator.edge.lock().unwrap().version, 3, "a plan changes nothing");

    let (_, refused) = operator.ends(&["apply", "directory.json"], 2);
    assert!(refused.contains("--yes"), "{refused}");
    for _ in 0..2 {
        let (done, _) = operator.ends(&["apply", "directory.json", "--yes"], 0);
        assert!(
            done.ends_with("Version 4 is in force since 2026-01-02T03:04:05Z.\n"),
            "{done}"
        );
    }
    let (same, _) = operator.ends(&["plan", "directory.json"], 0);
    assert_eq!(same, "No change: version 4 of the directory says the same.\n");

    let (shown, _) = operator.ends(&["directory"], 0);
    for lane in document["lanes"].as_object().unwrap().keys() {
        assert!(
            shown.contains(&format!("\n  {lane} ")),
            "{lane} is not in\n{shown}"
        );
    }
    let (json, _) = operator.ends(&["directory", "--json"], 0);
    let shown: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(shown["current"]["version"], 4);
    // What the command publishes has the form that the schema describes.
    validate("directory", &shown["current"]["directory"]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_a_document_end_with_one_and_a_missing_file_with_two() {
    let operator = Operator::new().await;
    operator.write(
        "faulty.json",
        r#"{"lanes": {"main": {"source": "ftp://s.example", "target": "https://t.example"}}, "default": "main"}"#,
    );
    for command in ["plan", "apply"] {
        let (_, told) = operator.ends(&[command, "faulty.json"], 1);
        for words in [
            "faulty.json cannot be published",
            "lanes.main.source: ",
            "default_lane: is missing",
            "default: there is no",
        ] {
            assert!(told.contains(words), "{words} is not in\n{told}");
        }
        let (_, told) = operator.ends(&[command, "no-such.json"], 2);
        assert!(told.contains("cannot read no-such.json"), "{told}");
    }
    let (json, _) = operator.ends(&["plan", "faulty.json", "--json"], 1);
    let told: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(told["faults"].as_array().unwrap().len(), 3, "{json}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_of_reads_is_planned_set_and_left_alone() {
    let operator = Operator::new().await;
    let (planned, _) = operator.ends(&["set-reads", "10", "--dry-run"], 0);
    assert!(
        planned.contains("10 % of the keys move to the target, none back.\n"),
        "{planned}"
    );
    assert!(operator.edge.lock().unwrap().reads.is_null());
    let (set, _) = operator.ends(&["set-reads", "10", "--pin", "60", "--lane", "main"], 0);
    assert!(set.contains("Set, epoch 1: "), "{set}");
    assert_eq!(operator.edge.lock().unwrap().reads["pin_ms"], 60_000);
    let (same, _) = operator.ends(&["set-reads", "10"], 0);
    assert_eq!(
        same,
        "No change: lane main, reads on the target: 10 % with a pin of 1 min 00 s.\n"
    );

    for (arguments, words) in [
        (
            &["set-reads", "10.001"][..],
            "a percentage from 0 to 100 in steps of 0.01",
        ),
        (&["set-reads", "ten"], "such as 12.5, or off"),
        (&["set-reads", "10", "--pin", "0"], "1..=3600"),
        (
            &["set-reads", "10", "--lane", "n01"],
            "the file is of lane main, not of lane n01",
        ),
    ] {
        let (_, told) = operator.ends(arguments, 2);
        assert!(told.contains(words), "{words} is not in\n{told}");
    }
}

/// The schema describes an origin by its form, so that editors can check it; the types decide.
#[test]
fn the_schema_takes_the_origins_that_the_types_take() {
    for (origin, sound) in [
        ("https://s.example", true),
        ("https://S.example:8443/", true),
        ("HTTP://127.0.0.1:8001", true),
        ("http://[::1]:80", true),
        ("ftp://s.example", false),
        ("s.example", false),
        ("https://", false),
        ("https://s.example:", false),
        ("https://s.example/api", false),
        ("https://s.example?x", false),
        ("https://s.example#x", false),
        ("https://user@s.example", false),
        ("https://s example", false),
    ] {
        let document = json!({
            "lanes": {"main": {"source": origin, "target": "https://t.example"}},
            "default_lane": "main",
        });
        assert_eq!(
            validate("directory", &document).is_ok(),
            sound,
            "the schema on {origin}"
        );
        let read = crossover_operate::directory::parse(&document.to_string());
        assert_eq!(read.is_ok(), sound, "the types on {origin}: {read:?}");
    }
}
