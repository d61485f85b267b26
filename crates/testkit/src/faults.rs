//! Scripted faults: which fault happens at which port call.

/// A fault of one port call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call is refused without effect.
    Refused,
    /// The call gets no answer and has no effect.
    Unreachable,
    /// The call takes effect, and its answer is lost.
    LostAnswer,
    /// The calling process is killed before the call takes effect.
    DiesBefore,
    /// The calling process is killed after the call has taken effect and before the answer arrives.
    DiesAfter,
    /// The call takes effect after this delay (milliseconds).
    Slow(u64),
    /// The calling process is suspended before the call takes effect, until [`crate::Shared::thaw`].
    Freezes,
}

impl Fault {
    /// Every fault that a run has to survive. The slow call takes longer than any hold.
    pub const ALL: [Self; 6] = [
        Self::Refused,
        Self::Unreachable,
        Self::LostAnswer,
        Self::DiesBefore,
        Self::DiesAfter,
        Self::Slow(9_000),
    ];
}

/// A fault and the port call at which it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scripted {
    /// At the n-th port call, counted from 0 since the script was set.
    Nth(u64, Fault),
    /// At the first call with this name.
    Named(String, Fault),
}

/// The scripted fault and the calls since the script was set.
#[derive(Debug, Clone, Default)]
pub struct Script {
    pub(crate) pending: Option<Scripted>,
    /// Name of the call at which the fault happened.
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

    /// Counts a call and returns its fault, if the script has one for it.
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
