//! The options of a rehearsal.

use std::{collections::BTreeMap, path::PathBuf};

use crossover_core::{Millis, routing::HeldWrites};

use crate::calls::Calls;

/// The options of one rehearsal. Every field has the default of the command line.
#[derive(Debug, Clone)]
pub struct RehearsalOptions {
    /// The workspace, which contains the sources and `.parts`.
    pub workspace: PathBuf,
    /// Folder for `report.json`, `report.html` and the logs of the components. Default: `target/rehearsal` of
    /// the workspace.
    pub out: PathBuf,
    /// Orders in the generated shop. Default: 100000. Ignored if dumps are given.
    pub rows: u64,
    /// The user's own plain SQL dumps instead of the shop, loaded in this order.
    pub dumps: Vec<PathBuf>,
    /// Tables of the dumps to leave out: names or patterns, with their partitions and child tables. Default:
    /// none.
    pub exclude: Vec<String>,
    /// Roll back after the cutover. Default: no.
    pub rollback: bool,
    /// Number of cutovers in this environment. Default: 1. More than one need `rollback`, which brings the
    /// writer back for the next one.
    pub repeat: u32,
    /// Number of endless loops beside the rehearsal. Default: 0.
    pub busy: u32,
    /// Slow writes that are under way when a hold begins. Default: none.
    pub burst: Option<Burst>,
    /// Which writes wait at the edge during a pause. Default: all.
    pub hold: HeldWrites,
    /// The folder of a bundle to rehearse with, such as the one that is to be deployed. Default: one is built from the sources.
    pub worker: Option<PathBuf>,
    /// Let Terraform create everything in the local AWS: `terraform/environments/dev` is applied. Default: no; the
    /// rehearsal creates what a run needs.
    pub terraform: bool,
    /// Change nothing, print the plan. Default: no.
    pub dry_run: bool,
    /// Writes per second through the Worker. Default: 220.
    pub writes_per_s: u32,
    /// Reads per second through the Worker. Default: 100.
    pub reads_per_s: u32,
    /// Writes per second that bypass the Worker and go to the source, as an isolate with an old lane record
    /// would send them. Default: 5.
    pub strays_per_s: u32,
    /// The port of the Worker; `None` uses a free one.
    pub edge_port: Option<u16>,
    /// Replacement programs for some Lambda functions, by stage name: to prove that a broken stage is
    /// detected.
    pub functions: BTreeMap<String, PathBuf>,
    /// Records which AWS calls each function makes. Their requests then take a way round through this process. Default:
    /// nothing is recorded.
    pub calls: Option<Calls>,
    /// Time limit in seconds for the functions in the pause (connection-drain, final-sync). Default: 30.
    pub pause_function_timeout_s: u32,
}

/// Writes that are sent at once, shortly before each hold, and that the application answers late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// Number of writes.
    pub writes: u32,
    /// How long the application waits with each before its transaction.
    pub delay: Millis,
}

impl RehearsalOptions {
    /// The defaults in a workspace.
    pub fn new(workspace: PathBuf) -> Self {
        Self {
            out: workspace.join("target").join("rehearsal"),
            workspace,
            rows: 100_000,
            dumps: Vec::new(),
            exclude: Vec::new(),
            rollback: false,
            repeat: 1,
            busy: 0,
            burst: None,
            hold: HeldWrites::default(),
            worker: None,
            terraform: false,
            dry_run: false,
            writes_per_s: 220,
            reads_per_s: 100,
            strays_per_s: 5,
            edge_port: None,
            functions: BTreeMap::new(),
            calls: None,
            pause_function_timeout_s: 30,
        }
    }
}
