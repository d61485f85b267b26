//! Detects that the client of a parked request has disconnected.

use futures::channel::oneshot;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use worker::web_sys::{AbortSignal, Request};

/// Watches one request until dropped.
pub struct Departure {
    signal: AbortSignal,
    gone: Option<oneshot::Receiver<()>>,
    /// Called by the runtime: must live as long as the signal refers to it.
    _listener: Closure<dyn FnMut()>,
}

impl Departure {
    /// Begins to watch. Needs the compatibility flag `enable_request_signal`; without the flag a disconnect
    /// is not detected, and the request keeps its slot until its time is over.
    pub fn of(request: &Request) -> Self {
        let (sender, receiver) = oneshot::channel();
        let mut sender = Some(sender);
        let listener = Closure::new(move || {
            if let Some(sender) = sender.take() {
                // The receiver may already be dropped.
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

    /// Resolves once, when the client disconnects.
    pub fn gone(&mut self) -> oneshot::Receiver<()> {
        self.gone.take().unwrap_or_else(|| oneshot::channel().1)
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        self.signal.set_onabort(None);
    }
}
