//! Held requests go on in turns after a release ([`crossover_routing::turns`]).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crossover_routing::{Epoch, Millis, Turn, Turns};
use futures::future::select;
use wasm_bindgen::JsValue;
use worker::Delay;
use worker::js_sys::{Function, Promise, futures::JsFuture};

/// The turns of one lane in this isolate. A promise wakes a request in its own context, as an isolate requires.
#[derive(Debug, Default)]
pub struct LaneTurns(RefCell<Turns<Wake>>);

impl LaneTurns {
    /// Whether a request waits for its turn.
    pub fn any_waits(&self) -> bool {
        self.0.borrow().any_waits()
    }

    /// Waits until it is the request's turn under this epoch, for at most `max`. `usual` is how many the writer had at a time before.
    pub async fn wait(self: &Rc<Self>, epoch: Epoch, usual: usize, max: Millis) -> Going {
        let mut woken = None;
        let turn = self.0.borrow_mut().ask(epoch, usual, || {
            let (promise, wake) = Wake::new();
            woken = Some(promise);
            wake
        });
        let going = Going {
            turns: Rc::clone(self),
            epoch,
        };
        if let (Turn::Later(ticket), Some(woken)) = (turn, woken) {
            let limit = Box::pin(Delay::from(Duration::from(max)));
            select(JsFuture::from(woken), limit).await;
            self.0.borrow_mut().leave(ticket);
        }
        going
    }
}

/// A request that goes on in its turn; answered, or given up, when dropped.
pub struct Going {
    turns: Rc<LaneTurns>,
    epoch: Epoch,
}

/// Wakes one request.
#[derive(Debug)]
pub struct Wake(Option<Function>);

impl Wake {
    /// A promise, and what fulfils it.
    fn new() -> (Promise, Self) {
        let mut fulfil = None;
        let promise = Promise::new(&mut |resolve, _| fulfil = Some(resolve));
        (promise, Self(fulfil))
    }

    fn wake(self) {
        // Fulfilling a promise does not fail; a request that is gone is not there to be woken.
        let _ = self.0.map(|fulfil| fulfil.call0(&JsValue::UNDEFINED));
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let next = self.turns.0.borrow_mut().answered(self.epoch);
        next.into_iter().for_each(Wake::wake);
    }
}
