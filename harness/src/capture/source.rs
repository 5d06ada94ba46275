//! Octets of a file in a window of fixed size.

use std::fmt;
use std::io::{self, Read};

use super::error::Stop;

/// A reader with a window: no more than the window is ever held, whatever a length field claims.
pub(crate) struct Source {
    reader: Box<dyn Read + Send>,
    window: Box<[u8]>,
    start: usize,
    end: usize,
    offset: u64,
    ended: Option<Ended>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Whole,
    /// A compressed stream ended early.
    Cut,
}

impl Source {
    /// Reads `reader` through a window of `size` octets.
    pub(crate) fn new(reader: Box<dyn Read + Send>, size: usize) -> Self {
        Self { reader, window: vec![0; size].into_boxed_slice(), start: 0, end: 0, offset: 0, ended: None }
    }

    /// Where the next octet stands.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether a compressed file ended before its end mark.
    pub(crate) fn is_cut(&self) -> bool {
        self.ended == Some(Ended::Cut)
    }

    /// The octets at hand.
    pub(crate) fn octets(&self) -> &[u8] {
        // `start <= end <= window.len()` holds in every method.
        &self.window[self.start..self.end]
    }

    /// Reads until `n` octets are at hand and returns how many are: fewer only at the end of the file.
    pub(crate) fn fill(&mut self, n: usize) -> io::Result<usize> {
        if self.end - self.start >= n {
            return Ok(self.end - self.start);
        }
        if self.window.len() - self.start < n {
            self.window.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.ended.is_none() && self.end - self.start < n && self.end < self.window.len() {
            match self.reader.read(&mut self.window[self.end..]) {
                Ok(0) => self.ended = Some(Ended::Whole),
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What was decompressed is all there is.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.ended = Some(Ended::Cut),
                Err(error) => return Err(error),
            }
        }
        Ok(self.end - self.start)
    }

    /// Puts the `n` octets of a record at hand.
    pub(crate) fn need(&mut self, n: usize) -> Result<(), Stop> {
        let have = self.fill(n)?;
        if have < n { Err(Stop::Truncated { need: n as u64, have: have as u64 }) } else { Ok(()) }
    }

    /// Passes `n` octets that are at hand.
    pub(crate) fn pass(&mut self, n: usize) {
        debug_assert!(n <= self.end - self.start, "only octets at hand are passed");
        self.start += n;
        self.offset += n as u64;
    }

    /// Passes `n` octets, at hand or not, and returns how many are missing.
    pub(crate) fn skip(&mut self, mut n: u64) -> io::Result<u64> {
        loop {
            let step = usize::try_from(n).unwrap_or(usize::MAX).min(self.end - self.start);
            self.pass(step);
            n -= step as u64;
            if n == 0 || self.fill(1)? == 0 {
                return Ok(n);
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("offset", &self.offset).finish_non_exhaustive()
    }
}
