//! Loopback ports: free ones by default, fixed ones when the user asks.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use tokio::net::TcpSocket;

use crate::error::{Result, StandError};

/// How often a part is started anew when another program took its free port in between.
pub(crate) const ATTEMPTS: usize = 5;

/// Where a part listens; always on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Port {
    /// Any free port; taken anew if another program is faster.
    #[default]
    Free,
    /// The port the user asked for: an error if it is taken.
    Fixed(u16),
}

impl Port {
    /// Picks the port for one start attempt of `part`.
    ///
    /// # Errors
    /// [`StandError::PortTaken`] when a fixed port is in use; [`StandError::Io`] when no port is left.
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
}

/// A port nobody listens on at this moment.
pub fn free() -> Result<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(StandError::io("finding a free port on", "127.0.0.1"))
}

/// Whether a part could listen on this port now.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok()
}

/// Keeps a port from others without listening on it: whoever connects is refused. To be called within a tokio runtime.
pub(crate) fn hold(port: u16) -> Result<TcpSocket> {
    let held = TcpSocket::new_v4().and_then(|socket| {
        // As servers do: the connections of the one that listened here a moment ago do not count.
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
    async fn a_held_port_belongs_to_its_holder_and_refuses_connections() {
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

    #[test]
    fn a_free_port_can_be_listened_on() {
        assert!(is_free(free().unwrap()));
    }
}
