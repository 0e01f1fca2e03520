//! Messages that come compressed.

use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tonic::{Code, Status};

use super::{Incoming, Location};
use crate::handler::room::{LARGE, LargeMessages};
use crate::protocol::Encoding;

impl Incoming {
    /// Decompresses the frame that is here. Only what turns out to be large needs room for that.
    pub(super) fn poll_decompressed(
        &mut self,
        encoding: Encoding,
        large: &LargeMessages,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Status>> {
        let most = self.most_decompressed();
        if self.wanted == 0 {
            match self.decompress(encoding, most.min(LARGE)) {
                Err(status) if status.code() == Code::ResourceExhausted && most > LARGE => self.wanted = most,
                result => return Poll::Ready(result),
            }
        }
        ready!(self.room.poll_take(large.requests(), self.wanted, cx))?;
        self.decompress(encoding, most)?;
        self.room.shrink(self.decoded.len());
        Poll::Ready(Ok(()))
    }

    fn decompress(&mut self, encoding: Encoding, most: usize) -> Result<(), Status> {
        let mut decompressed = std::mem::take(&mut self.decoded);
        let result = encoding.decompress(self.bytes(), &mut decompressed, most);
        self.decoded = decompressed;
        result.map_err(|status| match status.code() {
            Code::ResourceExhausted if most < self.max_size => self.out_of_memory(),
            _ => self.fault(status),
        })?;
        if matches!(self.frame, Location::Partial) {
            self.partial.clear();
            if self.wanted > 0 {
                self.partial = BytesMut::new();
            }
        }
        self.frame = Location::Decoded;
        Ok(())
    }

    /// How many bytes the message may have when it is decompressed.
    pub(super) fn most_decompressed(&self) -> usize {
        self.max_size.min(self.left.saturating_sub(self.partial.len()))
    }

    pub(super) fn is_compressed(&self, flag: u8) -> Result<Option<Encoding>, Status> {
        match (flag, self.encoding) {
            (0, _) => Ok(None),
            (1, Some(encoding)) => Ok(Some(encoding)),
            // In Connect, too: its conformance suite has it so.
            (1, None) => Err(Status::internal(
                "a message is marked as compressed, and the headers name no compression",
            )),
            (other, _) => Err(Status::new(
                self.malformed,
                format!("a message's compression flag is {other}; it must be 0 or 1"),
            )),
        }
    }
}
