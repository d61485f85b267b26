//! The command as a user runs it, with every process it starts in view.

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

/// Far beyond anything that works; only a test that fails waits this long.
const PATIENCE: Duration = Duration::from_mins(5);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// The command, which is a program of another package.
fn program() -> PathBuf {
    let Some(path) = std::env::var_os("CROSSOVER_BIN") else {
        panic!(
            "CROSSOVER_BIN is not set: it names the command `crossover`; `cargo xtask test` builds and sets it"
        );
    };
    path.into()
}

/// A running command.
pub struct Running {
    child: Child,
    folder: PathBuf,
    family: Family,
}

/// One that has ended.
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
            // The command is the guard of its own parts: a guard given by the environment would hide a fault there.
            .env_remove("CROSSOVER_GUARD")
            .stdin(Stdio::null())
            .stdout(file("output"))
            .stderr(file("errors"))
            .spawn()
            .unwrap();
        let family = Family::of(child.id() as i32);
        Self {
            child,
            folder: folder.to_owned(),
            family,
        }
    }

    fn errors(&self) -> String {
        fs::read_to_string(self.folder.join("errors")).unwrap()
    }

    /// Waits until the command has said `words`.
    pub fn wait_for(&mut self, words: &str) {
        let since = Instant::now();
        while !self.errors().contains(words) {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "ended ({ended:?}) before it said {words:?}:\n{}",
                self.errors()
            );
            assert!(
                since.elapsed() < PATIENCE,
                "never said {words:?}:\n{}",
                self.errors()
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Waits for the end of the command and of everything it ever started.
    pub fn end(mut self) -> Ended {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(since.elapsed() < PATIENCE, "never ended:\n{}", self.errors());
            std::thread::sleep(LOOK_EVERY);
        };
        self.family.wait_until_gone();
        Ended {
            status,
            output: fs::read_to_string(self.folder.join("output")).unwrap(),
            errors: self.errors(),
        }
    }
}

/// A process: its id and the moment it was started, for ids are used again.
type Process = (i32, u64);

/// Everything that descends from a process, the descendants of those that have ended included (Linux only; elsewhere it
/// is empty, and proves nothing).
struct Family {
    seen: Arc<Mutex<BTreeSet<Process>>>,
    stop: Arc<AtomicBool>,
    watching: Option<JoinHandle<()>>,
}

impl Family {
    fn of(root: i32) -> Self {
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (kept, asked) = (Arc::clone(&seen), Arc::clone(&stop));
        let watching = std::thread::spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                look(root, &kept);
                std::thread::sleep(LOOK_EVERY);
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

    fn wait_until_gone(&self) {
        if !cfg!(target_os = "linux") {
            eprintln!("SKIPPED: whether every process has ended can be seen on Linux only");
            return;
        }
        let many = self.seen.lock().unwrap_or_else(PoisonError::into_inner).len();
        assert!(many > 3, "the watch has seen {many} processes: it does not work");
        let since = Instant::now();
        while !self.alive().is_empty() {
            assert!(since.elapsed() < PATIENCE, "left running: {:#?}", self.alive());
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(watching) = self.watching.take() {
            // Its panic would have shown as a watch that saw nothing.
            let _ = watching.join();
        }
    }
}

/// Adds whoever has a parent that is known already.
fn look(root: i32, seen: &Mutex<BTreeSet<Process>>) {
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

/// All processes of the machine, from `/proc`.
fn processes() -> BTreeMap<i32, Status> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    entries
        .filter_map(|entry| {
            let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            // The name, in brackets, may hold anything: the fields count from its last bracket.
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
