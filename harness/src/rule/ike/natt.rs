//! NAT traversal within IKE: its announcement, its detection, and what Quick Mode says of it.

use l2tpspec_protocol::isakmp::keys::{self, Cookies};
use l2tpspec_protocol::isakmp::wire::{ExchangeType, IdType, Known, PayloadType, Phase2Class, Sa};

use super::judge::Memory;
use super::message::{Flow, Message, Side};
use super::negotiation::{Phase1, QuickModes, number};
use crate::rule::Report;

/// The port that IKE and ESP move to.
pub(super) const PORT: u16 = 4500;
/// Encapsulation modes of RFC 3947.
const UDP_TUNNEL: u16 = 3;
const UDP_TRANSPORT: u16 = 4;

/// What both sides say of NATs between them.
#[derive(Debug, Default)]
pub(in crate::rule) struct Nat {
    phase1: Phase1,
    quick_modes: QuickModes,
    vendors: [Vec<Known>; 2],
    /// NAT-D payloads of each side.
    digests: [Vec<Vec<u8>>; 2],
    /// What carried them.
    flows: [Option<Flow>; 2],
    /// The initiator was found on another port before.
    is_reported: bool,
}

impl Memory for Nat {
    fn learn(&mut self, message: &Message<'_>) {
        self.is_reported |= stays_behind(message, self).is_some();
        self.phase1.learn(message);
        self.quick_modes.learn(message);
        let Some(side) = message.side.filter(|_| message.is_phase1()) else { return };
        self.vendors[side.index()].extend(message.vendor_ids().filter_map(|vendor_id| vendor_id.known()));
        let digests = message.nat_ds();
        if !digests.is_empty() {
            self.digests[side.index()] = digests.into_iter().map(<[u8]>::to_vec).collect();
            self.flows[side.index()] = message.flow;
        }
    }
}

impl Nat {
    /// Whether both sides announced a method, a side that sends `message` possibly in that message.
    fn both_announced(&self, message: &Message<'_>, methods: &[Known]) -> bool {
        let announced = |side: Side| {
            let known = &self.vendors[side.index()];
            let is_in_message = message.side == Some(side)
                && message
                    .vendor_ids()
                    .any(|vendor_id| vendor_id.known().is_some_and(|known| methods.contains(&known)));
            is_in_message || known.iter().any(|known| methods.contains(known))
        };
        announced(Side::Initiator) && announced(Side::Responder)
    }

    fn is_rfc(&self, message: &Message<'_>) -> bool {
        self.both_announced(message, &[Known::Rfc3947])
    }

    /// Whether the initiator and the responder find themselves behind a NAT: the comparison that both of them make.
    pub(super) fn found(&self) -> Option<[bool; 2]> {
        let [initiators, responders] = &self.digests;
        let ([responder_seen, initiator_own @ ..], [initiator_seen, responder_own @ ..]) =
            (initiators.as_slice(), responders.as_slice())
        else {
            return None;
        };
        if initiator_own.is_empty() || responder_own.is_empty() {
            return None;
        }
        Some([!initiator_own.contains(initiator_seen), !responder_own.contains(responder_seen)])
    }
}

/// Methods of the drafts, whose payload numbers differ.
const DRAFTS: [Known; 13] = [
    Known::NatTDraft00,
    Known::NatTDraft01,
    Known::NatTDraft02,
    Known::NatTDraft02Newline,
    Known::NatTDraft03,
    Known::NatTDraft04,
    Known::NatTDraft05,
    Known::NatTDraft06,
    Known::NatTDraft07,
    Known::NatTDraft08,
    Known::NatTApple,
    Known::NatTStenberg01,
    Known::NatTStenberg02,
];

/// NAT-D payloads are in Main Mode messages 3 and 4 or Aggressive Mode messages 2 and 3 (NATT-3947-3.2-a).
pub(super) fn detection(message: &Message<'_>, nat: &Nat, report: &mut Report<'_>) {
    let exchange = message.header().exchange_type;
    let is_main = exchange == ExchangeType::IdentityProtection;
    let is_place = match exchange {
        ExchangeType::IdentityProtection => message.is_clear() && message.sa().is_none(),
        ExchangeType::Aggressive => !message.is_opening(),
        _ => false,
    };
    if !is_place {
        if message.has(PayloadType::NatD) {
            let text = format!(
                "sent NAT-D in {exchange} with {}; expected it in messages 3 and 4 of Main Mode or 2 and 3 of Aggressive Mode",
                message.summary()
            );
            message.violation(report, text);
        }
        return;
    }
    if !message.is_whole() || (is_main && message.key_exchange().is_none()) || !nat.is_rfc(message) {
        return;
    }
    if message.nat_ds().is_empty() {
        message.violation(
            report,
            format!("sent {} where both announced RFC 3947; expected NAT-D too", message.summary()),
        );
    } else if !message.has(PayloadType::NatD) && !nat.both_announced(message, &DRAFTS) {
        message.violation(
            report,
            "sent NAT-D under the number of a draft; expected payload type 20, as announced",
        );
    }
}

/// What a NAT-D payload has to say of an end.
fn digest(message: &Message<'_>, nat: &Nat, flow: &Flow, end: usize) -> Option<Vec<u8>> {
    let header = message.header();
    let cookies = Cookies { initiator: header.initiator_cookie, responder: header.responder_cookie };
    let address = [flow.source, flow.destination][end];
    Some(keys::nat_d(nat.phase1.hash()?, &cookies, address, flow.ports[end]))
}

/// A NAT-D body is a digest of the negotiated hash over cookies, address and port (NATT-3947-3.2-b). A NAT explains a
/// digest that does not fit the addresses on the wire, but not that both ends agree on such a digest for one end while
/// they have the other end right.
pub(super) fn digests(message: &Message<'_>, nat: &Nat, report: &mut Report<'_>) {
    let (own, Some(hash), Some(side), Some(flow)) =
        (message.nat_ds(), nat.phase1.hash(), message.side, message.flow)
    else {
        return;
    };
    if !message.is_phase1() || own.is_empty() {
        return;
    }
    if let Some(other) = own.iter().find(|digest| digest.len() != hash.len()) {
        let text = format!(
            "sent a NAT-D of {} octets; expected {}, those of the negotiated hash",
            other.len(),
            hash.len()
        );
        return message.violation(report, text);
    }
    let peers = nat.digests[1 - side.index()].as_slice();
    let (Some((seen_peer, own)), Some((seen_own, peers))) = (own.split_first(), peers.split_first()) else {
        return;
    };
    let (Some(source), Some(destination)) = (digest(message, nat, &flow, 0), digest(message, nat, &flow, 1))
    else {
        return;
    };
    let reversed =
        Flow { source: flow.destination, destination: flow.source, ports: [flow.ports[1], flow.ports[0]] };
    if nat.flows[1 - side.index()] != Some(reversed) {
        return;
    }
    let own_agrees = own.contains(&seen_own.as_slice());
    let peer_agrees = peers.iter().any(|digest| digest == seen_peer);
    let (own_fits, peer_fits) = (own.contains(&source.as_slice()), peers.contains(&destination));
    let wrong = match (own_agrees && !own_fits, peer_agrees && !peer_fits) {
        (true, false) if peer_agrees => 0,
        (false, true) if own_agrees => 1,
        _ => return,
    };
    let text = format!(
        "both sent a NAT-D for {} port {} that is not its digest; expected the hash of cookies, address and port",
        [flow.source, flow.destination][wrong],
        flow.ports[wrong]
    );
    report.violation(message.seen.entry.frame, None, text);
}

/// The first NAT-D is that of the remote end, the others are the sender's own (NATT-3947-3.2-c).
pub(super) fn digest_order(message: &Message<'_>, nat: &Nat, report: &mut Report<'_>) {
    let digests = message.nat_ds();
    if !message.has(PayloadType::NatD) || !message.is_phase1() || !message.is_whole() {
        return;
    }
    let [remote, own @ ..] = digests.as_slice() else { return };
    if own.is_empty() {
        return message
            .violation(report, "sent one NAT-D payload; expected the remote end's and the sender's own");
    }
    let Some(flow) = message.flow else { return };
    let (Some(source), Some(destination)) = (digest(message, nat, &flow, 0), digest(message, nat, &flow, 1))
    else {
        return;
    };
    if *remote == source && own.contains(&destination.as_slice()) && !own.contains(&source.as_slice()) {
        message.violation(report, "sent its own NAT-D first; expected that of the remote end first");
    }
}

/// Why an initiator that found a NAT is still on the old port.
fn stays_behind(message: &Message<'_>, nat: &Nat) -> Option<String> {
    let [initiator_behind, _] = nat.found().filter(|found| found.contains(&true))?;
    let is_late = !message.is_clear() || message.is(ExchangeType::Aggressive) && !message.is_opening();
    if message.side != Some(Side::Initiator) || !is_late || message.is_fragment() || !nat.is_rfc(message) {
        return None;
    }
    let [source, destination] = message.flow?.ports;
    let exchange = message.header().exchange_type;
    if destination != PORT {
        return Some(format!(
            "sent {exchange} to port {destination} although a NAT was found; expected port {PORT}"
        ));
    }
    (source != PORT && !initiator_behind)
        .then(|| format!("sent {exchange} from port {source} although a NAT was found; expected port {PORT}"))
}

/// With a NAT found the initiator moves to port 4500 (NATT-3947-4-a).
pub(super) fn port_moves(message: &Message<'_>, nat: &Nat, report: &mut Report<'_>) {
    if let Some(text) = stays_behind(message, nat).filter(|_| !nat.is_reported) {
        message.violation(report, text);
    }
}

/// Under NAT traversal the port of a phase 1 identity is zero (NATT-3947-4-f).
pub(super) fn identity_port(message: &Message<'_>, nat: &Nat, report: &mut Report<'_>) {
    let is_on = message.is_encapsulated || nat.found().is_some_and(|found| found.contains(&true));
    if !message.is(ExchangeType::IdentityProtection) || !is_on || !nat.is_rfc(message) {
        return;
    }
    if let Some(id) = message.ids().into_iter().find(|id| id.port != 0) {
        let text = format!("sent an identity with port {} under NAT traversal; expected 0", id.port);
        message.violation(report, text);
    }
}

/// In phase 1 protocol and port of an identity are 0/0 or 17/500 (DOI-2407-4.6.2-a). NATT-3947-4-f wants port 0 under
/// NAT traversal and leaves the protocol alone, so that 17/0 is right there.
pub(super) fn identity_protocol(message: &Message<'_>, nat: &Nat, report: &mut Report<'_>) {
    if !message.is_phase1() {
        return;
    }
    let allows_zero = nat.is_rfc(message) || nat.both_announced(message, &DRAFTS);
    let wrong = message.ids().into_iter().find(|id| match (id.protocol, id.port) {
        (0, 0) | (17, 500) => false,
        (17, 0) => !allows_zero,
        _ => true,
    });
    if let Some(id) = wrong {
        let text =
            format!("sent a phase 1 identity with {}/{}; expected 0/0 or 17/500", id.protocol, id.port);
        message.violation(report, text);
    }
}

/// The encapsulation modes of an offer or an answer.
fn modes(sa: &Sa) -> Vec<u16> {
    let transforms = sa.proposals.iter().flat_map(|proposal| &proposal.transforms);
    transforms.filter_map(|transform| number(transform, Phase2Class::EncapsulationMode.number())).collect()
}

/// UDP encapsulation is offered only if a NAT was found, and not beside plain modes (NATT-3947-5.1-a).
pub(super) fn modes_offered(message: &Message<'_>, nat: &Nat, report: &mut Report<'_>) {
    let Some(sa) = message.sa().filter(|_| nat.quick_modes.is_begun_by(message)) else { return };
    let modes = modes(sa);
    let udp = modes.iter().find(|mode| matches!(mode, 3 | 4 | 61_443 | 61_444));
    let plain = modes.iter().find(|mode| matches!(mode, 1 | 2));
    match (udp, plain) {
        (Some(udp), Some(plain)) => {
            let text =
                format!("offered encapsulation mode {udp} beside mode {plain}; expected either kind alone");
            message.violation(report, text);
        }
        (Some(udp), None) if nat.found() == Some([false, false]) => {
            let text =
                format!("offered encapsulation mode {udp} although no NAT was found; expected mode 1 or 2");
            message.violation(report, text);
        }
        _ => {}
    }
}

/// Both original addresses come with an offer of UDP-encapsulated transport (NATT-3947-5.2-a).
pub(super) fn addresses_offered(message: &Message<'_>, known: &QuickModes, report: &mut Report<'_>) {
    let Some(sa) = message.sa().filter(|_| known.is_begun_by(message) && message.is_whole()) else { return };
    if !modes(sa).contains(&UDP_TRANSPORT) {
        return;
    }
    let count = message.nat_oas().len();
    if count != 2 {
        let text = format!("offered UDP-encapsulated transport with {count} NAT-OA payloads; expected 2");
        message.violation(report, text);
    }
}

/// The answer has both original addresses just if UDP-encapsulated transport was chosen (NATT-3947-5.2-b).
pub(super) fn addresses_answered(message: &Message<'_>, known: &QuickModes, report: &mut Report<'_>) {
    let (Some(_), Some(sa), true) = (known.answered_by(message), message.sa(), message.is_whole()) else {
        return;
    };
    let modes = modes(sa);
    let count = message.nat_oas().len();
    let text = if modes.contains(&UDP_TRANSPORT) && count != 2 {
        format!("chose UDP-encapsulated transport with {count} NAT-OA payloads; expected 2")
    } else if modes.iter().any(|mode| matches!(*mode, 1 | 2 | UDP_TUNNEL)) && count > 0 {
        format!("chose encapsulation mode {} with {count} NAT-OA payloads; expected none", modes[0])
    } else {
        return;
    };
    message.violation(report, text);
}

/// A NAT-OA is an address and nothing else (NATT-3947-5.2-c).
pub(super) fn address_form(message: &Message<'_>, (): &(), report: &mut Report<'_>) {
    for nat_oa in message.nat_oas() {
        if !matches!(nat_oa.id_type, IdType::Ipv4Addr | IdType::Ipv6Addr) {
            let text = format!("sent NAT-OA of type {}; expected an IPv4 or IPv6 address", nat_oa.id_type);
            return message.violation(report, text);
        }
        if nat_oa.reserved != [0; 3] {
            let text = format!("sent NAT-OA with reserved octets {:02x?}; expected zeros", nat_oa.reserved);
            return message.violation(report, text);
        }
    }
}
