//! A stream of server-sent events taken apart as the WHATWG standard says: pieces of bytes in, messages out.

/// Longest line that is kept, in bytes: many times the longest event.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Its name; empty for an activity event.
    pub event: String,
    /// The id that stands in it.
    pub id: Option<String>,
    /// Its data.
    pub data: String,
}

/// A line that is too long to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// What has come and is no whole message yet.
#[derive(Debug, Default)]
pub struct Feed {
    line: Vec<u8>,
    /// The byte before was a carriage return: a line feed just after it belongs to it.
    returned: bool,
    /// Something was read before: a mark of the byte order stands only at the beginning.
    begun: bool,
    message: Message,
    has_data: bool,
    /// How long the server wants to be left alone after a break, in milliseconds.
    pub retry_ms: Option<u64>,
}

impl Feed {
    /// Takes the next piece, and gives the messages that are whole by now.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn take(&mut self, piece: &[u8]) -> Result<Vec<Message>, TooLong> {
        let mut whole = Vec::new();
        for byte in piece.iter().copied() {
            let after_return = std::mem::replace(&mut self.returned, byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => whole.extend(self.end_line()),
                _ if self.line.len() >= LINE_BYTES_MAX => return Err(TooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(whole)
    }

    fn end_line(&mut self) -> Option<Message> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let is_first = !std::mem::replace(&mut self.begun, true);
        let line = if is_first { text.strip_prefix('\u{feff}').unwrap_or(&text) } else { &text };
        if line.is_empty() {
            let message = std::mem::take(&mut self.message);
            return std::mem::take(&mut self.has_data).then_some(message);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.message.event),
            "data" => {
                if self.has_data {
                    self.message.data.push('\n');
                }
                self.has_data = true;
                self.message.data.push_str(value);
            }
            "id" if !value.contains('\0') => self.message.id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => self.retry_ms = value.parse().ok(),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}retry: 2000\r\n\r\nevent: connected\ndata: {}\n\n: keepalive\n\nid: 7\rdata: one\rdata:two\r\r\
                          id: 8\ndata: caf\u{e9}\n\nevent: nothing\n\nid: 9\ndata: half";

    fn message(event: &str, id: Option<&str>, data: &str) -> Message {
        Message { event: event.to_owned(), id: id.map(str::to_owned), data: data.to_owned() }
    }

    #[test]
    fn messages_are_the_same_wherever_the_pieces_are_cut() {
        let expected =
            [message("connected", None, "{}"), message("", Some("7"), "one\ntwo"), message("", Some("8"), "caf\u{e9}")];
        for size in 1..STREAM.len() {
            let mut feed = Feed::default();
            let pieces = STREAM.as_bytes().chunks(size).flat_map(|piece| feed.take(piece).expect("short lines"));
            assert_eq!(pieces.collect::<Vec<_>>(), expected, "pieces of {size}");
            assert_eq!(feed.retry_ms, Some(2_000));
        }
    }

    #[test]
    fn a_line_without_an_end_is_not_gathered_for_ever() {
        let mut feed = Feed::default();
        let piece = vec![b'x'; 1024 * 1024];
        let taken = (0..6).map(|_| feed.take(&piece)).find(Result::is_err);
        assert_eq!(taken, Some(Err(TooLong)));
    }
}
