//! No process survives the program that started the parts, however that program ends.

use std::io::{BufRead, BufReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crossover_interrupt::{Interrupt, unless_interrupted};
use crossover_stand::ministack::{Function, pack};
use crossover_stand::postgres::Settings;
use crossover_stand::{Major, MiniStack, Port, Postgres, TestEnvironment};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::json;

use crate::{is_alive, the_parts, wait_until};

const ROLE: &str = "STAND_FIXTURE_ENDING";
const FOLDER: &str = "STAND_FIXTURE_FOLDER";

/// Not a test: the program that the tests below start and end. It owns a server and a Lambda function's
/// process.
#[tokio::test]
#[ignore = "started by the other tests here"]
async fn holds_parts() {
    let Ok(ending) = std::env::var(ROLE) else { return };
    let parts = the_parts().await;
    let dir = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let mut stand = TestEnvironment::new();
    let work = async {
        let settings = Settings {
            temporary: true,
            ..Settings::default()
        };
        let access = stand.own(
            Postgres::start(&parts, Major::V16, &dir.join("pg"), &settings)
                .await
                .unwrap(),
        );
        let client = access.connect("postgres").await.unwrap();
        let rows = client
            .query("select pid from pg_stat_activity", &[])
            .await
            .unwrap();
        let mut pids: Vec<String> = rows.iter().map(|row| row.get::<_, i32>(0).to_string()).collect();
        let aws = stand.own(MiniStack::start(&parts, &dir, Port::Free).await.unwrap());
        let function = Function {
            name: "held".to_owned(),
            zip: pack(env!("CARGO_BIN_EXE_stand-echo-lambda").as_ref()).unwrap(),
            handler: "held".to_owned(),
            env: std::collections::BTreeMap::default(),
            timeout_seconds: 5,
            memory_mb: 128,
        };
        aws.create_function(&function).await.unwrap();
        pids.push(
            aws.invoke("held", &json!({ "do": "pid" }))
                .await
                .unwrap()
                .to_string(),
        );
        println!("\nHOLDING {}", pids.join(" "));
        assert!(ending != "panic", "as asked");
        // A client with a running statement must not delay the end.
        client.batch_execute("select pg_sleep(1000)").await.unwrap();
    };
    let interrupt = unless_interrupted(work).await.unwrap_err();
    stand.stop().await.unwrap();
    assert_eq!(interrupt, Interrupt::Interrupt);
    std::process::exit(i32::from(interrupt.exit_status()));
}

/// Starts the fixture in a separate process group, as a shell would, and waits for the pids of its parts.
fn start(ending: &str, folder: &Path) -> (Child, Vec<i32>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "endings::holds_parts", "--nocapture"])
        .env(ROLE, ending)
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let held = lines
        .find_map(|line| line.strip_prefix("HOLDING ").map(str::to_owned))
        .unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    (
        child,
        held.split_whitespace().map(|pid| pid.parse().unwrap()).collect(),
    )
}

fn assert_all_end(pids: &[i32]) {
    assert!(pids.len() >= 3, "{pids:?}");
    for pid in pids {
        wait_until(&format!("the end of process {pid}"), || !is_alive(*pid));
    }
}

#[test]
fn kill_9_leaves_no_process_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, pids) = start("wait", folder.path());
    assert!(pids.iter().all(|pid| is_alive(*pid)), "{pids:?}");
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGKILL as i32));
    assert_all_end(&pids);
}

#[test]
fn ctrl_c_ends_every_part_before_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, pids) = start("wait", folder.path());
    // The terminal signals the whole group; the guards have their own groups.
    killpg(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!pids.iter().any(|pid| is_alive(*pid)));
}

#[test]
fn a_panic_leaves_no_process_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, pids) = start("panic", folder.path());
    assert!(!child.wait().unwrap().success());
    assert_all_end(&pids);
}
