// The envelopes of Connect's streams: a byte of flags, the length of the message in four bytes, and the message.

const PREFIX = 5;
const COMPRESSED = 1;
const END = 2;

/** The largest envelope that is taken, in bytes: the server keeps no message that is larger. */
const MAX_LENGTH = 64 * 1024 * 1024;

/** One message in its envelope. */
export function envelope(text) {
  const message = new TextEncoder().encode(text);
  const bytes = new Uint8Array(PREFIX + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, PREFIX);
  return bytes;
}

/** What has come of a body, in the pieces in which it came. Joined only when something is whole. */
class Pieces {
  #pieces = [];
  length = 0;

  add(piece) {
    this.#pieces.push(piece);
    this.length += piece.length;
  }

  /** The first bytes, which stay. */
  peek(length) {
    this.#join(length);
    return this.#pieces[0].subarray(0, length);
  }

  take(length) {
    const bytes = this.peek(length);
    this.#pieces[0] = this.#pieces[0].subarray(length);
    if (this.#pieces[0].length === 0) this.#pieces.shift();
    this.length -= length;
    return bytes;
  }

  /** Makes the first piece at least so long. */
  #join(length) {
    if (this.#pieces.length > 0 && this.#pieces[0].length >= length) return;
    const joined = new Uint8Array(this.length);
    let at = 0;
    for (const piece of this.#pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [joined];
  }
}

/**
 * The messages of a body, as they come: each an object of its text and whether it is the end of the stream. Throws if the
 * body ends within an envelope, or has one that cannot be read.
 */
export async function* envelopes(body) {
  const decoder = new TextDecoder();
  const pieces = new Pieces();
  const reader = body.getReader();
  try {
    for (;;) {
      while (pieces.length >= PREFIX) {
        const prefix = pieces.peek(PREFIX);
        const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(1);
        const flags = prefix[0];
        if (flags & COMPRESSED) throw new Error('the answer is compressed, which was not asked for');
        if (length > MAX_LENGTH) throw new Error(`the answer has a message of ${length} bytes`);
        if (pieces.length < PREFIX + length) break;
        pieces.take(PREFIX);
        const text = length === 0 ? '' : decoder.decode(pieces.take(length));
        yield { text, isEnd: (flags & END) !== 0 };
      }
      const { done, value } = await reader.read();
      if (done) break;
      pieces.add(value);
    }
    if (pieces.length > 0) throw new Error('the answer ends within a message');
  } finally {
    reader.cancel().catch(() => {});
  }
}
