//! How most rules of this layer are built: a function that judges one message by what the ISAKMP SA was seen to do
//! before. Copies of a message are judged once.

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Debug;
use std::net::IpAddr;

use super::message::{Message, Side};
use crate::rule::{Report, Rule, Seen};

/// ISAKMP SAs of one connection remembered at once; the oldest goes first.
const MAX_SAS: usize = 32;
/// Messages remembered to know copies of them.
const MAX_DIGESTS: usize = 4096;

/// What a rule remembers of one ISAKMP SA.
pub(in crate::rule) trait Memory: Debug + Default {
    /// Learns from a message that was judged.
    fn learn(&mut self, message: &Message<'_>);
}

/// Nothing to remember.
impl Memory for () {
    fn learn(&mut self, _: &Message<'_>) {}
}

/// Judges one message by what was seen of its ISAKMP SA before.
type Check<M> = fn(&Message<'_>, &M, &mut Report<'_>);

/// A rule made of a check.
#[derive(Debug)]
struct Judge<M> {
    check: Check<M>,
    copies: Copies,
    sas: Sas<M>,
}

/// Makes a rule of a check.
pub(in crate::rule) fn judge<M: Memory + 'static>(check: Check<M>) -> Box<dyn Rule> {
    Box::new(Judge { check, copies: Copies::default(), sas: Sas::default() })
}

impl<M: Memory> Rule for Judge<M> {
    fn see(&mut self, seen: &Seen<'_>, report: &mut Report<'_>) {
        let Some(mut message) = Message::of(seen) else { return };
        if !self.copies.is_new(message.isakmp.digest) {
            return;
        }
        let memory = self.sas.of(&mut message);
        (self.check)(&message, memory, report);
        memory.learn(&message);
    }
}

/// Digests of the messages that were judged.
#[derive(Debug, Default)]
pub(in crate::rule) struct Copies(BTreeSet<u64>);

impl Copies {
    /// Notes a message; false if it was there before.
    pub(in crate::rule) fn is_new(&mut self, digest: u64) -> bool {
        if self.0.len() == MAX_DIGESTS {
            self.0.clear();
        }
        self.0.insert(digest)
    }
}

/// What is remembered of each ISAKMP SA, and who answered phase 1.
#[derive(Debug, Default)]
pub(in crate::rule) struct Sas<M>(VecDeque<Known<M>>);

#[derive(Debug)]
struct Known<M> {
    cookie: [u8; 8],
    responder: Option<IpAddr>,
    memory: M,
}

impl<M: Default> Sas<M> {
    /// The memory of a message's ISAKMP SA. The message learns which side sends it.
    pub(in crate::rule) fn of(&mut self, message: &mut Message<'_>) -> &mut M {
        let cookie = message.header().initiator_cookie;
        let at = match self.0.iter().position(|known| known.cookie == cookie) {
            Some(at) => at,
            None => {
                if self.0.len() == MAX_SAS {
                    self.0.pop_front();
                }
                self.0.push_back(Known { cookie, responder: None, memory: M::default() });
                self.0.len() - 1
            }
        };
        let known = &mut self.0[at];
        if let Some(flow) = message.flow {
            if known.responder.is_none() && message.negotiates_phase1() {
                known.responder = Some(if message.is_opening() { flow.destination } else { flow.source });
            }
            message.side = match known.responder {
                Some(responder) if responder == flow.source => Some(Side::Responder),
                Some(responder) if responder == flow.destination => Some(Side::Initiator),
                _ => None,
            };
        }
        &mut known.memory
    }
}
