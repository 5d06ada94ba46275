//! Why a connection got no further: sentences that its operator can act on, the likeliest first.

mod data;
mod esp;
mod ike;
mod l2tp;
mod ospf;
mod ppp;

use super::attempt::Attempt;
use super::esp::Associations;
use super::ladder::Ladder;
use super::mark::{Both, Frames, Mark, Side};
use super::rung::Rung;
use crate::transcript::connection::Role;
use crate::transcript::{Entry, Layer};

/// Unanswered keepalives after which an end counts as dead.
const DEAD_AFTER: u64 = 3;
/// How long an answer may take until it counts as missing, nanoseconds.
const PATIENCE: i64 = 3_000_000_000;

/// Which side is the client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub(super) client: Option<Side>,
}

impl Names {
    pub(super) fn role(self, side: Side) -> Option<Role> {
        self.client.map(|client| if side == client { Role::Client } else { Role::Supernode })
    }

    pub(super) fn side(self, role: Role) -> Option<Side> {
        self.client.map(|client| if role == Role::Client { client } else { !client })
    }

    pub(super) fn of(self, side: Side) -> &'static str {
        match (self.role(side), side) {
            (Some(Role::Client), _) => "the client",
            (Some(Role::Supernode), _) => "the supernode",
            (None, Side::A) => "one end",
            (None, Side::B) => "the other end",
        }
    }

    /// The same of an end that a link may not tell.
    fn of_some(self, side: Option<Side>) -> &'static str {
        side.map_or("one end", |side| self.of(side))
    }
}

/// An ICMP error that quotes a datagram of the connection (RFC 792).
#[derive(Debug, Clone, Copy)]
pub(super) struct Unreachable {
    frame: u64,
    code: u8,
    /// The UDP port that was not reached; `None` for another protocol.
    port: Option<u16>,
    is_esp: bool,
}

impl Unreachable {
    /// `layers` begin with the ICMP message. Only a destination that cannot be reached counts.
    pub(super) fn new(entry: &Entry, layers: &[Layer]) -> Option<Self> {
        const DESTINATION_UNREACHABLE: u8 = 3;
        let mut layers = layers.iter();
        let code = match layers.next()? {
            Layer::Icmp(icmp) if icmp.icmp_type == DESTINATION_UNREACHABLE => icmp.code,
            _ => return None,
        };
        let port = layers.clone().find_map(|layer| match layer {
            Layer::Udp(udp) => Some(udp.destination_port),
            _ => None,
        });
        let is_esp = port.is_none() && layers.any(|layer| matches!(layer, Layer::Esp(_) | Layer::Ip(_)));
        Some(Self { frame: entry.frame, code, port, is_esp })
    }

    /// What the code says.
    const fn word(self) -> &'static str {
        match self.code {
            0 => "network unreachable",
            1 => "host unreachable",
            2 => "protocol unreachable",
            3 => "port unreachable",
            4 => "fragmentation needed",
            9 | 10 | 13 => "administratively prohibited",
            _ => "destination unreachable",
        }
    }
}

/// What the causes are drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) attempt: &'a Attempt,
    pub(super) ladder: &'a Ladder,
    pub(super) associations: &'a Associations,
    pub(super) unreachable: &'a [Unreachable],
    pub(super) heard: &'a Both<Option<Mark>>,
    pub(super) names: Names,
    pub(super) end: Mark,
}

impl Case<'_> {
    /// Why the connection got no further than before `failed_at`, or why it died although nothing was tried in vain.
    pub(super) fn causes(&self, failed_at: Option<Rung>) -> Vec<String> {
        let Some(rung) = failed_at else { return self.death() };
        let mut causes = match rung {
            Rung::IkeAnswered => self.ike_answered(),
            Rung::ProposalChosen => self.proposal_chosen(),
            Rung::KeyExchanged => self.key_exchanged(),
            Rung::Phase1Up => self.phase1_up(),
            Rung::Phase2Up => self.phase2_up(),
            Rung::EspBothWays => self.esp_both_ways(),
            Rung::TunnelUp => self.tunnel_up(),
            Rung::SessionUp => self.session_up(),
            Rung::LcpUp => self.lcp_up(),
            Rung::Authenticated => self.authenticated(),
            Rung::IpcpUp => self.ipcp_up(),
            Rung::DataBothWays => self.data_both_ways(),
            Rung::OspfTwoWay => self.ospf_two_way(),
            Rung::OspfFull => self.ospf_full(),
            Rung::NothingHeard | Rung::Ended => Vec::new(),
        };
        if causes.is_empty() {
            causes.push(format!("{rung} was tried and not reached; the recording does not show why"));
        }
        self.add_end_of_recording(rung, &mut causes);
        causes
    }

    /// A try that the recording leaves no time to answer may be no failure at all.
    fn add_end_of_recording(&self, rung: Rung, causes: &mut Vec<String>) {
        let Some(tried) = self.ladder.step(rung).tried else { return };
        let left = self.end.time - tried.time;
        if left < PATIENCE / 3 && self.attempt.ended().is_none() {
            causes.push(format!(
                "the recording ends {} after {rung} was first tried in frame {}, so that the answer may only be missing from it",
                seconds(left),
                tried.frame
            ));
        }
    }

    /// A connection that stood and fell silent.
    fn death(&self) -> Vec<String> {
        if self.attempt.ended().is_some() {
            return Vec::new();
        }
        let mut causes = Vec::new();
        let session = self.attempt.session();
        for side in Side::ALL {
            let silent = !side;
            let none = Frames::default();
            let hellos = self.attempt.tunnels.current().and_then(|tunnel| tunnel.unacknowledged(side));
            let control =
                hellos.and_then(|waiting| waiting.message?.name()).unwrap_or("an L2TP control message");
            let probes = [
                ("R-U-THERE", &self.attempt.ike.unanswered[side]),
                ("LCP Echo-Request", session.map_or(&none, |session| &session.ppp.unanswered[side])),
                (control, hellos.map_or(&none, |waiting| &waiting.frames)),
            ];
            for (what, frames) in probes {
                let is_silent =
                    frames.begin().is_some_and(|begin| self.heard[silent].is_some_and(|heard| heard < begin));
                if frames.count() >= DEAD_AFTER && is_silent {
                    let heard = self.heard[silent].map_or(0, |heard| heard.frame);
                    causes.push(format!(
                        "{} fell silent after frame {heard}: {} asks with {what} and gets no answer ({frames}); \
                         {} or the way to it is down, or a translator on the way forgot the connection",
                        self.names.of(silent),
                        self.names.of(side),
                        self.names.of(silent),
                    ));
                    break;
                }
            }
        }
        if let Some(rekey) = self.attempt.deadly_rekey(self.associations, self.end) {
            causes.push(format!("{rekey}, and no packets went in both directions after it: compare lifetimes and proposals of both ends"));
        }
        causes
    }

    /// What decides nothing and is worth knowing.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let tunnels = &self.attempt.tunnels;
        let wants_ipsec = self.attempt.ike.primary().is_some() || !self.attempt.esp[Side::A].is_empty();
        if !tunnels.in_clear.is_empty() && wants_ipsec {
            notes.push(format!("L2TP goes in clear, outside of IPsec ({})", tunnels.in_clear));
        }
        for association in &self.associations.list {
            if !association.truncated.is_empty() {
                notes.push(format!(
                    "{} cuts the check value of HMAC-SHA2-256 to 96 bits where RFC 4868 wants 128 ({})",
                    self.names.of(association.sender),
                    association.truncated
                ));
            }
        }
        if let Some(stop) =
            tunnels.current().and_then(|tunnel| tunnel.stop.as_ref()).filter(|stop| !stop.is_orderly)
        {
            notes.push(format!(
                "{} ended the tunnel with StopCCN, {} ({})",
                self.names.of(stop.side),
                stop.words,
                stop.frames
            ));
        }
        if let Some(stop) =
            self.attempt.session().and_then(|session| session.stop.as_ref()).filter(|stop| !stop.is_orderly)
        {
            notes.push(format!(
                "{} ended the call with CDN, {} ({})",
                self.names.of(stop.side),
                stop.words,
                stop.frames
            ));
        }
        self.note_ospf(&mut notes);
        for phase1 in self
            .attempt
            .ike
            .phase1
            .iter()
            .filter(|phase1| phase1.is_rekey && phase1.is_whole && phase1.up().is_none())
        {
            notes.push(format!(
                "a renewal of phase 1 was begun in frame {} and not completed",
                phase1.begin.frame
            ));
        }
        if let Some(up) = self.attempt.ike.phase2_up() {
            for quick in
                self.attempt.ike.quick.iter().filter(|quick| quick.begin > up && quick.completed.is_none())
            {
                notes.push(format!(
                    "a renewal of phase 2 was begun in frame {} and not completed",
                    quick.begin.frame
                ));
            }
        }
        notes.truncate(16);
        notes
    }

    /// The ICMP error for a UDP port, in a sentence about `what`.
    fn icmp(&self, ports: &[u16], what: &str) -> Option<String> {
        let error =
            self.unreachable.iter().find(|error| error.port.is_some_and(|port| ports.contains(&port)))?;
        let (port, frame, word) = (error.port?, error.frame, error.word());
        Some(match error.code {
            3 => format!(
                "nobody listens on UDP port {port} (ICMP {word} in frame {frame}): start {what} there"
            ),
            9 | 10 | 13 => {
                format!("a firewall forbids UDP port {port} (ICMP {word} in frame {frame}): allow it")
            }
            4 => format!(
                "datagrams to UDP port {port} are too large for the path (ICMP {word} in frame {frame}): lower the MTU"
            ),
            _ => format!("the way to UDP port {port} is broken (ICMP {word} in frame {frame})"),
        })
    }
}

/// Nanoseconds as seconds for people.
fn seconds(nanoseconds: i64) -> String {
    format!("{}.{:03} s", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000 / 1_000_000)
}

/// "once" or "N times".
fn times(frames: &Frames) -> String {
    match frames.count() {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

/// What was agreed on, by rung.
pub(super) fn details(attempt: &Attempt) -> Vec<(Rung, String)> {
    let mut details = Vec::new();
    if let Some(phase1) = attempt.ike.primary() {
        if let Some(chosen) = &phase1.chosen {
            details.push((Rung::ProposalChosen, chosen.clone()));
        }
        if phase1.is_aggressive {
            details.push((Rung::KeyExchanged, "Aggressive Mode".to_owned()));
        }
        if let Some((a, b)) = phase1.identities.zip(Clone::clone) {
            let (own, peer) = if phase1.initiator == Side::A { (a, b) } else { (b, a) };
            details.push((Rung::Phase1Up, format!("{own} and {peer}")));
        }
    }
    if let Some(chosen) = attempt.ike.quick.iter().find_map(|quick| quick.chosen.clone()) {
        details.push((Rung::Phase2Up, chosen));
    }
    if attempt.is_encapsulated {
        details.push((Rung::EspBothWays, "inside of UDP".to_owned()));
    }
    if let Some(session) = attempt.session() {
        let ppp = &session.ppp;
        if let Some(protocol) = ppp.authentication.protocol {
            let user =
                ppp.authentication.user.as_ref().map(|user| format!(", user {user}")).unwrap_or_default();
            details.push((
                Rung::Authenticated,
                format!("{}{user}", ppp.agreed_authentication().unwrap_or(protocol)),
            ));
        }
        let addresses: Vec<_> = Side::ALL
            .iter()
            .filter_map(|side| {
                let (_, wanted) = ppp.ipcp.wanted[*side].as_ref()?;
                wanted.iter().find_map(|option| option.strip_prefix("IP-Address ")).map(str::to_owned)
            })
            .collect();
        if !addresses.is_empty() {
            details.push((Rung::IpcpUp, addresses.join(" and ")));
        }
        if let Some((a, b)) = ppp.adjacency.routers.zip(|router| router.id) {
            details.push((Rung::OspfTwoWay, format!("routers {a} and {b}")));
        }
    }
    if let Some((_, how)) = attempt.ended() {
        details.push((Rung::Ended, how.to_owned()));
    }
    details
}
