//! Scripted faults: what goes wrong, and at which port call.

/// What happens to one port call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It says no and does nothing.
    Refused,
    /// It does not answer and does nothing.
    Unreachable,
    /// It does the work, and the answer is lost.
    LostAnswer,
    /// The calling process ends before the work.
    DiesBefore,
    /// The calling process ends after the work, before it learns of it.
    DiesAfter,
    /// The call takes this long (milliseconds) and then does its work.
    Slow(u64),
    /// The calling process stands still before the work, until [`crate::Shared::thaw`].
    Freezes,
}

impl Fault {
    /// Every single fault a run has to survive, the slow call longer than any hold.
    pub const ALL: [Self; 6] = [
        Self::Refused,
        Self::Unreachable,
        Self::LostAnswer,
        Self::DiesBefore,
        Self::DiesAfter,
        Self::Slow(9_000),
    ];
}

/// Which call is hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scripted {
    /// The n-th port call, counted from 0 since the script was set.
    Nth(u64, Fault),
    /// The first call whose name is this.
    Named(String, Fault),
}

/// The script and what became of it.
#[derive(Debug, Clone, Default)]
pub struct Script {
    pub(crate) pending: Option<Scripted>,
    /// Name of the call that was hit.
    pub(crate) fired: Option<String>,
    calls: u64,
    pub(crate) points: Vec<String>,
}

impl Script {
    pub(crate) fn set(&mut self, scripted: Option<Scripted>) {
        *self = Self {
            pending: scripted,
            ..Self::default()
        };
    }

    /// Counts a call and says what happens to it.
    pub(crate) fn next(&mut self, name: &str) -> Option<Fault> {
        let index = self.calls;
        self.calls += 1;
        self.points.push(name.to_owned());
        let fault = match &self.pending {
            Some(Scripted::Nth(n, fault)) if *n == index => *fault,
            Some(Scripted::Named(wanted, fault)) if wanted == name => *fault,
            _ => return None,
        };
        self.pending = None;
        self.fired = Some(name.to_owned());
        Some(fault)
    }
}
