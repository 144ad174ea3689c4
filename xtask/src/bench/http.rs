//! A client that sends bytes and reads one answer: blocking, over one kept connection. It is our own because it
//! shares the processors with the server it measures, and a full client costs as much as the answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::Context;

/// A longer body is counted, and its beginning kept.
const KEPT: usize = 1 << 20;
/// Nothing here takes so long; without a limit a server that hangs would hang the benchmark.
const PATIENCE: Duration = Duration::from_mins(3);

pub struct Client {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
    pub body: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub bytes: u64,
    /// From sending the request to the first of the body.
    pub first: Duration,
}

enum Length {
    Known(u64),
    Chunked,
}

impl Client {
    pub fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).context("cannot reach the server")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let stream = BufReader::with_capacity(1 << 16, stream);
        Ok(Self { stream, line: Vec::new(), body: Vec::new() })
    }

    /// Sends a whole request and reads the whole answer.
    pub fn call(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        let began = Instant::now();
        self.stream.get_mut().write_all(request)?;
        self.body.clear();
        self.read_line()?;
        let status = std::str::from_utf8(&self.line)?.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.context("the answer has no status")?;
        let length = self.read_headers()?;
        if !matches!(length, Length::Known(0)) {
            self.stream.fill_buf()?;
        }
        let first = began.elapsed();
        let bytes = match length {
            Length::Known(length) => self.take(length)?,
            Length::Chunked => self.take_chunks()?,
        };
        Ok(Answer { status, bytes, first })
    }

    fn read_headers(&mut self) -> anyhow::Result<Length> {
        let mut length = Length::Known(0);
        loop {
            self.read_line()?;
            if self.line.is_empty() {
                return Ok(length);
            }
            let line = std::str::from_utf8(&self.line)?;
            let Some((name, value)) = line.split_once(':') else { continue };
            if name.eq_ignore_ascii_case("content-length") {
                length = Length::Known(value.trim().parse()?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") && value.contains("chunked") {
                length = Length::Chunked;
            }
        }
    }

    fn take_chunks(&mut self) -> anyhow::Result<u64> {
        let mut total = 0;
        loop {
            self.read_line()?;
            let size = std::str::from_utf8(&self.line)?.split(';').next().unwrap_or_default();
            let size = u64::from_str_radix(size.trim(), 16).context("a chunk has no size")?;
            total += self.take(size)?;
            // The line after a chunk, which is empty; after the last one as well, as nobody sends trailers here.
            self.read_line()?;
            if size == 0 {
                return Ok(total);
            }
        }
    }

    fn take(&mut self, length: u64) -> anyhow::Result<u64> {
        let kept = length.min(KEPT.saturating_sub(self.body.len()) as u64);
        let mut read = (&mut self.stream).take(kept).read_to_end(&mut self.body)? as u64;
        read += std::io::copy(&mut (&mut self.stream).take(length - kept), &mut std::io::sink())?;
        anyhow::ensure!(read == length, "the answer broke off");
        Ok(length)
    }

    /// The next line, without its end.
    fn read_line(&mut self) -> anyhow::Result<()> {
        self.line.clear();
        self.stream.read_until(b'\n', &mut self.line)?;
        anyhow::ensure!(self.line.pop() == Some(b'\n'), "the connection was closed");
        if self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        Ok(())
    }
}

/// A request as it goes over the wire.
pub fn request(method: &str, path: &str, token: &str, body: Option<&str>) -> Vec<u8> {
    let token = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let body = body.map_or("\r\n".to_owned(), |body| {
        format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    });
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{token}{body}").into_bytes()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A server that answers each request with the next of these texts.
    fn answering(answers: &'static [&'static str]) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for answer in answers {
                let _ = stream.read(&mut [0; 1024]).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        Client::connect(address).unwrap()
    }

    #[test]
    fn answers_of_known_length_and_in_chunks_follow_one_another() {
        let mut client = answering(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
        ]);
        let asked = request("GET", "/", "", None);
        let call = |client: &mut Client| client.call(&asked).map(|it| (it.status, it.bytes)).unwrap();
        assert_eq!(call(&mut client), (200, 5));
        assert_eq!(client.body, b"hello");
        assert_eq!(call(&mut client), (201, 5));
        assert_eq!(client.body, b"abcde");
        assert_eq!(call(&mut client), (204, 0));
    }

    #[test]
    fn an_answer_that_breaks_off_is_an_error() {
        let mut client = answering(&["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"]);
        assert!(client.call(&request("GET", "/", "", None)).is_err());
        let mut client = answering(&["not HTTP\r\n"]);
        assert!(client.call(&request("GET", "/", "", None)).is_err());
    }

    #[test]
    fn a_request_names_its_token_and_the_length_of_its_body() {
        let text = String::from_utf8(request("PUT", "/a?b=c", "t", Some("{}"))).unwrap();
        assert!(text.starts_with("PUT /a?b=c HTTP/1.1\r\n"));
        assert!(
            text.contains("Authorization: Bearer t\r\n") && text.ends_with("Content-Length: 2\r\n\r\n{}")
        );
    }
}
