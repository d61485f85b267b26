//! The main figures and their goals.

use crate::bench::{
    comparison::{Candidate, Entry},
    figures::{Figure, ratio},
    floor::Floor,
    goal::{Goal, Mark},
    linearity::{self, Point},
    options::{Group, Options},
    other_tools::OtherTool,
    outcome::Outcome,
    planted::{self, Planted},
};

/// All measurements.
pub struct Measured<'a> {
    pub options: &'a Options,
    pub identical: &'a [Entry],
    pub different: &'a [Entry],
    pub planted: &'a [Planted],
    pub sizes: &'a [Point],
}

impl Measured<'_> {
    /// All marks of the selected candidates, in the order of the report.
    pub fn marks(&self) -> Vec<Mark> {
        if !self.options.includes(Group::Ours) {
            return Vec::new();
        }
        let tool = |tool: OtherTool| move |other: &Candidate| matches!(other, Candidate::OtherTool { tool: one, sorted: false, .. } if *one == tool);
        let floor = |floor: Floor| move |other: &Candidate| *other == Candidate::Floor(floor);
        let ours = |other: &Candidate| *other == Candidate::Ours;
        let mark = |name, figure, goal| Mark { name, figure, goal };
        let [equal, planted] = [self.identical, self.different].map(|entries| time(entries, ours));
        let mut marks = Vec::new();
        for (group, which, names, goal) in [
            (
                Group::Reladiff,
                OtherTool::Reladiff,
                [
                    "reladiff / ours",
                    "reladiff / ours, 20 differences",
                    "reladiff / hash",
                    "reladiff / printing",
                ],
                5.0,
            ),
            (
                Group::DataDiff,
                OtherTool::DataDiff,
                [
                    "data-diff / ours",
                    "data-diff / ours, 20 differences",
                    "data-diff / hash",
                    "data-diff / printing",
                ],
                10.0,
            ),
        ] {
            if self.options.includes(group) {
                let (first, second) = (
                    time(self.identical, tool(which)),
                    time(self.different, tool(which)),
                );
                marks.push(mark(names[0], ratio(first, equal), Goal::AtLeast(goal)));
                marks.push(mark(names[1], ratio(second, planted), Goal::AtLeast(goal)));
                if self.options.includes(Group::Floor) {
                    // The upper bound of the first ratio: with this hash, and with any hash that has to print
                    // the jsonb column.
                    for (name, bound) in [(names[2], Floor::Hash), (names[3], Floor::Printing)] {
                        let bound = time(self.identical, floor(bound));
                        marks.push(mark(name, ratio(first, bound), Goal::None));
                    }
                }
            }
        }
        if self.options.earlier.is_some() {
            let earlier = |other: &Candidate| *other == Candidate::Earlier;
            let speed = |entries, ours| ratio(time(entries, earlier), ours);
            for (name, figure) in [
                ("earlier / ours", speed(self.identical, equal)),
                ("earlier / ours, 20 differences", speed(self.different, planted)),
            ] {
                marks.push(mark(name, figure, Goal::AtLeast(0.98)));
            }
        }
        if self.options.includes(Group::Floor) {
            let cpu = ratio(cpu(self.identical, ours), cpu(self.identical, floor(Floor::Hash)));
            marks.push(mark("server CPU, ours / hash", cpu, Goal::AtMost(1.15)));
            for (which, name) in [
                (Floor::Hash, "ours / hash"),
                (Floor::Count, "ours / count"),
                (Floor::Copy, "ours / copy"),
            ] {
                marks.push(mark(
                    name,
                    ratio(equal, time(self.identical, floor(which))),
                    Goal::None,
                ));
            }
        }
        marks.push(mark(
            "client memory of ours, MB",
            self.memory(),
            Goal::AtMost(64.0),
        ));
        marks.push(mark(
            "differences found by ours",
            self.found(),
            Goal::AtLeast(planted::COUNT as f64),
        ));
        if self.options.scale {
            let deviation = linearity::largest_deviation(self.sizes).map(Figure::exactly);
            marks.push(mark("deviation from linear time", deviation, Goal::AtMost(0.15)));
        }
        marks
    }

    /// The maximum of all runs.
    fn memory(&self) -> Option<Figure> {
        let all = self.identical.iter().chain(self.different);
        let ours = all.filter(|entry| entry.candidate == Candidate::Ours);
        ours.filter_map(Entry::client_rss)
            .max_by(f64::total_cmp)
            .map(Figure::exactly)
    }

    /// The minimum of all runs.
    fn found(&self) -> Option<Figure> {
        let ours = self
            .different
            .iter()
            .find(|entry| entry.candidate == Candidate::Ours)?;
        let found = |outcome: &Outcome| {
            outcome
                .judged(self.planted)
                .map_or(0, |judgement| judgement.found)
        };
        ours.runs
            .iter()
            .map(|run| found(&run.outcome))
            .min()
            .map(|found| Figure::exactly(found as f64))
    }
}

fn find(entries: &[Entry], which: impl Fn(&Candidate) -> bool) -> Option<&Entry> {
    entries.iter().find(|entry| which(&entry.candidate))
}

fn time(entries: &[Entry], which: impl Fn(&Candidate) -> bool) -> Option<Figure> {
    find(entries, which)?.time()
}

/// Server CPU of candidates that answered in every run.
fn cpu(entries: &[Entry], which: impl Fn(&Candidate) -> bool) -> Option<Figure> {
    let entry = find(entries, which)?;
    let time = entry.time()?;
    Some(Figure {
        value: entry.server_cpu()?,
        at_least: time.at_least,
    })
}
