//! The load that was sent, and what the machine carries.

use serde::{Deserialize, Serialize};

use crate::load::{CalibrationStep, Sending};

/// The load through the edge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoadFacts {
    /// Writes per second that were sent: what was requested, or 60 % of what the machine carries if that is
    /// less.
    pub writes_per_s: u32,
    /// Reads per second that were sent.
    pub reads_per_s: u32,
    /// Writes per second that the machine carries together with their share of the reads, found before the first
    /// run.
    pub carried_writes_per_s: u32,
    /// How that was found: clients that wait for their answers, more of them at each step.
    pub calibration: Vec<CalibrationStep>,
    /// Endless loops that ran beside the rehearsal.
    pub busy_loops: u32,
    /// The bound on requests in flight: half of the file handles of the Worker at 4 for each request, or what
    /// the machine carries in 3 s if that is less.
    pub most_in_flight: u32,
    /// Operations that were sent late because the bound was reached.
    pub sent_late: u64,
    /// Writes that were sent in bursts shortly before the holds.
    pub burst_writes: u64,
    /// The waits, by their place, after which the latency of writes was still changing.
    pub not_steady: Vec<String>,
}

impl LoadFacts {
    /// The facts of a load that has ended.
    pub fn of(sending: &Sending, busy_loops: u32) -> Self {
        Self {
            writes_per_s: sending.rates.writes_per_s,
            reads_per_s: sending.rates.reads_per_s,
            carried_writes_per_s: sending.calibration.carried_per_s() as u32,
            calibration: sending.calibration.0.clone(),
            busy_loops,
            most_in_flight: sending.most_in_flight,
            sent_late: sending.sent_late,
            burst_writes: sending.burst_writes,
            not_steady: sending.not_steady.clone(),
        }
    }

    /// The load in one line; `requested` is the number of writes per second that was asked for.
    pub fn in_words(&self, requested: u32) -> String {
        let asked = if self.writes_per_s < requested {
            format!(" (60 % of that; {requested} writes/s were asked for)")
        } else {
            String::new()
        };
        let beside = match self.busy_loops {
            0 => String::new(),
            1 => " beside 1 endless loop".to_owned(),
            loops => format!(" beside {loops} endless loops"),
        };
        let burst = match self.burst_writes {
            0 => String::new(),
            writes => format!("; {writes} slow writes were under way when the holds began"),
        };
        format!(
            "{} writes/s and {} reads/s{beside}; this machine carries {} writes/s with their reads{asked}{burst}",
            self.writes_per_s, self.reads_per_s, self.carried_writes_per_s
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reduced_load_is_called_reduced() {
        let mut load = LoadFacts {
            writes_per_s: 132,
            reads_per_s: 60,
            carried_writes_per_s: 220,
            ..LoadFacts::default()
        };
        assert!(
            load.in_words(220)
                .ends_with("(60 % of that; 220 writes/s were asked for)")
        );
        load.writes_per_s = 220;
        assert_eq!(
            load.in_words(220),
            "220 writes/s and 60 reads/s; this machine carries 220 writes/s with their reads"
        );
    }
}
