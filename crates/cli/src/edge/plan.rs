//! `crossover edge plan`.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use crossover_core::routing::{
    Directory, Epoch, Origin,
    directory::{Lane, ReadRules, Rule},
};
use crossover_operate::directory::{Change, Changes, DirectoryPlan, Fault, LaneChange, parse};
use serde_json::json;

use super::words;
use crate::{
    migration::{Config, work},
    output::{print, print_json},
};

pub const MANUAL: &str = "Check a directory document and compare it with the published one, line by line: lanes, rules, and which lanes' writes are affected. Nothing is changed.\n\n\
All faults of the document are listed at once. Whether the Worker's list ORIGINS permits its origins is not known here: the edge checks it when the document \
is published (crossover edge apply). The document's form is docs/schema/directory.json; docs/edge.md explains it.";

/// Options of `crossover edge plan`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 shown, whether anything would change or not; 1 the document is faulty; 2 the file could not be read, or the edge did not answer; \
                  130 interrupted. Nothing is changed."
)]
pub struct Arguments {
    /// The directory document (JSON)
    file: PathBuf,
    #[command(flatten)]
    config: Config,
    /// Print JSON on standard output: version, changes, writes_affected, new_origins; of a faulty document, faults
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> ExitCode {
    work(execute(arguments), |interrupt| {
        format!("{interrupt}: nothing was changed")
    })
}

async fn execute(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let document = match read(&arguments.file)? {
        Ok(document) => document,
        Err(faults) => {
            if arguments.json {
                print_json(&json!({ "faults": faults }))?;
            }
            eprint!("{}", refused(&arguments.file, &faults));
            return Ok(ExitCode::FAILURE);
        }
    };
    let published = arguments
        .config
        .clients()
        .await?
        .lane()
        .await?
        .directory()
        .await?;
    let plan = DirectoryPlan::of(&published, &document);
    if arguments.json {
        print_json(&plan)?;
    } else {
        print(&text(&plan))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The document of a file, or its faults.
pub(super) fn read(file: &Path) -> anyhow::Result<Result<Directory, Vec<Fault>>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = String::from_utf8(bytes);
    let text = text.with_context(|| format!("{} is not UTF-8 text: save it as UTF-8", file.display()))?;
    Ok(parse(&text))
}

/// Faults of a file, for people.
pub(super) fn refused(file: &Path, faults: &[Fault]) -> String {
    let mut text = format!("{} cannot be published:\n", file.display());
    for fault in faults {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {fault}");
    }
    text + "Correct the document: docs/schema/directory.json is its form, docs/edge.md explains it. Nothing was changed.\n"
}

/// The plan for people.
pub(super) fn text(plan: &DirectoryPlan) -> String {
    if plan.changes.is_empty() {
        return format!(
            "No change: version {} of the directory says the same.\n",
            plan.version
        );
    }
    let mut text = format!("Compared with version {} of the directory:\n", plan.version);
    for line in changes(&plan.changes) {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {line}");
    }
    text.push('\n');
    text += &affected(&plan.writes_affected);
    if !plan.new_origins.is_empty() {
        let origins: Vec<&str> = plan.new_origins.iter().map(Origin::as_str).collect();
        let _ = writeln!(
            text,
            "New origins: {}. The Worker's list ORIGINS must have them; the edge checks it when this is published.",
            origins.join(", ")
        );
    }
    if plan.version == Epoch(0) {
        text += "Nothing was published so far: the edge accepts a directory only if the Worker has the variable ORIGINS.\n";
    }
    text
}

fn affected(lanes: &BTreeSet<String>) -> String {
    if lanes.is_empty() {
        return "No write changes its way: only rules for reads differ.\n".to_owned();
    }
    format!(
        "Writes affected: lanes {}. While a cutover of one of them is under way the edge refuses this directory.\n\
         A request that comes to another lane or origin reaches another database from then on: its data must be there.\n",
        words::names(lanes.iter())
    )
}

/// Each change as a line.
pub(super) fn changes(changes: &Changes) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, change) in &changes.lanes {
        lines.extend(lane(name, change));
    }
    if let Some(Change { before, after }) = &changes.default_lane {
        lines.push(format!("~ default lane: {before} -> {after}"));
    }
    for moved in &changes.rules_moved {
        let conditions = words::conditions(&moved.rule);
        lines.push(format!(
            "~ rule: {conditions} -> lane {} instead of {}",
            moved.rule.lane, moved.before
        ));
    }
    let rule =
        |sign: &str, rule: &Rule| format!("{sign} rule: {} -> lane {}", words::conditions(rule), rule.lane);
    lines.extend(changes.rules_added.iter().map(|added| rule("+", added)));
    lines.extend(changes.rules_removed.iter().map(|removed| rule("-", removed)));
    if let Some(Change { before, after }) = &changes.tenant {
        let places = |lookups| words::places(lookups, "nothing");
        lines.push(format!(
            "~ tenant named by: {} -> {}",
            places(before),
            places(after)
        ));
    }
    if let Some(Change { before, after }) = &changes.region {
        let (before, after) = (words::region(before.as_ref()), words::region(after.as_ref()));
        let gone = before.iter().filter(|line| !after.contains(line));
        lines.extend(gone.map(|line| format!("- region: {line}")));
        let new = after.iter().filter(|line| !before.contains(line));
        lines.extend(new.map(|line| format!("+ region: {line}")));
    }
    for (name, change) in &changes.reads {
        lines.extend(reads(name, change));
    }
    lines
}

fn lane(name: &str, change: &LaneChange) -> Vec<String> {
    let origins = |sign: &str, lane: &Lane| {
        format!(
            "{sign} lane {name}: source {}, target {}",
            lane.source, lane.target
        )
    };
    match change {
        LaneChange::Added(lane) => vec![
            origins("+", lane),
            format!("+ lane {name}, reads: {}", words::reads(&lane.reads)),
        ],
        LaneChange::Removed(lane) => vec![origins("-", lane)],
        LaneChange::Origins { source, target } => [("source", source), ("target", target)]
            .into_iter()
            .filter(|(_, Change { before, after })| before != after)
            .map(|(side, Change { before, after })| format!("~ lane {name}, {side}: {before} -> {after}"))
            .collect(),
    }
}

fn reads(name: &str, Change { before, after }: &Change<ReadRules>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |what: &str, text: String| lines.push(format!("~ lane {name}, {what}: {text}"));
    if before.key != after.key {
        let places = |rules: &ReadRules| words::places(&rules.key, "the client's address");
        line(
            "key of reads",
            format!(
                "{} -> {}; while a share of reads is set, clients may change their side",
                places(before),
                places(after)
            ),
        );
    }
    let sides = [
        ("source", &before.exceptions.source, &after.exceptions.source),
        ("target", &before.exceptions.target, &after.exceptions.target),
    ];
    for (side, before, after) in sides {
        for (what, keys) in [
            ("now", after.difference(before)),
            ("no longer", before.difference(after)),
        ] {
            let keys: Vec<&String> = keys.collect();
            if !keys.is_empty() {
                line(
                    &format!("keys that {what} always read from the {side}"),
                    words::names(keys.into_iter()),
                );
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{
        super::directory::tests::{NOW, directory, publication},
        *,
    };
    use crossover_operate::directory::Spreading;

    fn planned(version: u64, change: impl FnOnce(&mut Directory)) -> String {
        let published = Spreading {
            current: publication(version, NOW, directory()),
            next: None,
        };
        let mut after = directory();
        change(&mut after);
        text(&DirectoryPlan::of(&published, &after))
    }

    fn origin(text: &str) -> Origin {
        Origin::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn an_equal_document_is_no_change() {
        assert_eq!(
            planned(3, |_| {}),
            "No change: version 3 of the directory says the same.\n"
        );
    }

    #[test]
    fn lanes_and_rules_are_told_with_the_lanes_whose_writes_are_affected() {
        let text = planned(3, |after| {
            let mut new = after.lanes["main"].clone();
            new.source = origin("https://s.new.example");
            new.target = origin("https://t.new.example");
            after.lanes.insert("new".to_owned(), new);
            after.rules[1].lane = "new".to_owned();
            after.rules.remove(2);
            after.tenant.clear();
        });
        assert_eq!(
            text,
            "Compared with version 3 of the directory:\n\
             \x20 + lane new: source https://s.new.example, target https://t.new.example\n\
             \x20 + lane new, reads: key: the client's address; exceptions: none\n\
             \x20 ~ rule: path /acme -> lane new instead of acme\n\
             \x20 - rule: tenant acme -> lane acme\n\
             \x20 ~ tenant named by: header x-tenant -> nothing\n\
             \n\
             Writes affected: lanes acme, main, new. While a cutover of one of them is under way the edge refuses this directory.\n\
             A request that comes to another lane or origin reaches another database from then on: its data must be there.\n\
             New origins: https://s.new.example, https://t.new.example. The Worker's list ORIGINS must have them; the edge checks it when this is published.\n"
        );
    }

    #[test]
    fn a_lane_with_another_origin_affects_itself_only() {
        let text = planned(3, |after| {
            after.lanes.get_mut("acme").unwrap().target = origin("https://other.example");
        });
        assert!(
            text.contains("~ lane acme, target: https://t.acme.example -> https://other.example\n")
                && text.contains("Writes affected: lanes acme. "),
            "{text}"
        );
    }

    #[test]
    fn rules_for_reads_affect_no_write() {
        let text = planned(3, |after| {
            let reads = &mut after.lanes.get_mut("acme").unwrap().reads;
            reads.key.clear();
            reads.exceptions.source.insert("old".to_owned());
            reads.exceptions.target.clear();
        });
        assert_eq!(
            text,
            "Compared with version 3 of the directory:\n\
             \x20 ~ lane acme, key of reads: header x-user -> the client's address; while a share of reads is set, clients may change their side\n\
             \x20 ~ lane acme, keys that now always read from the source: old\n\
             \x20 ~ lane acme, keys that no longer always read from the target: pilot\n\
             \n\
             No write changes its way: only rules for reads differ.\n"
        );
    }

    #[test]
    fn the_default_and_the_regions_are_told() {
        let regions = serde_json::json!({"codes": ["N01", "S01"], "default": "S01"});
        let text = planned(0, |after| {
            after.default_lane = "acme".to_owned();
            after.region = Some(serde_json::from_value(regions).unwrap());
        });
        for words in [
            "~ default lane: main -> acme\n",
            "- region: none\n",
            "+ region: N01, S01; default S01\n",
            "the edge accepts a directory only if the Worker has the variable ORIGINS.\n",
        ] {
            assert!(text.contains(words), "{words} is not in\n{text}");
        }
    }

    #[test]
    fn faults_are_told_with_the_file_their_places_and_the_remedy() {
        let faults = parse(r#"{"lanes": {}, "default_lane": "x", "extra": 1}"#).unwrap_err();
        let text = refused(Path::new("directory.json"), &faults);
        assert!(
            text.starts_with(
                "directory.json cannot be published:\n  extra: there is no such member; known: lanes,"
            ) && text.contains("docs/schema/directory.json"),
            "{text}"
        );
    }
}
