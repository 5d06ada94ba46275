//! The message sent last in an exchange: sent again when no answer comes, and when the message that it answers comes again
//! (ISAKMP-2408-5.1-b).

use core::time::Duration;

use super::event::Datagram;
use crate::crypto::hash::Hash;
use core::net::SocketAddr;

/// A message, what it answers, and how often it was sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Flight {
    /// The message; none if nothing was sent yet.
    octets: Option<Vec<u8>>,
    /// The digest of the message that it answers.
    answers: Option<Vec<u8>>,
    /// How many times it was sent.
    times: usize,
    /// Whether an answer to it is waited for.
    is_awaited: bool,
}

impl Flight {
    /// Takes note of an accepted message and of the answer to it. One without an answer leaves what was sent before, for
    /// it may have to be said again.
    pub(super) fn answer(&mut self, received: &[u8], sent: Option<&[u8]>, is_awaited: bool) {
        self.answers = Some(digest(received));
        match sent {
            Some(octets) => self.send(octets, is_awaited),
            None => {
                self.octets = None;
                self.is_awaited = false;
            }
        }
    }

    /// Takes note of a message that was sent.
    pub(super) fn send(&mut self, octets: &[u8], is_awaited: bool) {
        self.octets = Some(octets.to_vec());
        self.times = 1;
        self.is_awaited = is_awaited;
    }

    /// What was sent in answer to this message, if it is the one that was answered last.
    pub(super) fn repeated(&self, received: &[u8]) -> Option<Option<&[u8]>> {
        (self.answers.as_deref() == Some(&digest(received))).then_some(self.octets.as_deref())
    }

    /// What to send when the wait is over.
    pub(super) fn again(&mut self) -> Option<(&[u8], usize)> {
        self.times = self.times.saturating_add(1);
        self.octets.as_deref().map(|octets| (octets, self.times))
    }

    /// How long to wait now, by the waits after each sending; `None` if the last wait is over.
    pub(super) fn wait(&self, waits: &[Duration]) -> Option<Duration> {
        waits.get(self.times.checked_sub(1)?).copied()
    }

    pub(super) const fn is_awaited(&self) -> bool {
        self.is_awaited
    }
}

fn digest(octets: &[u8]) -> Vec<u8> {
    Hash::Sha256.digest(&[octets])
}

/// A message on its way.
pub(super) fn message(local: SocketAddr, peer: SocketAddr, octets: &[u8]) -> Datagram {
    Datagram::Message { local, peer, octets: octets.to_vec() }
}
