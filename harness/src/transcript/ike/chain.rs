//! The initialisation vectors of one exchange: each message is encrypted with the last block of the one before.

use std::collections::VecDeque;

/// Messages of one exchange remembered, to know copies of them.
const MAX_MESSAGES: usize = 16;

/// The vectors of one exchange.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    next: Option<Vec<u8>>,
    /// Digest of each message that moved the exchange on, and the vector that it was encrypted with.
    seen: VecDeque<(u64, Vec<u8>)>,
}

impl Chain {
    /// The last ciphertext block, if any message was seen.
    pub(crate) fn last_block(&self) -> Option<&[u8]> {
        self.next.as_deref()
    }

    /// The vector of a message: the one that it had before if this is a copy, else the last block before it.
    pub(crate) fn vector(&self, digest: u64, first: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
        match self.seen.iter().find(|(seen, _)| *seen == digest) {
            Some((_, vector)) => vector.clone(),
            None => self.next.clone().unwrap_or_else(first),
        }
    }

    /// Notes that a message moved the exchange on; a copy does not (IKE-2409-10-a).
    pub(crate) fn advance(&mut self, digest: u64, vector: Vec<u8>, last_block: &[u8]) {
        if self.seen.iter().any(|(seen, _)| *seen == digest) {
            return;
        }
        if self.seen.len() == MAX_MESSAGES {
            self.seen.pop_front();
        }
        self.seen.push_back((digest, vector));
        self.next = Some(last_block.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_vector_of_the_original_and_moves_nothing() {
        let mut chain = Chain::default();
        let first = chain.vector(1, || vec![0]);
        chain.advance(1, first, &[1]);
        let second = chain.vector(2, || unreachable!("the first message set it"));
        assert_eq!(second, [1]);
        chain.advance(2, second, &[2]);
        assert_eq!(chain.vector(1, || unreachable!()), [0]);
        chain.advance(1, vec![0], &[9]);
        assert_eq!(chain.vector(3, || unreachable!()), [2]);
    }
}
