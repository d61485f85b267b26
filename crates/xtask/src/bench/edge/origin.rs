//! The origin behind the Workers: it answers every request at once.

use std::{
    io::{self, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use anyhow::Context;

use crate::bench::edge::message;

/// The body of a write.
pub const WRITE: &str = r#"{"customer":4711,"items":[{"sku":"A-1","count":2}],"note":"ring twice"}"#;
/// The body of every answer to a complete request.
pub const ANSWER: &str = r#"{"id":81234567,"state":"accepted","total":"129.90"}"#;

/// An HTTP server on loopback, until the program ends.
pub struct Origin {
    pub address: SocketAddr,
}

impl Origin {
    pub fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("the origin cannot listen on 127.0.0.1")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A broken connection is an error of the client's request, which is reported there.
                thread::spawn(move || serve(stream));
            }
        });
        Ok(Self { address })
    }
}

impl Origin {
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn serve(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (accepted, refused) = (answer("200 OK", ANSWER), answer("400 Bad Request", "incomplete"));
    let mut stream = BufReader::new(stream);
    while let Some(request) = message::read(&mut stream)? {
        let expected = if request.start.starts_with("POST ") {
            WRITE
        } else {
            ""
        };
        let is_complete = request.body == expected.as_bytes();
        stream
            .get_mut()
            .write_all(if is_complete { &accepted } else { &refused })?;
    }
    Ok(())
}

/// An answer with eight headers.
fn answer(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n\
         date: Sun, 01 Nov 2026 08:00:00 GMT\r\n\
         server: shop\r\n\
         content-type: application/json\r\n\
         content-length: {length}\r\n\
         cache-control: no-store\r\n\
         vary: accept-encoding\r\n\
         x-request-id: 0c5e1f0a-77d2-4c1e-9a35-6f1d2a9f7b10\r\n\
         set-cookie: session=5f2b9c; Path=/; HttpOnly\r\n\r\n{body}"
    )
    .into_bytes()
}
