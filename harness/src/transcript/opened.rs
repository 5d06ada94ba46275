//! What the keys opened of a capture.

use std::collections::BTreeSet;

use super::entry::Entry;
use super::layer::{Layer, Opening, Protection};

/// SPIs and cookies remembered for a message.
const REMEMBERED: usize = 8;

/// Counts of encrypted messages and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opened {
    /// Messages that a key opened.
    pub opened: u64,
    /// Messages for which a key is given that does not open them.
    pub wrong: u64,
    /// Messages for which no key is given.
    pub absent: u64,
    /// Some of the ESP SPIs without a key.
    pub absent_spis: BTreeSet<u32>,
    /// Some of the IKE initiator cookies without a key.
    pub absent_cookies: BTreeSet<[u8; 8]>,
}

impl Opened {
    /// Counts an entry.
    pub(super) fn count(&mut self, entry: &Entry) {
        for layer in &entry.layers {
            match layer {
                Layer::Esp(esp) => match esp.opening {
                    Opening::Opened { .. } | Opening::OpenedTruncated { .. } => self.opened += 1,
                    Opening::KeyWrong => self.wrong += 1,
                    Opening::KeyAbsent => {
                        self.absent += 1;
                        if self.absent_spis.len() < REMEMBERED {
                            self.absent_spis.insert(esp.header.security_parameters_index);
                        }
                    }
                },
                Layer::Isakmp(message) => match message.protection {
                    Protection::Clear => {}
                    Protection::Opened => self.opened += 1,
                    Protection::KeyWrong => self.wrong += 1,
                    Protection::NegotiationMissing => {}
                    Protection::KeyAbsent => {
                        self.absent += 1;
                        if self.absent_cookies.len() < REMEMBERED {
                            self.absent_cookies.insert(message.header.initiator_cookie);
                        }
                    }
                },
                _ => {}
            }
        }
    }

    /// Whether there was something to open and no key was for any of it.
    #[must_use]
    pub const fn is_stranger(&self) -> bool {
        self.absent > 0 && self.opened == 0 && self.wrong == 0
    }
}
