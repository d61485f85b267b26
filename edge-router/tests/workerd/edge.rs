//! One workerd process with the Worker, in front of two origins.

use std::collections::BTreeMap;
use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossover_edge_admin::{AdminKey, EdgeAdmin, EdgeError};
use crossover_routing::{
    BuildId, Command, Directory, HeldWrites, LaneRecord, Millis, Phase, Report, Side, UnixMillis,
};
use reqwest::{Client, RequestBuilder, Response};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command as Process};
use worker_bundle::{Bundle, LaneStorage, WorkerdConfig};

use crate::origin::Origin;

/// The answer shall say which side answered: such a request is never direct.
pub const ACCOUNT: &str = "x-crossover-account";
/// In an answer of a test's origin: which one it was.
pub const ORIGIN: &str = "x-origin";
pub const KEY_ID: &str = "test-key";
/// Far longer than a working step takes; only a failing test waits this long.
const WAIT_LIMIT: Duration = Duration::from_secs(40);
/// The lane's lease plus time for the call itself.
const ARM_AHEAD: Millis = Millis(5_400);

pub fn key() -> AdminKey {
    AdminKey::from_hex(&"c0".repeat(32)).unwrap()
}

pub fn now() -> UnixMillis {
    UnixMillis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64)
}

fn required_path(name: &str, what: &str) -> PathBuf {
    let Some(path) = env::var_os(name) else {
        panic!("{name} is not set: it must name {what}; `cargo xtask test` fetches, builds and sets it");
    };
    path.into()
}

/// Waits until `check` returns a value.
pub async fn until<T>(what: &str, mut check: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = tokio::time::timeout(WAIT_LIMIT, async {
        loop {
            if let Some(found) = check().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("did not happen: {what}"))
}

pub struct Edge {
    pub url: String,
    pub address: SocketAddr,
    /// A second isolate of the same Worker, at the same lanes.
    pub second_url: String,
    /// The lane itself, as isolates reach it.
    lane_url: String,
    pub admin: EdgeAdmin,
    pub client: Client,
    pub source: Origin,
    pub target: Origin,
    /// The directory of the lanes; kept across a restart.
    dir: TempDir,
    vars: BTreeMap<String, String>,
    workerd: Child,
}

impl Edge {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts with a dataset of Analytics Engine, whose points go to this origin.
    pub async fn start_with_points(points: &Origin) -> Self {
        let address = points.url.strip_prefix("http://").unwrap();
        Self::start_with(&[(POINTS, address)]).await
    }

    /// Starts with additional variables.
    pub async fn start_with(vars: &[(&str, &str)]) -> Self {
        let (source, target) = (Origin::start("source").await, Origin::start("target").await);
        Self::start_between(source, target, vars).await
    }

    /// Starts as an edge whose directory may name its own two origins and these.
    pub async fn start_beside(others: &[&Origin]) -> Self {
        let (source, target) = (Origin::start("source").await, Origin::start("target").await);
        let own = [&source, &target].into_iter();
        let urls: Vec<&str> = own
            .chain(others.iter().copied())
            .map(|origin| origin.url.as_str())
            .collect();
        let listed = serde_json::to_string(&urls).unwrap();
        Self::start_between(source, target, &[("ORIGINS", &listed)]).await
    }

    async fn start_between(source: Origin, target: Origin, vars: &[(&str, &str)]) -> Self {
        let mut all = BTreeMap::from([
            ("SOURCE_ORIGIN".to_owned(), source.url.clone()),
            ("TARGET_ORIGIN".to_owned(), target.url.clone()),
            (
                "ADMIN_KEYS".to_owned(),
                format!(r#"{{"{KEY_ID}": "{}"}}"#, "c0".repeat(32)),
            ),
        ]);
        all.extend(
            vars.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let dir = TempDir::new().unwrap();
        let (workerd, [address, second, lane]) = serve(dir.path(), &all).await;
        let url = format!("http://{address}");
        let admin = EdgeAdmin::new(&url, "main", KEY_ID, key()).unwrap();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            url,
            address,
            second_url: format!("http://{second}"),
            lane_url: format!("http://{lane}"),
            admin,
            client,
            source,
            target,
            dir,
            vars: all,
            workerd,
        }
    }

    /// Kills workerd as a crash would, and starts it again with the same lanes.
    pub async fn restart(&mut self) {
        self.workerd.kill().await.unwrap();
        let (workerd, [address, second, lane]) = serve(self.dir.path(), &self.vars).await;
        self.second_url = format!("http://{second}");
        self.lane_url = format!("http://{lane}");
        self.workerd = workerd;
        self.address = address;
        self.url = format!("http://{address}");
        self.admin = EdgeAdmin::new(&self.url, "main", KEY_ID, key()).unwrap();
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    pub fn post(&self, path: &str, body: &str) -> RequestBuilder {
        self.client
            .post(format!("{}{path}", self.url))
            .body(body.to_owned())
    }

    /// Sends a write in the background.
    pub fn write(&self, body: &str) -> tokio::task::JoinHandle<Response> {
        let request = self.post("/orders", body);
        tokio::spawn(async move { request.send().await.unwrap() })
    }

    pub async fn apply(&self, command: Command) -> Result<LaneRecord, EdgeError> {
        let record = self.admin.read().await?;
        self.admin.apply(record.epoch, command).await
    }

    pub async fn hold(&self) -> LaneRecord {
        let run_id = self.owner().await;
        self.apply(Command::Hold { run_id }).await.unwrap()
    }

    pub async fn commit(&self) -> LaneRecord {
        let run_id = self.owner().await;
        self.apply(Command::Commit { run_id }).await.unwrap()
    }

    pub async fn abort(&self) -> LaneRecord {
        let run_id = self.owner().await;
        self.apply(Command::Abort { run_id }).await.unwrap()
    }

    pub async fn release(&self) -> LaneRecord {
        let run_id = self.owner().await;
        self.apply(Command::Release { run_id }).await.unwrap()
    }

    async fn owner(&self) -> String {
        self.admin.read().await.unwrap().run_id.unwrap()
    }

    /// A client of another lane's admin API.
    pub fn admin_of(&self, lane: &str) -> EdgeAdmin {
        EdgeAdmin::new(&self.url, lane, KEY_ID, key()).unwrap()
    }

    /// Publishes a directory and waits until it is in force.
    pub async fn publish(&self, directory: &Directory) {
        let expected = self.admin.directory().await.unwrap().newest();
        let from = self
            .admin
            .publish(expected, directory)
            .await
            .unwrap()
            .next
            .unwrap()
            .from_ms;
        until("a directory in force", async || (now() > from).then_some(())).await;
    }

    /// Asks the lane for a lease in the name of an isolate of the test's own, which dies whenever the test likes.
    pub async fn report(&self, report: &Report) {
        let url = format!("{}/main/record?report={report}", self.lane_url);
        let answer = self.client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    /// Arms the lane towards a side, with `hold_ms` between hold_at_ms and the deadline.
    pub async fn arm(&self, towards: Side, hold_ms: u64) -> LaneRecord {
        self.arm_holding(towards, hold_ms, HeldWrites::All).await
    }

    pub async fn arm_holding(&self, towards: Side, hold_ms: u64, hold: HeldWrites) -> LaneRecord {
        // A run arms once, so each run gets a new name; the first name is that of run().
        let run_id = format!("run-{}", self.admin.read().await.unwrap().epoch);
        let hold_at_ms = now() + ARM_AHEAD;
        let hold_deadline_ms = hold_at_ms + Millis(hold_ms);
        self.apply(Command::Arm {
            run_id,
            towards,
            hold_at_ms,
            hold_deadline_ms,
            hold,
        })
        .await
        .unwrap()
    }

    /// Waits until the isolate of this edge knows the lane's newest record.
    pub async fn until_known(&self) {
        let epoch = self.admin.read().await.unwrap().epoch.to_string();
        until("an isolate that knows of the cutover", async || {
            let answer = self.get("/").header(ACCOUNT, "yes").send().await.unwrap();
            (header(&answer, "x-crossover-epoch") == Some(&epoch)).then_some(())
        })
        .await;
    }

    pub async fn until_hold_at(&self) {
        let hold_at_ms = self.admin.read().await.unwrap().hold_at_ms.unwrap();
        until("hold_at_ms", async || (now() >= hold_at_ms).then_some(())).await;
    }

    /// Waits until the lane knows of exactly this many writes in flight.
    pub async fn until_in_flight(&self, count: u32) {
        until(&format!("{count} writes in flight"), async || {
            (self.admin.traffic().await.unwrap().in_flight == count).then_some(())
        })
        .await;
    }

    /// Waits until the lane says that all is quiet.
    pub async fn until_quiet(&self) {
        until("quiet", async || {
            self.admin.traffic().await.unwrap().is_quiet().then_some(())
        })
        .await;
    }

    /// Arms the lane and waits until writes are held.
    pub async fn armed_and_held(&self, towards: Side) -> LaneRecord {
        self.arm(towards, 20_000).await;
        self.until_hold_at().await;
        let record = self.hold().await;
        assert_eq!(record.phase, Phase::Hold);
        record
    }

    /// Waits until the lane holds exactly this many requests.
    pub async fn until_held(&self, count: u64) {
        until(&format!("{count} held requests"), async || {
            (self.admin.held().await.unwrap() == count).then_some(())
        })
        .await;
    }
}

/// The first run of a new lane.
pub fn run() -> String {
    "run-1".to_owned()
}

pub fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

/// Passes requests on to the lane, which only Workers can reach.
const TO_THE_LANE: &str = r"export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return env.LANES.get(env.LANES.idFromName('main')).fetch(`https://lane${pathname}${search}`);
  },
};";

/// The configuration with a second Worker of the same code, whose lanes are those of the first, and with a way to the
/// lane itself. workerd runs each Worker in an isolate of its own.
fn with_second_isolate(config: &str) -> String {
    let (services, worker) = config.split_once("const edge :").unwrap();
    let services = services
        .replace(
            "(name = \"edge\", worker = .edge),",
            "(name = \"edge\", worker = .edge), (name = \"second\", worker = .second), (name = \"lane\", worker = .lane),",
        )
        .replace(
            "http = (), service = \"edge\") ]",
            "http = (cfBlobHeader = \"test-place\"), service = \"edge\"), (name = \"second\", address = \"127.0.0.1:0\", http = (), service = \"second\"), \
             (name = \"lane\", address = \"127.0.0.1:0\", http = (), service = \"lane\") ]",
        );
    let (kept, _own_lanes) = worker.split_once("  durableObjectNamespaces").unwrap();
    let second = ["LaneObject", "DirectoryObject"]
        .iter()
        .fold(kept.to_owned(), |text, class| {
            text.replace(
                &format!("durableObjectNamespace = \"{class}\""),
                &format!("durableObjectNamespace = (className = \"{class}\", serviceName = \"edge\")"),
            )
        });
    let (_modules, settings) = kept.split_once("  compatibilityDate").unwrap();
    let (date, _flags_and_bindings) = settings.split_once(',').unwrap();
    let script = serde_json::to_string(TO_THE_LANE).unwrap();
    let lane = format!(
        "Workerd.Worker = (\n  modules = [ (name = \"lane.js\", esModule = {script}) ],\n  compatibilityDate{date},\n  \
         bindings = [ (name = \"LANES\", durableObjectNamespace = (className = \"LaneObject\", serviceName = \"edge\")) ],\n)"
    );
    format!("{services}const edge :{worker}\nconst second :{second});\nconst lane :{lane};\n")
}

/// The variable of a test that gives the Worker a dataset of Analytics Engine: workerd sends its points to this address.
const POINTS: &str = "POINTS";

/// The configuration with that dataset.
fn with_points(config: &str, address: &str) -> String {
    config
        .replace(
            "services = [",
            &format!("services = [ (name = \"points\", external = (address = \"{address}\", http = ())),"),
        )
        .replace(
            "bindings = [",
            "bindings = [ (name = \"METRICS\", analyticsEngine = \"points\"),",
        )
}

fn bundle() -> Bundle {
    Bundle::open(&required_path(
        "CROSSOVER_WORKER_BUNDLE",
        "the directory of the Worker's bundle",
    ))
    .unwrap()
}

/// The build that the tests run, by the bundle's digest.
pub fn build() -> BuildId {
    bundle().digest().unwrap()[..16].parse().unwrap()
}

/// Starts workerd; returns the addresses of both isolates and of the lane.
async fn serve(dir: &Path, vars: &BTreeMap<String, String>) -> (Child, [SocketAddr; 3]) {
    let workerd = required_path("CROSSOVER_WORKERD", "the workerd binary");
    let bundle = bundle();
    let lanes = dir.join("lanes");
    std::fs::create_dir_all(&lanes).unwrap();
    let config = WorkerdConfig {
        bundle: &bundle,
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        storage: LaneStorage::LocalDisk(lanes),
        vars,
    };
    let path = dir.join("edge.capnp");
    let mut text = config.text();
    if let Some(address) = vars.get(POINTS) {
        text = with_points(&text, address);
    }
    std::fs::write(&path, with_second_isolate(&text)).unwrap();
    // A dataset is experimental in workerd.
    let experimental = vars.contains_key(POINTS).then_some("--experimental");
    let mut child = Process::new(workerd)
        .args(["serve", "--import-path=/", "--control-fd=1"])
        .args(experimental)
        .arg(&path)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listening = async {
        let mut ports = BTreeMap::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if event["event"] == "listen" {
                let port = u16::try_from(event["port"].as_u64().unwrap()).unwrap();
                ports.insert(event["socket"].as_str().unwrap().to_owned(), port);
            }
            if let [Some(first), Some(second), Some(lane)] =
                ["http", "second", "lane"].map(|socket| ports.get(socket))
            {
                return [*first, *second, *lane];
            }
        }
        panic!("workerd ended before it listened; its output is above");
    };
    let ports = tokio::time::timeout(WAIT_LIMIT, listening).await.unwrap();
    // Keep reading: a full pipe would block workerd.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port))))
}
