//! The system clock behind the `Clock` port, for programs that run on tokio.

use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use crossover_core::{Millis, UnixMillis, ports::Clock};

pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis::after_1970(since_1970)
    }

    async fn sleep(&self, length: Millis) {
        tokio::time::sleep(length.into()).await;
    }
}
