//! What a workflow may call of the command `crossover`.

/// A sub-command, and the flags that workflows may use.
#[derive(Debug)]
pub struct Known {
    pub name: &'static str,
    pub flags: &'static [&'static str],
    /// One of each of these lists must be there.
    pub required: &'static [&'static [&'static str]],
}

/// All of them. A test compares the list with the help of the command itself.
pub const KNOWN: &[Known] = &[
    Known {
        name: "plan",
        flags: &["--config"],
        required: &[&["--config"]],
    },
    Known {
        name: "run",
        flags: &[
            "--approve",
            "--config",
            "--dry-run",
            "--follow",
            "--run-id",
            "--summary",
        ],
        // Without --follow the job would end while the run goes on. Without --approve a cutover whose plan asks for an
        // approval would wait for a second one.
        required: &[
            &["--config"],
            &["--follow"],
            &["--approve", "--dry-run"],
            &["--run-id"],
            &["--summary"],
        ],
    },
    Known {
        name: "rollback",
        flags: &["--config", "--follow", "--run-id", "--summary"],
        required: &[&["--config"], &["--follow"], &["--run-id"], &["--summary"]],
    },
    Known {
        name: "complete",
        flags: &["--approve", "--config", "--follow", "--run-id", "--summary"],
        required: &[
            &["--config"],
            &["--follow"],
            &["--approve"],
            &["--run-id"],
            &["--summary"],
        ],
    },
    Known {
        name: "status",
        flags: &["--config", "--json"],
        required: &[&["--config"]],
    },
    Known {
        name: "abort",
        flags: &["--config"],
        required: &[&["--config"]],
    },
    Known {
        name: "approvers",
        flags: &["--repository", "--environment"],
        required: &[&["--repository"], &["--environment"]],
    },
    Known {
        name: "evidence",
        flags: &[
            "--config",
            "--run-id",
            "--out",
            "--check",
            "--workflow-run",
            "--summary",
        ],
        // What is collected says who approved it, and the summary whether it is signed.
        required: &[
            &["--out", "--check"],
            &["--workflow-run", "--check"],
            &["--summary", "--check"],
        ],
    },
    Known {
        name: "verify",
        flags: &[
            "--source",
            "--target",
            "--html",
            "--json",
            "--certificate",
            "--tables",
            "--exclude",
            "--max-load",
        ],
        required: &[&["--source"], &["--target"]],
    },
];

/// The sub-command of this name.
pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}
