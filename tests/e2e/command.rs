//! The command as a user runs it, with a record of every process it starts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Far longer than a working step takes; only a failing test waits this long.
const WAIT_LIMIT: Duration = Duration::from_mins(5);
/// Interval between two checks of the processes and of the output.
const CHECK_INTERVAL: Duration = Duration::from_millis(25);

/// The command `crossover`, built from another package.
pub fn program() -> PathBuf {
    let Some(path) = std::env::var_os("CROSSOVER_BIN") else {
        panic!(
            "CROSSOVER_BIN is not set: it must name the command `crossover`; `cargo xtask test` builds and sets it"
        );
    };
    path.into()
}

/// A running command.
pub struct Running {
    child: Child,
    folder: PathBuf,
    descendants: Descendants,
}

/// A command that has ended.
pub struct Ended {
    pub status: ExitStatus,
    pub output: String,
    pub errors: String,
}

impl Running {
    /// Starts `crossover rehearse` with its report in `folder`.
    pub fn rehearse(folder: &Path, arguments: &[&str]) -> Self {
        let file = |name: &str| File::create(folder.join(name)).unwrap();
        let child = Command::new(program())
            .arg("rehearse")
            .args(arguments)
            .arg("--out")
            .arg(folder)
            // The command guards its own parts: a guard program from the environment would hide a fault
            // there.
            .env_remove("CROSSOVER_GUARD")
            .stdin(Stdio::null())
            .stdout(file("output"))
            .stderr(file("errors"))
            .spawn()
            .unwrap();
        let descendants = Descendants::of(child.id() as i32);
        Self {
            child,
            folder: folder.to_owned(),
            descendants,
        }
    }

    fn errors(&self) -> String {
        fs::read_to_string(self.folder.join("errors")).unwrap()
    }

    /// Waits until `words` appear on the command's standard error.
    pub fn wait_for(&mut self, words: &str) {
        let since = Instant::now();
        while !self.errors().contains(words) {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "ended ({ended:?}) before it printed {words:?}:\n{}",
                self.errors()
            );
            assert!(
                since.elapsed() < WAIT_LIMIT,
                "did not print {words:?}:\n{}",
                self.errors()
            );
            std::thread::sleep(CHECK_INTERVAL);
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Kills the processes with this name that the command has started. There must be one.
    pub fn kill_part(&self, name: &str) {
        let parts = self.descendants.named(name);
        assert!(!parts.is_empty(), "no process is called {name}");
        for pid in parts {
            kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        }
    }

    /// Waits for the end of the command and of every process it started, directly or indirectly.
    pub fn end(mut self) -> Ended {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(since.elapsed() < WAIT_LIMIT, "did not end:\n{}", self.errors());
            std::thread::sleep(CHECK_INTERVAL);
        };
        self.descendants.wait_until_gone();
        Ended {
            status,
            output: fs::read_to_string(self.folder.join("output")).unwrap(),
            errors: self.errors(),
        }
    }
}

/// A test that fails leaves nothing running; the command's guards end its parts.
impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A process: its id and its start time, because ids are reused.
type Process = (i32, u64);

/// All descendants of a process, including those whose parent has ended. Works on Linux only; elsewhere the
/// set is empty.
struct Descendants {
    seen: Arc<Mutex<BTreeSet<Process>>>,
    stop: Arc<AtomicBool>,
    watching: Option<JoinHandle<()>>,
}

impl Descendants {
    fn of(root: i32) -> Self {
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (kept, asked) = (Arc::clone(&seen), Arc::clone(&stop));
        let watching = std::thread::spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                record_descendants(root, &kept);
                std::thread::sleep(CHECK_INTERVAL);
            }
        });
        Self {
            seen,
            stop,
            watching: Some(watching),
        }
    }

    fn alive(&self) -> Vec<String> {
        let now = processes();
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        now.into_iter()
            .filter(|(pid, status)| !status.zombie && seen.contains(&(*pid, status.started)))
            .map(|(pid, status)| format!("{pid} {}", status.name))
            .collect()
    }

    fn named(&self, name: &str) -> Vec<i32> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        processes()
            .into_iter()
            .filter(|(pid, status)| {
                status.name == name && !status.zombie && seen.contains(&(*pid, status.started))
            })
            .map(|(pid, _)| pid)
            .collect()
    }

    fn wait_until_gone(&self) {
        if !cfg!(target_os = "linux") {
            eprintln!("SKIPPED: whether every process has ended can be seen on Linux only");
            return;
        }
        let many = self.seen.lock().unwrap_or_else(PoisonError::into_inner).len();
        assert!(
            many > 3,
            "only {many} processes were recorded: the record is incomplete"
        );
        let since = Instant::now();
        while !self.alive().is_empty() {
            assert!(since.elapsed() < WAIT_LIMIT, "left running: {:#?}", self.alive());
            std::thread::sleep(CHECK_INTERVAL);
        }
    }
}

impl Drop for Descendants {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(watching) = self.watching.take() {
            // A panic of the thread would show as a record without processes.
            let _ = watching.join();
        }
    }
}

/// Records every process whose parent is already recorded.
fn record_descendants(root: i32, seen: &Mutex<BTreeSet<Process>>) {
    let now = processes();
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let before = seen.len();
        for (pid, status) in &now {
            let parent = now
                .get(&status.parent)
                .map(|parent| (status.parent, parent.started));
            if *pid == root || parent.is_some_and(|parent| seen.contains(&parent)) {
                seen.insert((*pid, status.started));
            }
        }
        if seen.len() == before {
            return;
        }
    }
}

struct Status {
    name: String,
    zombie: bool,
    parent: i32,
    started: u64,
}

/// All processes of this machine, from `/proc`.
fn processes() -> BTreeMap<i32, Status> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    entries
        .filter_map(|entry| {
            let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            // The name, in brackets, may contain any character: the fields count from the last bracket.
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let (head, tail) = stat.rsplit_once(')')?;
            let fields: Vec<&str> = tail.split_whitespace().collect();
            Some((
                pid,
                Status {
                    name: head.split_once('(')?.1.to_owned(),
                    zombie: *fields.first()? == "Z",
                    parent: fields.get(1)?.parse().ok()?,
                    started: fields.get(19)?.parse().ok()?,
                },
            ))
        })
        .collect()
}
