//! What a program wrote last, so that its end can be explained.

use std::collections::VecDeque;

use maxwell_core::limits::LAST_WORDS_MAX;

/// The tails of both standard streams, and the reason of the end. Writing never fails and never grows beyond the
/// limit; nothing is allocated for a program that writes nothing.
#[derive(Debug, Default)]
pub(crate) struct Output {
    stdout: Tail,
    stderr: Tail,
    end: String,
}

/// A standard stream that a program can write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Output {
    /// Appends to a stream; only the last [`LAST_WORDS_MAX`] bytes of each are kept.
    pub(crate) fn write(&mut self, stream: Stream, bytes: &[u8]) {
        match stream {
            Stream::Out => self.stdout.write(bytes),
            Stream::Err => self.stderr.write(bytes),
        }
    }

    /// Says why the program ended.
    pub(crate) fn end(&mut self, words: String) {
        self.end = words;
    }

    /// The reason of the end, then the tail of standard error, or of standard output if nothing was written to it.
    pub(crate) fn last_words(&self) -> String {
        let tail = if self.stderr.0.is_empty() { &self.stdout } else { &self.stderr };
        let tail = tail.text();
        let tail = tail.trim_end();
        match (self.end.is_empty(), tail.is_empty()) {
            (true, _) => tail.to_owned(),
            (false, true) => self.end.clone(),
            (false, false) => format!("{}\n{tail}", self.end),
        }
    }
}

#[derive(Debug, Default)]
struct Tail(VecDeque<u8>);

impl Tail {
    fn write(&mut self, bytes: &[u8]) {
        let last = &bytes[bytes.len().saturating_sub(LAST_WORDS_MAX)..];
        let excess = (self.0.len() + last.len()).saturating_sub(LAST_WORDS_MAX);
        self.0.drain(..excess);
        self.0.reserve_exact(last.len());
        self.0.extend(last);
    }

    /// Control characters but line breaks become spaces, so that an agent cannot move the operator's cursor; a
    /// character cut at the front shows as a replacement.
    fn text(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        text.chars().map(|symbol| if symbol.is_control() && symbol != '\n' { ' ' } else { symbol }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tail_is_kept_and_memory_stays_bounded() {
        let mut output = Output::default();
        (0..100_000).for_each(|i| output.write(Stream::Err, format!("line {i}\n").as_bytes()));
        output.write(Stream::Err, &[b'x'; 5_000]);
        output.write(Stream::Err, b"last");
        assert!(output.stderr.0.capacity() <= 2 * LAST_WORDS_MAX);
        let words = output.last_words();
        assert!(words.len() == LAST_WORDS_MAX && words.ends_with("xlast"));
    }

    #[test]
    fn the_reason_comes_first_then_standard_error_before_standard_output() {
        let mut output = Output::default();
        output.write(Stream::Out, b"out\n");
        assert_eq!(output.last_words(), "out");
        output.write(Stream::Err, b"err\x1b[2J\n");
        output.end("trap".to_owned());
        assert_eq!(output.last_words(), "trap\nerr [2J");
    }
}
