use std::path::{Path, PathBuf};

use crossover_stand::{StandError, Workerd, ports};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::the_parts;

fn config(dir: &Path, port: u16, module: &str) -> PathBuf {
    let path = dir.join("config.capnp");
    let text = format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = (
    modules = [ (name = "main.js", esModule = "{module}") ],
    compatibilityDate = "2026-01-01",
  )) ],
  sockets = [ (name = "http", address = "127.0.0.1:{port}", http = (), service = "main") ],
);
"#
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_worker_answers_once_started() {
    let parts = the_parts().await;
    let dir = tempfile::tempdir().unwrap();
    let port = ports::free().unwrap();
    let module = "export default { fetch() { return new Response('hello from the edge'); } };";
    let worker = Workerd::start(&parts, &config(dir.path(), port, module), port, dir.path())
        .await
        .unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("hello from the edge"), "{answer}");
    worker.stop().await.unwrap();
    assert!(ports::is_free(port));
}

#[tokio::test]
async fn a_worker_that_does_not_load_returns_the_reason() {
    let parts = the_parts().await;
    let dir = tempfile::tempdir().unwrap();
    let port = ports::free().unwrap();
    let broken = config(dir.path(), port, "this is no JavaScript");
    let error = Workerd::start(&parts, &broken, port, dir.path())
        .await
        .unwrap_err();
    assert!(matches!(error, StandError::DidNotStart { .. }));
    assert!(error.to_string().contains("SyntaxError"), "{error}");
}
