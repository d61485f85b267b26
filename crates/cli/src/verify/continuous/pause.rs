//! SIGUSR1 signals the pause, so that the operator need not end the command and start another one.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use async_trait::async_trait;
use crossover_verify::follow::Pause;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Notify,
};

/// Set by the signal until the verification takes it.
pub struct BySignal {
    shared: Arc<(AtomicBool, Notify)>,
}

impl BySignal {
    /// Installs the handler; before, the signal ends the process.
    pub fn listen() -> io::Result<Self> {
        let mut signals = signal(SignalKind::user_defined1())?;
        let shared = Arc::new((AtomicBool::new(false), Notify::new()));
        let state = Arc::clone(&shared);
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                state.0.store(true, SeqCst);
                state.1.notify_one();
            }
        });
        Ok(Self { shared })
    }

    /// Whether the verification was requested; true once for each signal.
    pub fn take(&self) -> bool {
        self.shared.0.swap(false, SeqCst)
    }
}

#[async_trait]
impl Pause for BySignal {
    async fn wanted(&self) {
        while !self.shared.0.load(SeqCst) {
            self.shared.1.notified().await;
        }
    }
}
