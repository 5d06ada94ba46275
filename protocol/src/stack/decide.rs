//! Event, therefore commands: the only place where one protocol learns of another.

use core::net::SocketAddr;

use super::bonds::Bonds;
use super::config::{Config, Role};
use super::event::{Event, Reach};
use crate::esp;
use crate::isakmp::{self, Child};
use crate::l2tp::wire::StopControlConnectionNotificationResult;
use crate::l2tp::{self, Reason, SessionId, TunnelId};
use crate::ppp::{self, LinkId};

/// The port of L2TP (L2TP-2661-8.1-a).
pub(super) const L2TP: u16 = 1701;

/// What is wanted of a layer because of what happened in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    Isakmp(isakmp::Command),
    L2tp(l2tp::Command),
    Ppp(ppp::Command),
    /// To use keys on a link.
    Install {
        link: u32,
        child: Box<Child>,
    },
    /// To use them no more.
    Remove {
        inbound_spi: u32,
    },
    /// To send a link's packets elsewhere.
    Move {
        link: u32,
        path: esp::Path,
    },
    /// To give the host an interface, or to take it away.
    LinkUp(LinkId),
    LinkDown(LinkId),
    /// To forget which link a tunnel is of.
    Part(TunnelId),
    /// To begin anew after a while.
    Restart,
}

impl Wish {
    /// How far the endpoint has to be let go for it.
    pub(super) const fn needs(&self) -> Reach {
        match self {
            Self::L2tp(l2tp::Command::Open { .. }) => Reach::Tunnel,
            Self::Ppp(ppp::Command::Up { .. }) => Reach::Link,
            Self::Isakmp(_)
            | Self::L2tp(_)
            | Self::Ppp(_)
            | Self::Install { .. }
            | Self::Remove { .. }
            | Self::Move { .. }
            | Self::LinkUp(_)
            | Self::LinkDown(_)
            | Self::Part(_)
            | Self::Restart => Reach::Associations,
        }
    }
}

/// The PPP link of a session: both IDs, which no other session of ours has.
pub(super) fn link_of(session: SessionId) -> LinkId {
    LinkId(u32::from(session.tunnel.0) << 16 | u32::from(session.session))
}

/// The session of a PPP link.
#[must_use]
pub fn session_of(link: LinkId) -> SessionId {
    let [a, b, c, d] = link.0.to_be_bytes();
    SessionId { tunnel: TunnelId(u16::from_be_bytes([a, b])), session: u16::from_be_bytes([c, d]) }
}

/// Decides what follows from an event that the bonds have taken note of.
pub(super) fn decide(event: &Event, bonds: &Bonds, config: &Config) -> Vec<Wish> {
    match event {
        Event::Isakmp(event) => on_isakmp(event, bonds, config),
        Event::Esp(event) => on_esp(event, bonds),
        Event::L2tp(event) => on_l2tp(event, bonds, config),
        Event::Ppp(event) => on_ppp(event, config),
        Event::ClearL2tp { .. } | Event::DataDropped(_) => Vec::new(),
    }
}

const fn is_client(config: &Config) -> bool {
    matches!(config.role, Role::Client { .. })
}

fn on_isakmp(event: &isakmp::Event, bonds: &Bonds, config: &Config) -> Vec<Wish> {
    match event {
        isakmp::Event::ChildEstablished(child) => {
            let Some(link) = bonds.link_of_spi(child.inbound.spi) else { return Vec::new() };
            let mut wishes = vec![Wish::Install { link, child: child.clone() }];
            // The first keys of a link: the tunnel may begin.
            if is_client(config) && bonds.is_new(link) {
                let path = l2tp::Path {
                    local: SocketAddr::new(child.local.ip(), config.l2tp_port),
                    peer: SocketAddr::new(child.peer.ip(), L2TP),
                    link,
                };
                wishes.push(Wish::L2tp(l2tp::Command::Open { path }));
            }
            wishes
        }
        isakmp::Event::ChildDeleted { inbound_spi, .. } => vec![Wish::Remove { inbound_spi: *inbound_spi }],
        isakmp::Event::PeerDead { .. } => vec![Wish::Restart],
        isakmp::Event::Failed { message_id: 0, .. } => vec![Wish::Restart],
        isakmp::Event::Failed { .. }
        | isakmp::Event::Phase1Established { .. }
        | isakmp::Event::Phase1Deleted { .. }
        | isakmp::Event::Rejected { .. }
        | isakmp::Event::NotifyReceived { .. }
        | isakmp::Event::Retransmitted { .. }
        | isakmp::Event::PeerAlive { .. }
        | isakmp::Event::PeerMoved { .. } => Vec::new(),
    }
}

fn on_esp(event: &esp::Event, bonds: &Bonds) -> Vec<Wish> {
    match event {
        esp::Event::PeerMoved { link, path } => {
            // Only what is inside of UDP can be moved by a translator.
            let (Some(ports), Some(bond)) = (path.ports, bonds.bond(*link)) else { return Vec::new() };
            let peer = SocketAddr::new(path.peer, ports.peer);
            vec![
                Wish::Move { link: *link, path: *path },
                Wish::Isakmp(isakmp::Command::PeerMoved { sa: bond.sa, peer }),
            ]
        }
        esp::Event::VolumeReached { inbound_spi, .. }
        | esp::Event::SequenceNumbersUsedUp { inbound_spi, .. } => {
            vec![Wish::Isakmp(isakmp::Command::RekeyChild { inbound_spi: *inbound_spi })]
        }
        esp::Event::FirstOpened { .. } | esp::Event::Discarded { .. } => Vec::new(),
    }
}

fn on_l2tp(event: &l2tp::Event, bonds: &Bonds, config: &Config) -> Vec<Wish> {
    match event {
        l2tp::Event::SessionUp { session, .. } => {
            vec![Wish::Ppp(ppp::Command::Up { link: link_of(*session), config: config.ppp.clone() })]
        }
        l2tp::Event::SessionDown { session, .. } => {
            vec![Wish::Ppp(ppp::Command::Down { link: link_of(*session) })]
        }
        l2tp::Event::TunnelDown { why: l2tp::End::NoAnswer | l2tp::End::ByPeer(_), .. } => {
            vec![Wish::Restart]
        }
        l2tp::Event::TunnelSettled { tunnel } => {
            let mut wishes = Vec::new();
            // A client's SAs serve its tunnel only (L2IP-3193-3.1-a).
            let bond = bonds.link_of_tunnel(*tunnel).and_then(|link| bonds.bond(link));
            if let (true, Some(bond)) = (is_client(config), bond) {
                wishes.push(Wish::Isakmp(isakmp::Command::DeleteSa { sa: bond.sa }));
            }
            wishes.push(Wish::Part(*tunnel));
            wishes
        }
        l2tp::Event::TunnelUp { .. }
        | l2tp::Event::TunnelDown { .. }
        | l2tp::Event::Rejected { .. }
        | l2tp::Event::Retransmitted { .. }
        | l2tp::Event::Acknowledged { .. } => Vec::new(),
    }
}

fn on_ppp(event: &ppp::Event, config: &Config) -> Vec<Wish> {
    match event {
        ppp::Event::IpcpUp { link, .. } => vec![Wish::LinkUp(*link)],
        ppp::Event::IpcpDown { link } => vec![Wish::LinkDown(*link)],
        ppp::Event::LinkDown { link, .. } => {
            let session = session_of(*link);
            let close = if is_client(config) {
                // The call was what the tunnel was for.
                let result = StopControlConnectionNotificationResult::GeneralRequest.number();
                l2tp::Command::CloseTunnel { tunnel: session.tunnel, reason: Reason::plain(result) }
            } else {
                let result = config.l2tp.hangup_result;
                l2tp::Command::CloseSession { session, reason: Reason::plain(result) }
            };
            vec![Wish::LinkDown(*link), Wish::L2tp(close)]
        }
        ppp::Event::LcpUp { .. }
        | ppp::Event::Authenticated { .. }
        | ppp::Event::SecretMissing { .. }
        | ppp::Event::Ipv6cpUp { .. }
        | ppp::Event::CcpUp { .. }
        | ppp::Event::ProtocolRejected { .. }
        | ppp::Event::Rejected { .. } => Vec::new(),
    }
}
