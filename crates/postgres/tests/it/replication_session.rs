//! A replication connection to a database, which the driver does not offer.

use std::io;

use bytes::BytesMut;
use crossover_postgres::ConnectionSettings;
use postgres_protocol::{
    authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256},
    message::{backend::Message, frontend},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::side::PASSWORD;

pub struct ReplicationSession {
    stream: TcpStream,
    received: BytesMut,
}

impl ReplicationSession {
    pub async fn open(settings: &ConnectionSettings, role: &str) -> Self {
        let stream = TcpStream::connect((settings.host.as_str(), settings.port))
            .await
            .unwrap();
        let mut session = Self {
            stream,
            received: BytesMut::new(),
        };
        let parameters = [
            ("user", role),
            ("database", &settings.dbname),
            ("replication", "database"),
        ];
        session
            .send(|buffer| frontend::startup_message(parameters, buffer))
            .await;
        let mut scram = ScramSha256::new(PASSWORD.as_bytes(), ChannelBinding::unsupported());
        loop {
            match session.receive().await.unwrap() {
                Message::AuthenticationSasl(_) => {
                    session
                        .send(|buffer| {
                            frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), buffer)
                        })
                        .await;
                }
                Message::AuthenticationSaslContinue(body) => {
                    scram.update(body.data()).unwrap();
                    session
                        .send(|buffer| frontend::sasl_response(scram.message(), buffer))
                        .await;
                }
                Message::AuthenticationSaslFinal(body) => scram.finish(body.data()).unwrap(),
                Message::ReadyForQuery(_) => return session,
                Message::ErrorResponse(_) => panic!("{role} was refused"),
                _ => {}
            }
        }
    }

    /// Runs SQL to its end.
    pub async fn execute(&mut self, sql: &str) -> io::Result<()> {
        self.send(|buffer| frontend::query(sql, buffer)).await;
        let mut outcome = Ok(());
        loop {
            match self.receive().await? {
                Message::ReadyForQuery(_) => return outcome,
                Message::ErrorResponse(_) => {
                    outcome = Err(io::Error::other("the server answered with an error"));
                }
                _ => {}
            }
        }
    }

    /// Starts to receive the changes of a slot.
    pub async fn start(&mut self, slot: &str) {
        self.send(|buffer| frontend::query(&format!("START_REPLICATION SLOT {slot} LOGICAL 0/0"), buffer))
            .await;
        // CopyBothResponse, which the library has no message for.
        while self.received.is_empty() {
            self.read().await.unwrap();
        }
        assert_eq!(self.received[0], b'W');
        self.received.clear();
    }

    async fn send(&mut self, write: impl FnOnce(&mut BytesMut) -> io::Result<()>) {
        let mut buffer = BytesMut::new();
        write(&mut buffer).unwrap();
        // A session that was ended is noticed by the answer.
        let _ = self.stream.write_all(&buffer).await;
    }

    async fn receive(&mut self) -> io::Result<Message> {
        loop {
            if let Some(message) = Message::parse(&mut self.received)? {
                return Ok(message);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
