//! Learning that a parked request's client has gone.

use futures::channel::oneshot;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use worker::web_sys::{AbortSignal, Request};

/// Watches one request; stops watching when dropped.
pub struct Departure {
    signal: AbortSignal,
    gone: Option<oneshot::Receiver<()>>,
    /// Called by the runtime: must live as long as the signal knows it.
    _listener: Closure<dyn FnMut()>,
}

impl Departure {
    /// Begins to watch. Needs the compatibility flag `enable_request_signal`; without it a client is never seen to go,
    /// and its place is freed when its time is over.
    pub fn of(request: &Request) -> Self {
        let (sender, receiver) = oneshot::channel();
        let mut sender = Some(sender);
        let listener = Closure::new(move || {
            if let Some(sender) = sender.take() {
                // Nobody may be waiting any more.
                let _ = sender.send(());
            }
        });
        let signal = request.signal();
        signal.set_onabort(Some(listener.as_ref().unchecked_ref()));
        Self {
            signal,
            gone: Some(receiver),
            _listener: listener,
        }
    }

    /// Ends when the client goes; once.
    pub fn gone(&mut self) -> oneshot::Receiver<()> {
        self.gone.take().unwrap_or_else(|| oneshot::channel().1)
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        self.signal.set_onabort(None);
    }
}
