//! The token file: acknowledged writes, synced to disk before they count.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;

use crossover_core::{FractionalMillis, UnixMillis, routing::Side};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Maximum number of lines synced together; groups form automatically while a sync is in progress.
const GROUP: usize = 1_000;

/// One acknowledged write: one line of the token file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// The token of the write.
    pub token: Uuid,
    /// The client that sent it.
    pub client: u32,
    /// The client's own number of the write.
    pub seq: u64,
    /// Whether the write bypassed the edge.
    pub stray: bool,
    /// When it was due.
    pub scheduled_ms: UnixMillis,
    /// Time from then to the answer.
    pub latency_ms: FractionalMillis,
    /// How long the edge held the write, by its header; absent if the write was not held.
    pub held_ms: Option<FractionalMillis>,
    /// The side that answered, if the answer contains it.
    pub side: Option<Side>,
}

type Line = (Acknowledged, oneshot::Sender<()>);

/// Receives the acknowledgements of the operations.
#[derive(Debug, Clone)]
pub(super) struct TokenSender(mpsc::Sender<Line>);

impl TokenSender {
    /// Returns when the line is synced; `false` if it could not be written.
    pub(super) async fn record(&self, acknowledged: Acknowledged) -> bool {
        let (synced, done) = oneshot::channel();
        self.0.send((acknowledged, synced)).is_ok() && done.await.is_ok()
    }
}

/// The open token file and the thread that writes it.
#[derive(Debug)]
pub(super) struct TokenFile {
    sender: TokenSender,
    writer: JoinHandle<io::Result<()>>,
}

impl TokenFile {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(path)?;
        let (sender, lines) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("token-file".into())
            .spawn(move || write(file, &lines))?;
        Ok(Self {
            sender: TokenSender(sender),
            writer,
        })
    }

    pub(super) fn sender(&self) -> TokenSender {
        self.sender.clone()
    }

    /// Ends the writer after every sender has been dropped; returns whether every line was written.
    pub(super) fn close(self) -> io::Result<()> {
        drop(self.sender);
        self.writer
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Group commit: all lines that arrive during one sync are written with the next.
fn write(mut file: File, lines: &mpsc::Receiver<Line>) -> io::Result<()> {
    while let Ok(first) = lines.recv() {
        let group: Vec<Line> = std::iter::once(first)
            .chain(lines.try_iter().take(GROUP - 1))
            .collect();
        let mut text = Vec::new();
        for (acknowledged, _) in &group {
            serde_json::to_writer(&mut text, acknowledged)?;
            text.push(b'\n');
        }
        file.write_all(&text)?;
        file.sync_data()?;
        for (_, synced) in group {
            // The operation may have stopped waiting, which is not an error.
            let _ = synced.send(());
        }
    }
    Ok(())
}

/// Reads a token file; a last line without its end was never synced completely and does not count.
pub fn read_tokens(path: &Path) -> io::Result<Vec<Acknowledged>> {
    let mut input = BufReader::new(File::open(path)?);
    let mut tokens = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        input.read_line(&mut line)?;
        if !line.ends_with('\n') {
            return Ok(tokens);
        }
        tokens.push(serde_json::from_str(&line)?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acknowledged(seq: u64) -> Acknowledged {
        Acknowledged {
            token: Uuid::new_v4(),
            client: 1,
            seq,
            stray: false,
            scheduled_ms: UnixMillis(1_700_000_000_000),
            latency_ms: FractionalMillis(1.5),
            held_ms: None,
            side: Some(Side::Source),
        }
    }

    #[tokio::test]
    async fn recorded_lines_are_read_back_and_an_incomplete_last_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let file = TokenFile::create(&path).unwrap();
        let (first, second) = (acknowledged(1), acknowledged(2));
        assert!(file.sender().record(first.clone()).await);
        assert!(file.sender().record(second.clone()).await);
        file.close().unwrap();
        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"{\"token\":\"to")
            .unwrap();
        assert_eq!(read_tokens(&path).unwrap(), [first, second]);
    }

    #[test]
    fn an_earlier_runs_file_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        TokenFile::create(&path).unwrap().close().unwrap();
        assert_eq!(
            TokenFile::create(&path).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
    }

    #[tokio::test]
    async fn a_token_that_cannot_be_written_does_not_count() {
        // Every write to this device fails as on a full disk.
        let file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        let (sender, lines) = mpsc::channel();
        let writer = std::thread::spawn(move || write(file, &lines));
        assert!(!TokenSender(sender).record(acknowledged(1)).await);
        assert!(writer.join().unwrap().is_err());
    }
}
