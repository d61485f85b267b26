//! A question to whoever sits at the terminal.

use std::io::{self, BufRead as _, IsTerminal as _};

use futures::channel::oneshot;

/// The answer; none if there is no terminal, or nothing was answered.
pub fn asked(question: &str) -> anyhow::Result<Option<String>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    eprint!("{question}");
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let answer = line.trim();
    Ok((!answer.is_empty()).then(|| answer.to_owned()))
}

/// Whether the answer is yes; none if there is no terminal. Ctrl-C ends the command although nobody answers: the thread
/// that reads is left behind.
pub async fn agreed(question: &'static str) -> anyhow::Result<Option<bool>> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let (answered, answer) = oneshot::channel();
    std::thread::spawn(move || {
        // Nobody waits for the answer any more after an interrupt.
        let _ = answered.send(asked(question));
    });
    Ok(Some(answer.await??.is_some_and(|answer| means_yes(&answer))))
}

fn means_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::means_yes;

    #[test]
    fn only_yes_is_yes() {
        for yes in ["y", "Y", "yes", "YES"] {
            assert!(means_yes(yes), "{yes}");
        }
        for no in ["", "n", "no", "yep", "ja", "1", "yes please"] {
            assert!(!means_yes(no), "{no}");
        }
    }
}
