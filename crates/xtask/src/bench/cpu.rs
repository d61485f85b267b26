//! Processor time of the servers: user and system time of all processes of a cluster, including those that
//! have ended; and of a single process.

use std::fs;

/// Ticks per second of the times in /proc: the kernel's USER_HZ, which is 100 on every platform the parts are
/// published for.
const TICKS: f64 = 100.0;

/// How often the times of a cluster are read again because one of its processes has ended meanwhile.
const TRIES: usize = 50;

/// Processor seconds of all clusters since their start; none without /proc.
pub fn seconds(postmasters: [u32; 2]) -> Option<f64> {
    let ticks = postmasters.map(cluster);
    Some((ticks[0]? + ticks[1]?) as f64 / TICKS)
}

/// Processor seconds of one process since its start; none without /proc.
pub fn of_process(pid: u32) -> Option<f64> {
    Some(read(pid)?.own as f64 / TICKS)
}

/// Processor seconds between two readings.
pub fn between(before: Option<f64>, after: Option<f64>) -> Option<f64> {
    Some(after? - before?)
}

/// A backend that has ended is included in its postmaster's times of children, a running (or zombie) one has
/// its own times.
fn cluster(postmaster: u32) -> Option<u64> {
    for _ in 0..TRIES {
        let before = read(postmaster)?;
        let living: u64 = children(postmaster)?
            .iter()
            .map(|process| process.own + process.reaped)
            .sum();
        let after = read(postmaster)?;
        // Otherwise a process was counted twice or not at all.
        if before.reaped == after.reaped {
            return Some(after.own + after.reaped + living);
        }
    }
    None
}

fn children(parent: u32) -> Option<Vec<Times>> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Some(
        pids.filter_map(read)
            .filter(|times| times.parent == parent)
            .collect(),
    )
}

fn read(pid: u32) -> Option<Times> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Processor time of one process, in ticks.
#[derive(Debug, PartialEq, Eq)]
struct Times {
    parent: u32,
    own: u64,
    /// Time of its children that have ended and been waited for.
    reaped: u64,
}

/// Reads `/proc/<pid>/stat`. The name, in brackets, may hold anything; the fields behind it count from 3 (see
/// proc(5)).
fn parse(stat: &str) -> Option<Times> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Times {
        parent: u32::try_from(field(4)?).ok()?,
        own: field(14)? + field(15)?,
        reaped: field(16)? + field(17)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_behind_a_name_with_brackets_and_blanks() {
        let stat = "77 (postgres: a) b) S 12 77 77 0 -1 4194560 11 22 0 0 30 4 500 60 20 0 1 0 9 1 2";
        let times = Times {
            parent: 12,
            own: 34,
            reaped: 560,
        };
        assert_eq!(parse(stat).unwrap(), times);
    }

    #[test]
    fn a_truncated_stat_gives_no_time() {
        assert_eq!(parse("77 (postgres) S 12 77"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_child_counts_while_it_lives_and_after_its_end() {
        let work = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done";
        let shell = |script: &str| {
            let mut command = std::process::Command::new("sh");
            command.args(["-c", script]).stdin(std::process::Stdio::piped());
            command.stdout(std::process::Stdio::piped()).spawn().unwrap()
        };
        // The inner shell works, ends and is waited for by the outer one, which then waits for this test.
        let mut outer = shell(&format!("sh -c '{work}'; {work}; echo worked; read -r end"));
        let mut line = String::new();
        let output = outer.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
        let times = read(outer.id()).unwrap();
        assert_eq!(times.parent, std::process::id());
        assert!(cluster(outer.id()).unwrap() >= times.own + times.reaped);
        assert!(cluster(std::process::id()).unwrap() >= times.own);
        drop(outer.stdin.take());
        outer.wait().unwrap();
    }
}
