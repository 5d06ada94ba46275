//! What one end of a link has said in one protocol that negotiates (RFC 1661 section 5).

use std::collections::{BTreeSet, VecDeque};

use l2tpspec_protocol::ppp::control::Code;

use super::message::{Choice, Content, Message};

/// Requests remembered, the latest ones.
const REMEMBERED: usize = 8;

/// A Configure-Request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) identifier: u8,
    pub(super) options: Vec<Choice>,
}

/// An option that the peer rejected.
#[derive(Debug, Clone)]
pub(super) struct Rejected {
    pub(super) number: u8,
    pub(super) identifier: u8,
    pub(super) frame: u64,
    pub(super) time: i64,
    /// How often it was rejected.
    pub(super) times: u32,
    /// The request of which it was rejected first.
    pub(super) request: Vec<Choice>,
}

/// What one end has said, and what its peer made of it.
#[derive(Debug, Default)]
pub(super) struct Dialogue {
    requests: VecDeque<Request>,
    /// Options of its last request that the peer acknowledged.
    pub(super) agreed: Option<Vec<Choice>>,
    /// Types of all options that it ever asked for.
    pub(super) asked: BTreeSet<u8>,
    /// Options that the peer rejected since the last agreement.
    pub(super) rejected: Vec<Rejected>,
    /// Types of all options that the peer ever rejected.
    pub(super) ever_rejected: BTreeSet<u8>,
    /// Options that the peer ever suggested in a Nak.
    pub(super) suggested: Vec<Choice>,
    /// A Configure-Ack of the peer's to a request that the recording does not have, or not yet.
    early: Option<Request>,
}

impl Dialogue {
    /// Whether it has asked for anything, be it no option at all.
    pub(super) fn has_requested(&self) -> bool {
        !self.requests.is_empty()
    }

    pub(super) fn last(&self) -> Option<&Request> {
        self.requests.back()
    }

    /// The remembered requests with this identifier.
    pub(super) fn requests(&self, identifier: u8) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(move |request| request.identifier == identifier)
    }

    /// Notes a request of this end.
    pub(super) fn request(&mut self, identifier: u8, options: &[Choice]) {
        if self.requests.len() == REMEMBERED {
            self.requests.pop_front();
        }
        self.asked.extend(options.iter().map(|option| option.number));
        let request = Request { identifier, options: options.to_vec() };
        // A recorder may see the answer before the request.
        if self.early.take_if(|early| *early == request).is_some() {
            self.agreed = Some(options.to_vec());
            self.rejected.clear();
        }
        self.requests.push_back(request);
    }

    /// Notes what the peer answered.
    pub(super) fn answer(&mut self, message: &Message, frame: u64, time: i64) {
        let Content::Options(options) = &message.content else { return };
        let Some(last) = self.requests.back().filter(|last| last.identifier == message.identifier) else {
            if message.code == Code::ConfigureAck {
                self.early = Some(Request { identifier: message.identifier, options: options.clone() });
            }
            return;
        };
        match message.code {
            Code::ConfigureAck => {
                self.agreed = Some(last.options.clone());
                self.rejected.clear();
            }
            Code::ConfigureNak if self.suggested.len() < 64 => self.suggested.extend_from_slice(options),
            Code::ConfigureReject => {
                for option in options {
                    self.ever_rejected.insert(option.number);
                    let (number, identifier) = (option.number, message.identifier);
                    match self.rejected.iter_mut().find(|known| known.number == number) {
                        Some(known) => known.times += 1,
                        None => {
                            let request = last.options.clone();
                            self.rejected.push(Rejected {
                                number,
                                identifier,
                                frame,
                                time,
                                times: 1,
                                request,
                            });
                        }
                    }
                }
            }
            _ => {}
        }
    }
}
