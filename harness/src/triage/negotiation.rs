//! The negotiation of one PPP control protocol (RFC 1661 section 4), as far as its packets show it.

use l2tpspec_protocol::ppp::control::{Body, Code, OptionSet, Packet};

use super::mark::{Both, Frames, Mark, Side};

/// Different objections that are remembered.
const MOST: usize = 32;

/// An option that an end wants otherwise, or not at all.
#[derive(Debug)]
pub(super) struct Objection {
    /// Who objects; `None` on a link that does not say.
    pub(super) by: Option<Side>,
    pub(super) is_reject: bool,
    pub(super) number: u8,
    /// The option as the objection words it: what a Nak would take, or what a Reject will not.
    pub(super) option: String,
    pub(super) frames: Frames,
}

/// One negotiation.
#[derive(Debug, Default)]
pub(super) struct Negotiation {
    pub(super) requests: Both<Frames>,
    /// Identifier and options of each end's last request.
    pub(super) wanted: Both<Option<(u8, Vec<String>)>>,
    pub(super) acknowledged: Both<Option<Mark>>,
    /// Requests on a link that does not say who sends.
    pub(super) loose_requests: Frames,
    loose_acknowledged: Vec<(u8, Vec<String>)>,
    pub(super) objections: Vec<Objection>,
    pub(super) up: Option<Mark>,
    /// Whether it was up before and began anew.
    pub(super) is_renewed: bool,
}

impl Negotiation {
    /// Whether anything was asked for.
    pub(super) fn tried(&self) -> Option<Mark> {
        self.requests.earlier(Frames::begin).into_iter().chain(self.loose_requests.begin()).min()
    }

    /// Takes a packet. Returns whether it begins the negotiation anew.
    pub(super) fn see<O: OptionSet>(&mut self, packet: &Packet<O>, side: Option<Side>, mark: Mark) -> bool {
        let Body::Options(options) = &packet.body else { return false };
        match packet.code {
            Code::ConfigureRequest => return self.request(packet.identifier, words(options), side, mark),
            Code::ConfigureAck => self.acknowledge(packet.identifier, || words(options), side, mark),
            Code::ConfigureNak | Code::ConfigureReject => {
                let is_reject = packet.code == Code::ConfigureReject;
                for option in options {
                    self.object(side, is_reject, option.number(), option.to_string(), mark);
                }
            }
            _ => {}
        }
        false
    }

    fn request(&mut self, identifier: u8, options: Vec<String>, side: Option<Side>, mark: Mark) -> bool {
        let Some(side) = side else {
            self.loose_requests.note(mark);
            return false;
        };
        self.requests[side].note(mark);
        let is_copy = self.wanted[side]
            .as_ref()
            .is_some_and(|(last, wanted)| *last == identifier && *wanted == options);
        if is_copy {
            return false;
        }
        self.wanted[side] = Some((identifier, options));
        let is_renewal = self.up.take().is_some();
        if is_renewal {
            self.acknowledged = Both::default();
            self.is_renewed = true;
        }
        self.acknowledged[side] = None;
        is_renewal
    }

    fn acknowledge(
        &mut self,
        identifier: u8,
        options: impl Fn() -> Vec<String>,
        side: Option<Side>,
        mark: Mark,
    ) {
        match side {
            Some(side) => {
                let of = !side;
                let is_last = self.wanted[of].as_ref().is_none_or(|(last, _)| *last == identifier);
                if is_last {
                    self.acknowledged[of].get_or_insert(mark);
                }
                if let Some(mark) = self.acknowledged.later(|mark| *mark) {
                    self.up.get_or_insert(mark);
                }
            }
            // Two different acknowledgements cannot come from the same end.
            None => {
                let ack = (identifier, options());
                if !self.loose_acknowledged.contains(&ack) && self.loose_acknowledged.len() < MOST {
                    self.loose_acknowledged.push(ack);
                }
                if self.loose_acknowledged.len() > 1 {
                    self.up.get_or_insert(mark);
                }
            }
        }
    }

    fn object(&mut self, by: Option<Side>, is_reject: bool, number: u8, option: String, mark: Mark) {
        let known = self.objections.iter().position(|objection| {
            (objection.by, objection.is_reject, objection.number) == (by, is_reject, number)
        });
        match known {
            Some(at) => {
                self.objections[at].option = option;
                self.objections[at].frames.note(mark);
            }
            None if self.objections.len() < MOST => {
                let mut frames = Frames::default();
                frames.note(mark);
                self.objections.push(Objection { by, is_reject, number, option, frames });
            }
            None => {}
        }
    }
}

fn words<O: OptionSet>(options: &[O]) -> Vec<String> {
    options.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use l2tpspec_protocol::ppp::lcp::{Option as LcpOption, Packet as Lcp};

    use super::*;

    fn packet(code: Code, identifier: u8, mru: u16) -> Lcp {
        let body = Body::Options(vec![LcpOption::MaximumReceiveUnit(mru)]);
        Packet { code, identifier, body, padding: Vec::new() }
    }

    const fn at(frame: u64) -> Mark {
        Mark { frame, time: 0 }
    }

    #[test]
    fn it_is_up_when_both_requests_are_acknowledged() {
        let mut lcp = Negotiation::default();
        lcp.see(&packet(Code::ConfigureRequest, 1, 1400), Some(Side::A), at(1));
        lcp.see(&packet(Code::ConfigureRequest, 1, 1500), Some(Side::B), at(2));
        lcp.see(&packet(Code::ConfigureAck, 1, 1400), Some(Side::B), at(3));
        assert_eq!(lcp.up, None);
        lcp.see(&packet(Code::ConfigureAck, 1, 1500), Some(Side::A), at(4));
        assert_eq!(lcp.up, Some(at(4)));
    }

    #[test]
    fn an_acknowledgement_of_an_older_request_counts_for_nothing() {
        let mut lcp = Negotiation::default();
        lcp.see(&packet(Code::ConfigureRequest, 1, 1400), Some(Side::A), at(1));
        lcp.see(&packet(Code::ConfigureRequest, 2, 1400), Some(Side::A), at(2));
        lcp.see(&packet(Code::ConfigureAck, 1, 1400), Some(Side::B), at(3));
        assert_eq!(lcp.acknowledged[Side::A], None);
    }

    #[test]
    fn a_new_request_begins_anew_and_a_copy_does_not() {
        let mut lcp = Negotiation::default();
        for side in Side::ALL {
            lcp.see(&packet(Code::ConfigureRequest, 1, 1400), Some(side), at(1));
            lcp.see(&packet(Code::ConfigureAck, 1, 1400), Some(!side), at(2));
        }
        assert!(!lcp.see(&packet(Code::ConfigureRequest, 1, 1400), Some(Side::A), at(5)));
        assert_eq!(lcp.up, Some(at(2)));
        assert!(lcp.see(&packet(Code::ConfigureRequest, 2, 1400), Some(Side::A), at(6)));
        assert_eq!(lcp.up, None);
    }

    #[test]
    fn a_link_without_directions_is_up_after_two_different_acknowledgements() {
        let mut lcp = Negotiation::default();
        lcp.see(&packet(Code::ConfigureAck, 1, 1400), None, at(1));
        lcp.see(&packet(Code::ConfigureAck, 1, 1400), None, at(2));
        assert_eq!(lcp.up, None);
        lcp.see(&packet(Code::ConfigureAck, 1, 1500), None, at(3));
        assert_eq!(lcp.up, Some(at(3)));
    }
}
