//! One PPP link (RFC 1661 section 3): negotiation, authentication, user packets, and the routing protocol over it.

use l2tpspec_protocol::ppp::control::{Body, Code};
use l2tpspec_protocol::ppp::{Control, Protocol, lcp};

use super::authentication::Authentication;
use super::data::Data;
use super::ladder::Ladder;
use super::mark::{Both, Frames, Mark, Side};
use super::negotiation::{Negotiation, Objection};
use super::offer::quoted;
use super::ospf::Adjacency;
use super::rung::Rung;
use crate::transcript::Layer;

/// Number of LCP's Authentication-Protocol option (RFC 1661 section 6.2).
pub(super) const AUTHENTICATION_PROTOCOL: u8 = 3;
/// Protocols that were rejected and are remembered.
const MOST_REJECTED: usize = 16;

/// An LCP Terminate-Request.
#[derive(Debug)]
pub(super) struct Terminate {
    pub(super) side: Option<Side>,
    pub(super) text: Option<String>,
    pub(super) frames: Frames,
}

/// A protocol that an end does not speak.
#[derive(Debug)]
pub(super) struct Rejected {
    pub(super) by: Option<Side>,
    pub(super) protocol: Protocol,
    pub(super) frames: Frames,
}

/// One link.
#[derive(Debug, Default)]
pub(super) struct Ppp {
    pub(super) lcp: Negotiation,
    /// A negotiation that began after the end was said; it counts if it succeeds.
    revival: Negotiation,
    pub(super) authentication: Authentication,
    pub(super) ipcp: Negotiation,
    pub(super) data: Data,
    pub(super) adjacency: Adjacency,
    pub(super) terminate: Option<Terminate>,
    pub(super) rejected: Vec<Rejected>,
    /// Echo-Requests that nothing answered so far.
    pub(super) unanswered: Both<Frames>,
    /// Frames of any kind.
    pub(super) frames: Both<Frames>,
}

impl Ppp {
    /// Takes the layers of a frame from PPP on.
    pub(super) fn see(&mut self, layers: &[Layer], side: Option<Side>, mark: Mark) {
        if let Some(side) = side {
            self.frames[side].note(mark);
        }
        match layers {
            [Layer::PppControl(control), ..] | [Layer::Ppp(_), Layer::PppControl(control), ..] => {
                self.control(control, side, mark);
            }
            [Layer::Ppp(header), inner @ ..] => {
                self.data.see(header.protocol, inner, side, mark);
                if let Some(packet) = inner.iter().find_map(|layer| match layer {
                    Layer::Ospf(packet) => Some(packet),
                    _ => None,
                }) {
                    self.adjacency.see(packet, side, mark);
                }
            }
            _ => {}
        }
    }

    fn control(&mut self, control: &Control, side: Option<Side>, mark: Mark) {
        match control {
            Control::Lcp(packet) => self.lcp(packet, side, mark),
            Control::Pap(packet) => self.authentication.pap(packet, mark),
            Control::Chap(packet) => self.authentication.chap(packet, side, mark),
            Control::Eap(packet) => self.authentication.eap(packet, side, mark),
            Control::Ipcp(packet) => {
                self.ipcp.see(packet, side, mark);
            }
            Control::Cbcp(_) | Control::Ipv6cp(_) | Control::Ccp(_) | Control::Other { .. } => {}
        }
    }

    fn lcp(&mut self, packet: &lcp::Packet, side: Option<Side>, mark: Mark) {
        if self.terminate.is_some() {
            self.revival.see(packet, side, mark);
            if self.revival.up.is_some() {
                let frames = std::mem::take(&mut self.frames);
                *self = Self { lcp: std::mem::take(&mut self.revival), frames, ..Self::default() };
            }
        } else if self.lcp.see(packet, side, mark) {
            self.authentication = Authentication::default();
            self.ipcp = Negotiation::default();
            self.data = Data::default();
        }
        match (packet.code, &packet.body) {
            (Code::TerminateRequest, Body::Data(data)) => {
                let terminate = self.terminate.get_or_insert_with(|| Terminate {
                    side,
                    text: (!data.is_empty()).then(|| quoted(data)),
                    frames: Frames::default(),
                });
                terminate.frames.note(mark);
            }
            (Code::ProtocolReject, Body::RejectedProtocol { protocol, .. }) => {
                self.reject(*protocol, side, mark);
            }
            (Code::EchoRequest, _) => self.echo_request(side, mark),
            (Code::EchoReply, _) => {
                if let Some(side) = side {
                    self.unanswered[!side] = Frames::default();
                }
            }
            _ => {}
        }
    }

    fn echo_request(&mut self, side: Option<Side>, mark: Mark) {
        if let Some(side) = side {
            self.unanswered[side].note(mark);
        }
    }

    fn reject(&mut self, protocol: Protocol, by: Option<Side>, mark: Mark) {
        let known = self.rejected.iter().position(|known| (known.protocol, known.by) == (protocol, by));
        match known {
            Some(at) => self.rejected[at].frames.note(mark),
            None if self.rejected.len() < MOST_REJECTED => {
                let mut frames = Frames::default();
                frames.note(mark);
                self.rejected.push(Rejected { by, protocol, frames });
            }
            None => {}
        }
    }

    /// How an end is to authenticate itself, as LCP agreed on: "MS-CHAPv2", "PAP".
    pub(super) fn agreed_authentication(&self) -> Option<&str> {
        Side::ALL.into_iter().find_map(|side| {
            let (_, wanted) = self.lcp.wanted[side].as_ref()?;
            let protocol =
                wanted.iter().find_map(|option| option.strip_prefix("Authentication-Protocol "))?;
            Some(protocol.strip_prefix("CHAP ").unwrap_or(protocol))
        })
    }

    /// When the end was said on a link that worked.
    pub(super) fn ended(&self) -> Option<Mark> {
        self.terminate.as_ref().and_then(|terminate| terminate.frames.begin())
    }

    /// Writes the rungs of PPP and of what it carries.
    pub(super) fn climb(&self, ladder: &mut Ladder, client: Option<Side>, end: Mark) {
        ladder.set(Rung::LcpUp, self.lcp.tried(), self.lcp.up);
        let authentication = self.authentication.tried.or_else(|| self.authentication_refused());
        ladder.set(Rung::Authenticated, authentication, self.authentication.reached);
        ladder.set(Rung::IpcpUp, self.ipcp.tried(), self.ipcp.up);
        ladder.set(Rung::DataBothWays, self.data.tried(end), self.data.both_ways());
        let adjacency = &self.adjacency;
        ladder.set(Rung::OspfTwoWay, self.ospf_tried(client), adjacency.two_way());
        ladder.set(Rung::OspfFull, adjacency.exchange_tried(), adjacency.full());
        ladder.imply(Rung::OspfTwoWay..=Rung::OspfTwoWay, Rung::OspfFull);
        ladder.imply(Rung::DataBothWays..=Rung::DataBothWays, Rung::OspfTwoWay);
        if self.data.ipv4_both_ways() {
            ladder.imply(Rung::IpcpUp..=Rung::IpcpUp, Rung::DataBothWays);
        }
        // A refusal is no acceptance, whatever else goes on.
        if self.authentication.failures.is_empty() {
            ladder.imply(Rung::LcpUp..=Rung::Authenticated, Rung::DataBothWays);
            ladder.imply(Rung::LcpUp..=Rung::Authenticated, Rung::IpcpUp);
        }
        ladder.imply(Rung::LcpUp..=Rung::LcpUp, Rung::Authenticated);
    }

    /// When the demand to authenticate was refused on a link that was opened without it and ended for that.
    fn authentication_refused(&self) -> Option<Mark> {
        self.terminate.as_ref()?;
        let of_authentication = |objection: &&Objection| objection.number == AUTHENTICATION_PROTOCOL;
        self.lcp.objections.iter().find(of_authentication)?.frames.begin()
    }

    /// When an adjacency was first tried. A supernode says Hello to every client; one that never answers does not
    /// want to be a neighbour.
    fn ospf_tried(&self, client: Option<Side>) -> Option<Mark> {
        let routers = &self.adjacency.routers;
        let of = |side: Side| routers[side].packets.begin();
        match (of(Side::A), of(Side::B), client) {
            (Some(a), Some(b), _) => Some(a.min(b)),
            (a, b, None) => a.or(b),
            (_, _, Some(client)) => of(client),
        }
    }
}
