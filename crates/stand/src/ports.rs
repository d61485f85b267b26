//! Loopback ports: free ports by default, fixed ports on the user's request.

use std::{
    future::Future,
    net::{Ipv4Addr, SocketAddr, TcpListener},
};

use tokio::net::TcpSocket;

use crate::error::{Result, StandError};

/// Number of start attempts of a part when another program takes the chosen free port first.
const ATTEMPTS: usize = 5;

/// The port of a part; always on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Port {
    /// Any free port; another one is chosen if another program takes the port first.
    #[default]
    Free,
    /// A port chosen by the user: an error if it is in use.
    Fixed(u16),
}

impl Port {
    /// Picks the port for one start attempt of `part`.
    ///
    /// # Errors
    /// [`StandError::PortTaken`] if a fixed port is in use; [`StandError::Io`] if no port is free.
    pub fn pick(self, part: &str) -> Result<u16> {
        match self {
            Self::Free => free(),
            Self::Fixed(port) if is_free(port) => Ok(port),
            Self::Fixed(port) => Err(StandError::PortTaken {
                part: part.to_owned(),
                port,
            }),
        }
    }

    /// Starts `part` on its port; on another free port if another program was faster.
    ///
    /// # Errors
    /// As [`Port::pick`], and the error of the last start.
    pub(crate) async fn start<T, S, F>(self, part: &str, mut start: S) -> Result<T>
    where
        S: FnMut(u16) -> F,
        F: Future<Output = Result<T>>,
    {
        let mut attempt = 1;
        loop {
            let port = self.pick(part)?;
            match start(port).await {
                Err(_) if self == Self::Free && !is_free(port) && attempt < ATTEMPTS => attempt += 1,
                started => return started,
            }
        }
    }
}

/// A port without a listener at present.
pub fn free() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(StandError::io("finding a free port on", "127.0.0.1"))
}

/// Whether a process could listen on this port now.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok()
}

/// Reserves a port without listening on it: connections are refused. Must be called within a tokio runtime.
pub(crate) fn hold(port: u16) -> Result<TcpSocket> {
    let held = TcpSocket::new_v4().and_then(|socket| {
        // As servers do: closed connections of the previous listener do not block the port.
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        Ok(socket)
    });
    held.map_err(StandError::io("holding port", port.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_port_that_is_taken_is_named() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = Port::Fixed(port).pick("the source").unwrap_err().to_string();
        assert!(
            error.contains(&port.to_string()) && error.contains("the source"),
            "{error}"
        );
        drop(listener);
        assert_eq!(Port::Fixed(port).pick("the source").unwrap(), port);
    }

    #[tokio::test]
    async fn a_held_port_cannot_be_taken_and_refuses_connections() {
        let port = free().unwrap();
        let bind = || {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        };
        let held = hold(port).unwrap();
        assert_eq!(bind().unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        let refused = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        drop(held);
        bind().unwrap();
    }

    /// A program that listens on every port just before the part does.
    async fn overtaken(port: Port, times: usize) -> (usize, Result<u16>) {
        let mut others = Vec::new();
        let started = port.start("moto", |number| {
            let overtaken = others.len() < times;
            others.push(overtaken.then(|| TcpListener::bind((Ipv4Addr::LOCALHOST, number)).unwrap()));
            std::future::ready(if overtaken {
                Err(StandError::PortTaken {
                    part: "moto".to_owned(),
                    port: number,
                })
            } else {
                Ok(number)
            })
        });
        let started = started.await;
        (others.len(), started)
    }

    #[tokio::test]
    async fn a_part_that_lost_its_free_port_is_started_on_another_one() {
        let (starts, started) = overtaken(Port::Free, 2).await;
        started.unwrap();
        assert_eq!(starts, 3);
        let (starts, started) = overtaken(Port::Free, usize::MAX).await;
        started.unwrap_err();
        assert_eq!(starts, ATTEMPTS);
        let (starts, started) = overtaken(Port::Fixed(free().unwrap()), usize::MAX).await;
        started.unwrap_err();
        assert_eq!(starts, 1);
    }

    #[test]
    fn a_free_port_can_be_listened_on() {
        assert!(is_free(free().unwrap()));
    }
}
