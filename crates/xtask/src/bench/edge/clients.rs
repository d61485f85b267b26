//! Clients that send a fixed number of requests over kept connections.

use std::{
    io::{BufReader, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, anyhow, ensure};

use crate::bench::edge::{
    message,
    origin::{ANSWER, WRITE},
    turns::Method,
};

/// Far longer than an answer takes; only a broken Worker waits this long.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// Requests of each connection before those that count. workerd ends connections that were idle for some
/// seconds, towards the origin as well, so each turn begins with new ones; their start must not count.
const LEAD_IN: u64 = 20;

/// What the clients do in a turn.
pub struct Load {
    pub connections: u64,
    pub requests: u64,
}

impl Load {
    /// Sends all requests; returns by how much `cpu_seconds` increased meanwhile.
    pub fn run(
        &self,
        address: SocketAddr,
        method: Method,
        cpu_seconds: impl Fn() -> anyhow::Result<f64>,
    ) -> anyhow::Result<f64> {
        let request = request(address, method);
        let sent = AtomicU64::new(0);
        let connections = usize::try_from(self.connections)?;
        let (ready, start) = (Barrier::new(connections + 1), Barrier::new(connections + 1));
        let client = || {
            let prepared = Connection::prepared(address, &request);
            ready.wait();
            start.wait();
            let mut connection = prepared?;
            while sent.fetch_add(1, Ordering::Relaxed) < self.requests {
                connection.exchange(&request)?;
            }
            Ok(connection)
        };
        thread::scope(|scope| {
            let clients: Vec<_> = (0..connections).map(|_| scope.spawn(client)).collect();
            ready.wait();
            let before = cpu_seconds();
            start.wait();
            let ends: Vec<anyhow::Result<Connection>> = clients
                .into_iter()
                .map(|client| {
                    client
                        .join()
                        .unwrap_or_else(|_| Err(anyhow!("a client has panicked")))
                })
                .collect();
            // While all connections are still open: their end must not count.
            let after = cpu_seconds();
            ends.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
            Ok(after? - before?)
        })
    }
}

struct Connection(BufReader<TcpStream>);

impl Connection {
    /// A new connection that has been used.
    fn prepared(address: SocketAddr, request: &[u8]) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).context("the Worker takes no connection")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_LIMIT))?;
        let mut connection = Self(BufReader::new(stream));
        for _ in 0..LEAD_IN {
            connection.exchange(request)?;
        }
        Ok(connection)
    }

    /// Sends a request and checks that the origin's answer comes back.
    fn exchange(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.0.get_mut().write_all(request)?;
        let answer = message::read(&mut self.0)
            .context("no answer")?
            .context("the connection was closed")?;
        ensure!(
            answer.start.starts_with("HTTP/1.1 200 ") && answer.body == ANSWER.as_bytes(),
            "not the answer of the origin: {}, {}",
            answer.start,
            String::from_utf8_lossy(&answer.body)
        );
        Ok(())
    }
}

/// A request with six headers.
fn request(address: SocketAddr, method: Method) -> Vec<u8> {
    let (path, headers, body) = match method {
        Method::Get => (
            "/orders/81234567?with=items",
            "accept-encoding: gzip\r\naccept-language: en".to_owned(),
            "",
        ),
        Method::Post => (
            "/orders",
            format!(
                "content-type: application/json\r\ncontent-length: {}",
                WRITE.len()
            ),
            WRITE,
        ),
    };
    format!(
        "{} {path} HTTP/1.1\r\n\
         host: {address}\r\n\
         user-agent: crossover-bench\r\n\
         accept: application/json\r\n\
         cookie: session=5f2b9c; theme=dark\r\n\
         {headers}\r\n\r\n{body}",
        method.name()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::bench::edge::origin::Origin;

    #[test]
    fn every_request_is_answered_and_the_cpu_is_read_before_and_after() {
        let origin = Origin::start().unwrap();
        for method in Method::ALL {
            let reading = Cell::new(1.0);
            let cpu_seconds = || Ok(reading.replace(4.5));
            let load = Load {
                connections: 3,
                requests: 100,
            };
            let used = load.run(origin.address, method, cpu_seconds).unwrap();
            assert!((used - 3.5).abs() < f64::EPSILON, "{used}");
        }
    }

    #[test]
    fn an_incomplete_request_is_an_error() {
        let origin = Origin::start().unwrap();
        let request = b"POST /orders HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}";
        let Err(error) = Connection::prepared(origin.address, request) else {
            panic!("the answer was taken");
        };
        assert!(error.to_string().contains("400"), "{error}");
    }
}
