//! The little of HTTP/1.1 that the bench's clients and its origin need.

use std::io::{self, BufRead, ErrorKind, Read};

/// A request or an answer, without its headers.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// The first line.
    pub start: String,
    pub body: Vec<u8>,
}

/// Reads one message; none at the end of the connection.
pub fn read(from: &mut impl BufRead) -> io::Result<Option<Message>> {
    let Some(start) = line(from)? else {
        return Ok(None);
    };
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = line(from)?.ok_or(ErrorKind::UnexpectedEof)?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = number(value, 10)?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = true;
        }
    }
    let mut body = Vec::new();
    if chunked {
        while let size @ 1.. = number(&line(from)?.ok_or(ErrorKind::UnexpectedEof)?, 16)? {
            take(from, size, &mut body)?;
            line(from)?;
        }
        line(from)?;
    } else {
        take(from, length, &mut body)?;
    }
    Ok(Some(Message { start, body }))
}

/// A line without its end; none at the end of the connection.
fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    line.truncate(line.trim_end().len());
    Ok(Some(line))
}

fn number(text: &str, radix: u32) -> io::Result<u64> {
    u64::from_str_radix(text.trim(), radix).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

fn take(from: &mut impl BufRead, size: u64, body: &mut Vec<u8>) -> io::Result<()> {
    if from.take(size).read_to_end(body)? as u64 == size {
        Ok(())
    } else {
        Err(ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(start: &str, body: &str) -> Message {
        Message {
            start: start.to_owned(),
            body: body.into(),
        }
    }

    #[test]
    fn messages_of_one_connection_are_read_one_after_the_other() {
        let mut text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n\
                        POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\
                        HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nA\r\n0123456789\r\n0\r\n\r\n\
                        HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nd"
            .as_bytes();
        for expected in [
            message("GET / HTTP/1.1", ""),
            message("POST / HTTP/1.1", "abc"),
            message("HTTP/1.1 200 OK", "ab0123456789"),
            message("HTTP/1.1 200 OK", "d"),
        ] {
            assert_eq!(read(&mut text).unwrap(), Some(expected));
        }
        assert_eq!(read(&mut text).unwrap(), None);
    }

    #[test]
    fn a_message_that_is_cut_off_is_an_error() {
        for text in [
            "GET / HTTP/1.1\r\nHost: a\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
            "POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        ] {
            assert!(read(&mut text.as_bytes()).is_err(), "{text}");
        }
    }
}
