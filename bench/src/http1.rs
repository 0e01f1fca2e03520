//! The client's side of HTTP/1.1 by hand: calls that follow each other on one connection.
//!
//! A request is written as it was encoded once. A response tells its length or comes in chunks; unary calls are answered in
//! either way.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::wire::Field;

/// A server that sends nothing for this time has failed.
const SILENCE: Duration = Duration::from_mins(1);
const HEAD_END: &[u8] = b"\r\n\r\n";

/// The response to one request.
#[derive(Debug)]
pub(crate) struct Response<'a> {
    /// The header fields, with lower-case names, after the status as `:status`.
    pub(crate) fields: Vec<Field>,
    pub(crate) body: &'a [u8],
}

/// One connection to a server under load.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: TcpStream,
    input: Vec<u8>,
    /// The body of the last response.
    body: Vec<u8>,
}

/// A request of POST with its body.
pub(crate) fn request(path: &str, fields: &[(&'static str, String)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n");
    for (name, value) in fields {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Connection> {
        let socket = TcpStream::connect(address)
            .await
            .with_context(|| format!("connect to {address}"))?;
        socket.set_nodelay(true)?;
        Ok(Connection {
            socket,
            input: Vec::with_capacity(4096),
            body: Vec::new(),
        })
    }

    /// Sends a request and waits for its whole response.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<Response<'_>> {
        self.socket
            .write_all(request)
            .await
            .context("write to the server")?;
        self.input.clear();
        let head = loop {
            self.read().await?;
            let end = self
                .input
                .windows(HEAD_END.len())
                .position(|four| four == HEAD_END);
            if let Some(end) = end {
                break end + HEAD_END.len();
            }
        };
        let fields = fields(&self.input[..head])?;
        let framing = framing(&fields)?;
        let end = loop {
            self.body.clear();
            if let Some(length) = framing.body(&self.input[head..], &mut self.body)? {
                break head + length;
            }
            self.read().await?;
        };
        ensure!(self.input.len() == end, "the server sends more than its answer");
        let body = &self.body;
        Ok(Response { fields, body })
    }

    async fn read(&mut self) -> Result<()> {
        let read = self.socket.read_buf(&mut self.input);
        let length = tokio::time::timeout(SILENCE, read)
            .await
            .context("the server is silent")?
            .context("read from the server")?;
        ensure!(length > 0, "the server closed the connection");
        Ok(())
    }
}

fn fields(head: &[u8]) -> Result<Vec<Field>> {
    let head = std::str::from_utf8(head).context("a head that is no text")?;
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let status = first
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .with_context(|| format!("`{first}` is no status line of HTTP/1.1"))?;
    let status = (b":status".to_vec(), status.as_bytes().to_vec());
    let fields = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase().into(), value.trim().into()));
    Ok([status].into_iter().chain(fields).collect())
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy)]
enum Framing {
    Length(usize),
    Chunks,
}

fn framing(fields: &[Field]) -> Result<Framing> {
    let field = |name: &str| {
        let mut fields = fields.iter();
        fields
            .find(|(field, _)| field == name.as_bytes())
            .map(|(_, value)| String::from_utf8_lossy(value))
    };
    if field("transfer-encoding").is_some_and(|encoding| encoding == "chunked") {
        return Ok(Framing::Chunks);
    }
    let length = field("content-length").context("an answer that does not tell its length")?;
    let length = length
        .parse()
        .with_context(|| format!("content-length {length}"))?;
    Ok(Framing::Length(length))
}

impl Framing {
    /// Writes the body that `input` begins with to `body`, and returns how long it is in `input`; `None` if more must be read
    /// first.
    fn body(self, input: &[u8], body: &mut Vec<u8>) -> Result<Option<usize>> {
        if let Framing::Length(length) = self {
            let whole = input.get(..length);
            body.extend_from_slice(whole.unwrap_or_default());
            return Ok(whole.map(<[u8]>::len));
        }
        let mut rest = input;
        loop {
            let Some(line) = rest.windows(2).position(|two| two == b"\r\n") else {
                return Ok(None);
            };
            let size = String::from_utf8_lossy(&rest[..line]);
            let size =
                usize::from_str_radix(&size, 16).with_context(|| format!("a chunk of size `{size}`"))?;
            // A chunk, and the trailers after the last one, end with an empty line. Nobody sends trailers here.
            let end = line + 2 + size + 2;
            let Some(chunk) = rest.get(line + 2..end) else {
                return Ok(None);
            };
            ensure!(chunk.ends_with(b"\r\n"), "a chunk that is longer than its size");
            body.extend_from_slice(&chunk[..size]);
            rest = &rest[end..];
            if size == 0 {
                return Ok(Some(input.len() - rest.len()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// The result of two calls on one connection to a server that answers each with `pieces`.
    async fn two_calls(pieces: &'static [&'static [u8]]) -> Result<Vec<(Vec<Field>, Vec<u8>)>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut connection = Connection::open(listener.local_addr()?).await?;
        let (mut socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let server = async move {
            for _ in 0..2 {
                let mut request = [0; 4];
                socket.read_exact(&mut request).await?;
                for piece in pieces {
                    socket.write_all(piece).await?;
                    tokio::task::yield_now().await;
                }
            }
            anyhow::Ok(socket)
        };
        let client = async {
            let mut responses = Vec::new();
            for _ in 0..2 {
                let response = connection.call(b"GET!").await?;
                responses.push((response.fields, response.body.to_vec()));
            }
            Ok(responses)
        };
        tokio::select! {
            // A client that fails does not wait for the server.
            responses = client => responses,
            Err(error) = server => Err(error),
        }
    }

    #[tokio::test]
    async fn a_response_is_read_however_it_is_cut() {
        let whole: &[&[u8]] = &[b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"];
        let chunks: &[&[u8]] =
            &[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"];
        let cut_chunks: &[&[u8]] = &[
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1",
            b"\r\n{\r",
            b"\n1\r\n}\r\n0\r\n",
            b"\r\n",
        ];
        let cut: &[&[u8]] = &[b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: 2\r\n\r", b"\n{", b"}"];
        for pieces in [whole, cut, chunks, cut_chunks] {
            let responses = two_calls(pieces).await.unwrap();
            assert_eq!(responses.len(), 2);
            for (fields, body) in responses {
                assert_eq!(body, b"{}");
                assert_eq!(fields[0], (b":status".to_vec(), b"200".to_vec()));
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_whole_answer_is_an_error() {
        let wrong: [(&[&[u8]], &str); 6] = [
            (&[b"HTTP/1.1 200 OK\r\n\r\n{}"], "does not tell its length"),
            (
                &[b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{}"],
                "sends more than its answer",
            ),
            (
                &[b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{}\r\n"],
                "longer than its size",
            ),
            (
                &[b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n?\r\n"],
                "a chunk of size `?`",
            ),
            (&[b"HTTP/1.0 200 OK\r\n\r\n"], "no status line of HTTP/1.1"),
            (
                &[b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"],
                "content-length x",
            ),
        ];
        for (pieces, says) in wrong {
            let error = format!("{:#}", two_calls(pieces).await.unwrap_err());
            assert!(error.contains(says), "{error}");
        }
    }
}
