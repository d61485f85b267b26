//! A Lambda function without a framework, for this crate's tests. The event selects the behaviour:
//! `{"do": "echo"}` answers the event, `fail` answers the error of the event's `type`, `exit` ends the
//! process, `sleep` takes `seconds`, `pid` answers the process id, `handler` the handler in the environment.
//! With `"log": true` the function prints a line first. With `ECHO_FAILS_TO_START` in its environment it ends
//! before it requests an event.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

fn main() -> std::io::Result<()> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(std::io::Error::other)?;
    if std::env::var_os("ECHO_FAILS_TO_START").is_some() {
        std::process::exit(9);
    }
    loop {
        let (id, event) = request(&api, "GET", "next", None)?;
        let event: Value = serde_json::from_str(&event)?;
        if event["log"] == true {
            println!("asked for {}", event["do"]);
        }
        let (verb, answer) = match event["do"].as_str() {
            Some("fail") => (
                "error",
                json!({ "errorType": event["type"], "errorMessage": "as asked" }),
            ),
            Some("exit") => std::process::exit(3),
            Some("sleep") => {
                std::thread::sleep(std::time::Duration::from_secs(
                    event["seconds"].as_u64().unwrap_or(1),
                ));
                ("response", event)
            }
            Some("pid") => ("response", json!(std::process::id())),
            Some("handler") => ("response", json!(std::env::var("_HANDLER").ok())),
            _ => ("response", event),
        };
        request(&api, "POST", &format!("{id}/{verb}"), Some(&answer.to_string()))?;
    }
}

fn request(api: &str, method: &str, path: &str, body: Option<&str>) -> std::io::Result<(String, String)> {
    let mut stream = TcpStream::connect(api)?;
    let body = body.unwrap_or_default();
    write!(
        stream,
        "{method} /2018-06-01/runtime/invocation/{path} HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut reader = BufReader::new(stream);
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "lambda-runtime-aws-request-id" => value.trim().clone_into(&mut id),
                "content-length" => length = value.trim().parse().unwrap_or(0),
                _ => {}
            }
        }
    }
    let mut text = vec![0; length];
    reader.read_exact(&mut text)?;
    Ok((id, String::from_utf8_lossy(&text).into_owned()))
}
