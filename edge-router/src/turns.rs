//! Held requests go on in turns after a release ([`crossover_routing::turns`]).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crossover_routing::{Epoch, Millis, Turn, Turns};
use futures::future::select;
use wasm_bindgen::JsValue;
use worker::Delay;
use worker::js_sys::{Function, Promise, futures::JsFuture};

use crate::clock::now;
use crate::known_lane::KnownLane;

/// The turns of one lane in this isolate. A promise wakes a request in its own context, as an isolate requires.
pub type LaneTurns = RefCell<Turns<Wake>>;

/// A request that goes on in its turn; answered, or given up, when dropped.
pub struct Going {
    lane: Rc<KnownLane>,
    epoch: Epoch,
}

/// Waits until it is the request's turn under this epoch, for at most `max`.
pub async fn wait(lane: &Rc<KnownLane>, epoch: Epoch, max: Millis) -> Going {
    let usual = lane.writes.borrow_mut().usual(now());
    let mut woken = None;
    let turn = lane.turns.borrow_mut().ask(epoch, usual, || {
        let (promise, wake) = Wake::new();
        woken = Some(promise);
        wake
    });
    let going = Going {
        lane: Rc::clone(lane),
        epoch,
    };
    if let (Turn::Later(ticket), Some(woken)) = (turn, woken) {
        let limit = Box::pin(Delay::from(Duration::from(max)));
        select(JsFuture::from(woken), limit).await;
        lane.turns.borrow_mut().leave(ticket);
    }
    going
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
        let next = self.lane.turns.borrow_mut().answered(self.epoch);
        next.into_iter().for_each(Wake::wake);
    }
}
