//! Follows the framing of the requests on one connection: where heads and bodies end (RFC 9112).
//!
//! hyper parses the requests; this only watches the same bytes, for two things that hyper does not report:
//! whether a part of the next head has already arrived, and whether a chunked body keeps strictly to the
//! grammar. Other servers may read a lax body differently, so no further request is accepted after it.

use std::mem::take;

/// The framing of a message's body, as its head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFraming {
    None,
    Length(u64),
    Chunked,
}

/// The place in the stream of requests that the received bytes have reached.
#[derive(Debug, Default)]
pub(super) struct Framing {
    place: Place,
    /// Bytes behind a head that hyper has not parsed yet.
    unparsed: Vec<u8>,
    irregular: bool,
}

#[derive(Debug)]
enum Place {
    /// In a head. `begun` is false while only empty lines have arrived.
    Head { begun: bool, line: Line },
    /// After a head, until [`Framing::begin_message`] says what follows.
    AfterHead,
    /// In a body, of which so many bytes are left.
    Body(u64),
    /// In a chunked body.
    Chunked(Chunked),
    /// Out of step with hyper; nothing is followed any more.
    Lost,
}

impl Default for Place {
    fn default() -> Self {
        Self::Head { begun: false, line: Line::Empty }
    }
}

/// The part of a line that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Empty,
    /// A single carriage return.
    Cr,
    Text,
}

impl Line {
    fn extended(self, more: &[u8]) -> Self {
        match (self, more) {
            (line, []) => line,
            (Self::Empty, [b'\r']) => Self::Cr,
            _ => Self::Text,
        }
    }
}

/// The place in a chunked body: the next byte that is expected.
#[derive(Debug)]
enum Chunked {
    Size { size: u64, digits: u8 },
    SizeLf { size: u64 },
    Data(u64),
    DataCr,
    DataLf,
    LastCr,
    LastLf,
}

impl Framing {
    /// Follows bytes that arrived.
    pub(super) fn received(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match &mut self.place {
                Place::Head { begun, line } => match bytes.iter().position(|&byte| byte == b'\n') {
                    None => {
                        *line = line.extended(bytes);
                        *begun |= *line == Line::Text;
                        return;
                    }
                    Some(end) => {
                        let is_empty = line.extended(&bytes[..end]) != Line::Text;
                        bytes = &bytes[end + 1..];
                        *line = Line::Empty;
                        if is_empty && *begun {
                            self.place = Place::AfterHead;
                        } else {
                            *begun |= !is_empty;
                        }
                    }
                },
                Place::AfterHead => {
                    self.unparsed.extend_from_slice(bytes);
                    return;
                }
                Place::Body(left) => {
                    let here = (bytes.len() as u64).min(*left);
                    *left -= here;
                    bytes = &bytes[here as usize..];
                    if *left == 0 {
                        self.place = Place::default();
                    }
                }
                Place::Chunked(chunked) => match chunked.advance(bytes) {
                    Some((used, is_end)) => {
                        bytes = &bytes[used..];
                        if is_end {
                            self.place = Place::default();
                        }
                    }
                    None => {
                        self.irregular = true;
                        self.place = Place::Lost;
                    }
                },
                Place::Lost => return,
            }
        }
    }

    /// Notes that hyper parsed a head, and what body follows it.
    pub(super) fn begin_message(&mut self, body: BodyFraming) {
        if !matches!(self.place, Place::AfterHead) {
            self.place = Place::Lost;
            return;
        }
        self.place = match body {
            BodyFraming::None | BodyFraming::Length(0) => Place::default(),
            BodyFraming::Length(length) => Place::Body(length),
            BodyFraming::Chunked => Place::Chunked(Chunked::Size { size: 0, digits: 0 }),
        };
        let unparsed = take(&mut self.unparsed);
        self.received(&unparsed);
    }

    /// Whether some bytes of a further head have arrived.
    pub(super) fn has_next_head(&self) -> bool {
        matches!(self.place, Place::Head { begun: true, .. } | Place::AfterHead)
    }

    /// Whether a chunked body broke the strict grammar.
    pub(super) fn is_irregular(&self) -> bool {
        self.irregular
    }
}

impl Chunked {
    /// Follows bytes, at least one. Returns how many it used and whether they end the body; `None` if they
    /// break the grammar.
    fn advance(&mut self, bytes: &[u8]) -> Option<(usize, bool)> {
        let first = bytes[0];
        match self {
            Self::Size { size, digits } => match (char::from(first).to_digit(16), first) {
                (Some(digit), _) if *digits < 16 => {
                    *self = Self::Size { size: *size << 4 | u64::from(digit), digits: *digits + 1 };
                }
                (None, b'\r') if *digits > 0 => *self = Self::SizeLf { size: *size },
                _ => return None,
            },
            Self::SizeLf { size } => {
                *self = match (first, *size) {
                    (b'\n', 0) => Self::LastCr,
                    (b'\n', size) => Self::Data(size),
                    _ => return None,
                };
            }
            Self::Data(left) => {
                let here = (bytes.len() as u64).min(*left);
                *left -= here;
                if *left == 0 {
                    *self = Self::DataCr;
                }
                return Some((here as usize, false));
            }
            Self::DataCr | Self::LastCr if first != b'\r' => return None,
            Self::DataLf | Self::LastLf if first != b'\n' => return None,
            Self::DataCr => *self = Self::DataLf,
            Self::DataLf => *self = Self::Size { size: 0, digits: 0 },
            Self::LastCr => *self = Self::LastLf,
            Self::LastLf => return Some((1, true)),
        }
        Some((1, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows the bytes in one piece and byte by byte, and returns whether a next head has begun and
    /// whether the body was irregular.
    fn follow(body: BodyFraming, bytes: &str) -> (bool, bool) {
        let (mut whole, mut single) = (Framing::default(), Framing::default());
        let head = "\r\nPOST / HTTP/1.1\r\nHost: a\r\n\r\n";
        whole.received(format!("{head}{bytes}").as_bytes());
        whole.begin_message(body);
        head.bytes().for_each(|byte| single.received(&[byte]));
        single.begin_message(body);
        bytes.bytes().for_each(|byte| single.received(&[byte]));
        let state = |framing: &Framing| (framing.has_next_head(), framing.is_irregular());
        assert_eq!(state(&whole), state(&single), "{bytes:?}");
        state(&whole)
    }

    #[test]
    fn the_begin_of_a_next_head_is_seen() {
        use BodyFraming::{Chunked, Length, None};
        for (body, bytes, expected) in [
            (None, "", false),
            (None, "\r\n", false),
            (None, "G", true),
            (None, "GET / HTTP/1.1\r\n", true),
            (None, "GET / HTTP/1.1\r\n\r\n", true),
            (Length(3), "ab", false),
            (Length(3), "abc", false),
            (Length(3), "abcG", true),
            (Chunked, "3\r\nabc\r\n", false),
            (Chunked, "3\r\nabc\r\n0\r\n\r\n", false),
            (Chunked, "3\r\nabc\r\n0\r\n\r\nG", true),
        ] {
            assert_eq!(follow(body, bytes), (expected, false), "{body:?} {bytes:?}");
        }
    }

    #[test]
    fn chunks_that_others_may_read_differently_are_irregular() {
        for bytes in [
            "3\nabc\r\n0\r\n\r\n",
            "3 \r\nabc\r\n0\r\n\r\n",
            "3;a=b\r\nabc\r\n0\r\n\r\n",
            "3\r\nabc\n0\r\n\r\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "0\r\n\n",
            "0\n\r\n",
            "0\r\nTrailer: x\r\n\r\n",
            "\r\n",
            "00000000000000003\r\nabc\r\n0\r\n\r\n",
        ] {
            assert_eq!(follow(BodyFraming::Chunked, bytes), (false, true), "{bytes:?}");
        }
        for bytes in ["a\r\n0123456789\r\n0\r\n\r\n", "000\r\n\r\n", "A\r\n0123456789\r\n"] {
            assert_eq!(follow(BodyFraming::Chunked, bytes), (false, false), "{bytes:?}");
        }
    }
}
