//! The plans that a server has written to its log (`auto_explain`), and the work in them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::side::Side;

pub const FILE: &str = "explained.log";

/// The server's log. It is written by a process of its own, so a reader waits for a line of its own.
#[derive(Default)]
pub struct Log {
    marks: std::sync::atomic::AtomicU32,
}

impl Log {
    /// Everything that was logged until now.
    pub async fn read(&self, side: &Side) -> String {
        let number = self.marks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mark = format!("mark {number} of {}", side.name);
        side.admin(&format!("select '{mark}'")).await;
        loop {
            let sql = format!("select pg_read_file('log/{FILE}')");
            let log: String = side.admin.query_one(&sql, &[]).await.unwrap().get(0);
            if log.contains(&mark) {
                return log;
            }
        }
    }
}

/// The work of each statement: rows handled by the nodes of its plan, and pages.
pub struct Work(BTreeMap<String, u64>);

impl Work {
    /// Of Crossover's statements in one database.
    pub fn of(log: &str, database: &str) -> Self {
        let prefix = format!("{database}/crossover/LOG:");
        let mut work = BTreeMap::new();
        let mut lines = log.lines().peekable();
        while let Some(line) = lines.next() {
            if !line.starts_with(&prefix) || !line.ends_with("plan:") {
                continue;
            }
            let mut text = String::new();
            while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
                text.push_str(more);
            }
            let plan: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"));
            let statement = plan["Query Text"].as_str().unwrap().to_owned();
            if !statement.contains("pg_class") {
                continue;
            }
            let root = &plan["Plan"];
            let pages = count(root, "Shared Hit Blocks") + count(root, "Shared Read Blocks");
            *work.entry(statement).or_default() += pages + rows(root);
        }
        Self(work)
    }

    pub fn statements(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    pub fn in_statement(&self, statement: &str) -> u64 {
        self.0[statement]
    }
}

fn count(node: &Value, name: &str) -> u64 {
    node[name].as_f64().map_or(0, |number| number as u64)
}

/// Rows that the node returns or drops in all its loops, and the loops themselves, with those of the nodes below.
fn rows(node: &Value) -> u64 {
    let each = [
        "Actual Rows",
        "Rows Removed by Filter",
        "Rows Removed by Join Filter",
    ];
    let own: u64 = each.into_iter().map(|name| count(node, name)).sum();
    let below = node["Plans"].as_array().into_iter().flatten();
    (own + 1) * count(node, "Actual Loops") + below.map(rows).sum::<u64>()
}
