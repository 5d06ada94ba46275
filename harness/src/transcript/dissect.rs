//! Frames to entries. A batch of frames is read, what is encrypted is collected and opened together, and the entries
//! come out in the order of the frames.
//!
//! Three passes over a batch: from the link up to ESP (or to the end, where there is none); opening; from ESP up.

use l2tpspec_protocol::codec::{Codec as _, Malformed, Reader, Why};
use l2tpspec_protocol::esp::{self, nat_t};
use l2tpspec_protocol::l2tp::wire as l2tp;
use l2tpspec_protocol::ospf::wire as ospf;
use l2tpspec_protocol::ppp::{self, Control, Protocol, control};

use super::entry::{Entry, Fault, FaultCause};
use super::ike::{self, Child};
use super::ip::{self, Addresses};
use super::layer::{Esp, Layer, Named, Opening, UdpEncap};
use super::sas::Sas;
use crate::capture::Timestamp;
use crate::capture::file::FrameMeta;
use crate::capture::keys::{KeyError, Keys};
use crate::capture::link::{self, Next};
use crate::capture::reassembly::{Fragment, Outcome, Reassembly};

/// How deeply layers may nest.
const MAX_LAYERS: usize = 48;

/// What the user asks of a dissection.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Secret of the L2TP tunnel, which opens hidden AVPs.
    pub l2tp_secret: Option<Vec<u8>>,
}

/// Turns frames into entries.
#[derive(Debug)]
pub struct Dissector {
    sessions: ike::Sessions,
    sas: Sas,
    reassembly: Reassembly,
    inner_reassembly: Reassembly,
    options: Options,
    first_time: Option<Timestamp>,
    /// Children that an IKE message of the first pass completed.
    children: Vec<Child>,
}

/// ESP that waits for the second pass.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    /// Index of the entry in its batch.
    pub(crate) entry: usize,
    /// Index of the security association.
    pub(crate) sa: usize,
    /// First octet in the arena: the SPI.
    pub(crate) start: usize,
    /// Octet after the last.
    pub(crate) end: usize,
}

/// Where dissection of one frame stands.
struct Walk<'w> {
    entry: &'w mut Entry,
    /// Octets of the frame are in this arena; `None` if they are not, so that ESP is opened at once.
    arena: Option<&'w [u8]>,
    /// ESP found in the first pass.
    waiting: Option<Waiting>,
    /// Outermost addresses, for security associations.
    addresses: Option<Addresses>,
    /// Within a datagram or packet that another message quotes: nothing is learnt from it, and its end may be missing.
    is_quoted: bool,
    /// When the frame was recorded.
    time: Option<Timestamp>,
    /// The recorder cut the frame.
    is_snapped: bool,
    /// Within a security association, so that a fragment belongs to the inner reassembly.
    is_inner: bool,
}

impl Walk<'_> {
    fn push(&mut self, layer: Layer) -> bool {
        if self.entry.layers.len() == MAX_LAYERS {
            self.fault_cause("frame", FaultCause::TooDeep);
            return false;
        }
        self.entry.layers.push(layer);
        true
    }

    fn fault_cause(&mut self, layer: &'static str, cause: FaultCause) {
        if self.entry.fault.is_none() {
            self.entry.fault = Some(Fault { layer, cause });
        }
    }

    /// Notes that a layer is malformed, unless its end is merely missing from the recording or from a quotation.
    fn fault(&mut self, layer: &'static str, malformed: Malformed) {
        let is_cut = matches!(malformed.why, Why::Truncated { .. });
        if is_cut && self.is_quoted {
            return;
        }
        let cause =
            if is_cut && self.is_snapped { FaultCause::Snapped } else { FaultCause::Malformed(malformed) };
        self.fault_cause(layer, cause);
    }

    /// Names a layer whose octets are refused.
    fn refuse(&mut self, layer: &'static str, malformed: Malformed) {
        self.push(Layer::Named(Named { layer, why: "malformed" }));
        self.fault(layer, malformed);
    }

    fn name(&mut self, layer: &'static str, why: &'static str) {
        self.push(Layer::Named(Named { layer, why }));
    }
}

impl Dissector {
    /// A dissector that opens what `keys` open.
    ///
    /// # Errors
    /// A key that does not fit its algorithm; the error names the line.
    pub fn new(keys: &Keys, options: Options) -> Result<Self, KeyError> {
        Ok(Self {
            sessions: ike::Sessions::new(keys),
            sas: Sas::new(keys)?,
            reassembly: Reassembly::default(),
            inner_reassembly: Reassembly::default(),
            options,
            first_time: None,
            children: Vec::new(),
        })
    }

    /// The security associations known so far.
    #[must_use]
    pub(crate) fn sas(&self) -> &Sas {
        &self.sas
    }

    /// First pass: everything up to ESP that waits to be opened, or to the innermost layer if there is none.
    pub(crate) fn ascend(
        &mut self,
        meta: &FrameMeta,
        arena: &[u8],
        entry: &mut Entry,
        index: usize,
    ) -> Option<Waiting> {
        entry.clear();
        entry.frame = meta.number;
        entry.time = match (meta.time, self.first_time) {
            (Some(time), Some(first)) => time.since(first),
            (Some(time), None) => {
                self.first_time = Some(time);
                0
            }
            (None, _) => 0,
        };
        entry.snapped = meta.original_len.saturating_sub(meta.captured_len);
        let octets = &arena[meta.range.clone()];
        let is_snapped = entry.snapped > 0;
        let mut walk = Walk {
            entry,
            arena: Some(arena),
            waiting: None,
            addresses: None,
            is_quoted: false,
            time: meta.time,
            is_snapped,
            is_inner: false,
        };
        self.link(meta, octets, &mut walk);
        let waiting = walk.waiting.map(|waiting| Waiting { entry: index, ..waiting });
        for child in self.children.drain(..) {
            self.sas.install(&child);
        }
        waiting
    }

    /// Third pass: what an opened packet carries.
    pub(crate) fn ascend_from_esp(&mut self, plain: &[u8], entry: &mut Entry, opening: Opening) {
        let addresses = entry
            .source
            .zip(entry.destination)
            .map(|(source, destination)| Addresses { source, destination });
        let is_snapped = entry.snapped > 0;
        let mut walk = Walk {
            entry,
            arena: None,
            waiting: None,
            addresses,
            is_quoted: false,
            time: None,
            is_snapped,
            is_inner: true,
        };
        if let Some(Layer::Esp(esp)) = walk.entry.layers.last_mut() {
            esp.opening = opening;
        }
        if let Opening::Opened { next_header, .. } | Opening::OpenedTruncated { next_header } = opening {
            self.transport(next_header, plain, &mut walk);
        }
    }

    fn link(&mut self, meta: &FrameMeta, octets: &[u8], walk: &mut Walk<'_>) {
        let link = link::strip(meta.link_type, octets);
        let payload = link.payload(octets);
        match link.next {
            Next::Ipv4 => self.ipv4(payload, walk),
            Next::Ipv6 => self.ipv6(payload, walk),
            // Some recorders write the number of a PPP protocol where an Ethertype stands: no PPP layer of its own.
            Next::Ppp if link.layers.names().last() == Some(&"ethertype") => {
                if let Ok((header, start)) = ppp::frame::FrameHeader::decode(payload) {
                    self.ppp_protocol(header.protocol, payload.get(start..).unwrap_or_default(), walk);
                }
            }
            Next::Ppp => self.ppp(payload, walk),
            Next::Malformed(malformed) => walk.fault("link", malformed),
            Next::Eapol | Next::Other(_) | Next::Ethertype(_) | Next::LinkType(_) => {}
        }
    }

    fn ipv4(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let read = match ip::ipv4(octets) {
            Ok(read) => read,
            Err(malformed) => return walk.refuse("ip", malformed),
        };
        let header = read.header;
        let addresses = Addresses { source: header.source.into(), destination: header.destination.into() };
        self.enter_ip(Layer::Ip(header), addresses, read.missing, octets.len(), walk);
        if let Some(refused) = read.refused {
            return walk.fault("ip", refused);
        }
        let is_fragment = header.more_fragments || header.fragment_offset > 0;
        if is_fragment && (read.missing > 0 || walk.is_quoted) {
            // A fragment with octets missing is put together with none; the first one still shows what it begins.
            if header.fragment_offset == 0 {
                walk.is_snapped = true;
                self.transport(header.protocol, read.payload, walk);
            }
            return;
        }
        if is_fragment {
            let fragment = Fragment {
                source: addresses.source,
                destination: addresses.destination,
                protocol: header.protocol,
                identification: header.identification.into(),
                offset: header.fragment_offset.into(),
                more: header.more_fragments,
                payload: read.payload,
                frame: walk.entry.frame,
                time: walk.time,
            };
            if let Some(whole) = self.fragment("ip", &fragment, walk) {
                let arena = walk.arena.take();
                self.transport(header.protocol, &whole, walk);
                walk.arena = arena;
            }
            return;
        }
        self.transport(header.protocol, read.payload, walk);
    }

    fn ipv6(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let read = match ip::ipv6(octets) {
            Ok(read) => read,
            Err(malformed) => return walk.refuse("ipv6", malformed),
        };
        let header = read.header;
        let addresses = Addresses { source: header.source.into(), destination: header.destination.into() };
        self.enter_ip(Layer::Ipv6(header), addresses, read.missing, octets.len(), walk);
        let mut next = header.next_header;
        let mut payload = read.payload;
        for _ in 0..16 {
            match (next, payload) {
                // Hop-by-hop options, routing, destination options: a length in units of eight octets, less one.
                (0 | 43 | 60, &[following, length, ..]) => {
                    let Some(rest) = payload.get(8 * (usize::from(length) + 1)..) else { return };
                    (next, payload) = (following, rest);
                }
                (44, &[following, _, offset_high, offset_low, a, b, c, d, ref rest @ ..]) => {
                    let offset = u16::from_be_bytes([offset_high, offset_low]);
                    let (start, more) = (usize::from(offset & 0xfff8), offset & 1 == 1);
                    if start == 0 && !more {
                        (next, payload) = (following, rest);
                        continue;
                    }
                    let fragment = Fragment {
                        source: addresses.source,
                        destination: addresses.destination,
                        protocol: following,
                        identification: u32::from_be_bytes([a, b, c, d]),
                        offset: start,
                        more,
                        payload: rest,
                        frame: walk.entry.frame,
                        time: walk.time,
                    };
                    if let Some(whole) = self.fragment("ipv6", &fragment, walk) {
                        let arena = walk.arena.take();
                        self.transport(following, &whole, walk);
                        walk.arena = arena;
                    }
                    return;
                }
                _ => break,
            }
        }
        self.transport(next, payload, walk);
    }

    fn enter_ip(
        &mut self,
        layer: Layer,
        addresses: Addresses,
        missing: usize,
        have: usize,
        walk: &mut Walk<'_>,
    ) {
        let name = layer.name();
        walk.push(layer);
        if walk.entry.source.is_none() {
            walk.entry.source = Some(addresses.source);
            walk.entry.destination = Some(addresses.destination);
        }
        walk.addresses = Some(addresses);
        if missing > 0 {
            let why = Why::Truncated { need: have + missing, have };
            let field = if name == "ip" { "Total Length" } else { "Payload Length" };
            walk.fault(name, Malformed { field, offset: if name == "ip" { 2 } else { 4 }, why });
        }
    }

    fn fragment(
        &mut self,
        layer: &'static str,
        fragment: &Fragment<'_>,
        walk: &mut Walk<'_>,
    ) -> Option<Vec<u8>> {
        let reassembly = if walk.is_inner { &mut self.inner_reassembly } else { &mut self.reassembly };
        match reassembly.push(fragment) {
            Outcome::Whole(whole) => Some(whole.payload),
            Outcome::Pending => None,
            Outcome::Refused(why) => {
                walk.fault_cause(layer, FaultCause::Fragment(why));
                None
            }
        }
    }

    /// What IP carries, by protocol number.
    fn transport(&mut self, protocol: u8, octets: &[u8], walk: &mut Walk<'_>) {
        if walk.entry.layers.len() >= MAX_LAYERS {
            return walk.fault_cause("ip", FaultCause::TooDeep);
        }
        match protocol {
            1 => self.icmp(octets, walk),
            4 => self.ipv4(octets, walk),
            6 => self.tcp(octets, walk),
            17 => self.udp(octets, walk),
            41 => self.ipv6(octets, walk),
            47 => self.gre(octets, walk),
            50 => self.esp(octets, walk),
            51 => {
                // AH (RFC 4302): next header, length in words less two.
                if let &[next, length, ..] = octets
                    && let Some(rest) = octets.get(4 * (usize::from(length) + 2)..)
                {
                    self.transport(next, rest, walk);
                }
            }
            89 => self.ospf(octets, walk),
            115 => walk.name("l2tp", "version 3"),
            _ => {}
        }
    }

    fn icmp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let read = match ip::icmp(octets) {
            Ok(read) => read,
            Err(malformed) => return walk.refuse("icmp", malformed),
        };
        walk.push(Layer::Icmp(read.header));
        if read.header.quotes() && !read.payload.is_empty() {
            self.quoted(walk, |dissector, walk| dissector.ipv4(read.payload, walk));
        }
    }

    /// Dissects what a message quotes: shown, but not learnt from.
    fn quoted(&mut self, walk: &mut Walk<'_>, inner: impl FnOnce(&mut Self, &mut Walk<'_>)) {
        let was = (walk.is_quoted, walk.arena.take(), walk.addresses);
        walk.is_quoted = true;
        inner(self, walk);
        (walk.is_quoted, walk.arena, walk.addresses) = was;
    }

    fn tcp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let read = match ip::tcp(octets) {
            Ok(read) => read,
            Err(malformed) => return walk.refuse("tcp", malformed),
        };
        walk.push(Layer::Tcp(read.header));
        let ports = [read.header.source_port, read.header.destination_port];
        if ports.contains(&53)
            && let Some((&length, message)) = read.payload.split_first_chunk::<2>()
            && usize::from(u16::from_be_bytes(length)) == message.len()
        {
            self.dns(message, walk);
        }
    }

    fn udp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let read = match ip::udp(octets) {
            Ok(read) => read,
            Err(malformed) => return walk.refuse("udp", malformed),
        };
        walk.push(Layer::Udp(read.header));
        if let Some(refused) = read.refused {
            return walk.fault("udp", refused);
        }
        if read.missing > 0 {
            let why = Why::Truncated { need: octets.len() + read.missing, have: octets.len() };
            walk.fault("udp", Malformed { field: "Length", offset: 4, why });
        }
        if read.payload.is_empty() {
            return;
        }
        let (low, high) = {
            let (a, b) = (read.header.source_port, read.header.destination_port);
            (a.min(b), a.max(b))
        };
        for port in [low, high] {
            match port {
                53 => return self.dns(read.payload, walk),
                500 | 848 => return self.isakmp(read.payload, walk),
                4500 => return self.udp_encap(read.payload, walk),
                1701 => return self.l2tp(read.payload, walk),
                _ => {}
            }
        }
    }

    fn dns(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let _ = self;
        let (dns, malformed) = super::dns::read(octets);
        match dns {
            Some(dns) => {
                walk.push(Layer::Dns(Box::new(dns)));
            }
            None => walk.name("dns", "malformed"),
        }
        if let Some(malformed) = malformed {
            walk.fault("dns", malformed);
        }
    }

    fn udp_encap(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        match nat_t::Datagram::decode(octets) {
            Ok(nat_t::Datagram::Keepalive) => {
                walk.push(Layer::UdpEncap(UdpEncap::Keepalive));
            }
            Ok(nat_t::Datagram::Ike(message)) => {
                walk.push(Layer::UdpEncap(UdpEncap::Ike));
                self.isakmp(message, walk);
            }
            Ok(nat_t::Datagram::Esp(packet)) => {
                walk.push(Layer::UdpEncap(UdpEncap::Esp));
                self.esp(packet, walk);
            }
            Err(malformed) => walk.refuse("udpencap", malformed),
        }
    }

    fn isakmp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        if octets == [0xff] {
            return walk.name("isakmp", "NAT-keepalive on the IKE port");
        }
        match self.sessions.see(octets, !walk.is_quoted) {
            Ok(ike::Seen::Message { message, malformed, child }) => {
                walk.push(Layer::Isakmp(message));
                if let Some(malformed) = malformed {
                    walk.fault("isakmp", malformed);
                }
                self.children.extend(child);
            }
            Ok(ike::Seen::Nothing(malformed)) => walk.fault("isakmp", malformed),
            Ok(ike::Seen::Other { header, why }) => {
                walk.push(Layer::IsakmpHeader { header, why });
            }
            Err(malformed) => walk.refuse("isakmp", malformed),
        }
    }

    fn esp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let header = match esp::wire::Header::decode(&mut Reader::new(octets)) {
            Ok(header) => header,
            Err(malformed) => return walk.refuse("esp", malformed),
        };
        let length = octets.len() - 8;
        walk.push(Layer::Esp(Esp { header, opening: Opening::KeyAbsent, length }));
        let Some(addresses) = walk.addresses else { return };
        if walk.is_quoted || walk.entry.fault.is_some() {
            return;
        }
        let Some(sa) = self.sas.find(header.security_parameters_index, addresses) else { return };
        if let Some(arena) = walk.arena {
            let start = octets.as_ptr().addr() - arena.as_ptr().addr();
            walk.waiting = Some(Waiting { entry: 0, sa, start, end: start + octets.len() });
            return;
        }
        let mut packet = octets.to_vec();
        let (opening, payload) = self.sas.open_one(sa, &mut packet);
        if let Some(Layer::Esp(esp)) = walk.entry.layers.last_mut() {
            esp.opening = opening;
        }
        if let Opening::Opened { next_header, .. } | Opening::OpenedTruncated { next_header } = opening {
            walk.is_inner = true;
            self.transport(next_header, &packet[payload], walk);
        }
    }

    fn gre(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let Some((&[flags, version, high, low], _)) = octets.split_first_chunk::<4>() else { return };
        // Checksum, routing, key and sequence number of RFC 2784 and 2890; acknowledgement of RFC 2637.
        let optional = usize::from(flags & 0xc0 != 0)
            + usize::from(flags & 0x20 != 0)
            + usize::from(flags & 0x10 != 0)
            + usize::from(version & 0x87 == 0x81);
        let Some(payload) = octets.get(4 + 4 * optional..) else { return };
        if payload.is_empty() {
            return;
        }
        match u16::from_be_bytes([high, low]) {
            0x0800 => self.ipv4(payload, walk),
            0x86dd => self.ipv6(payload, walk),
            0x880b => self.ppp(payload, walk),
            _ => {}
        }
    }

    fn l2tp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        match l2tp::recognise(octets) {
            l2tp::Recognised::Version2Control => match l2tp::ControlMessage::decode_all(octets) {
                Ok(message) => {
                    let message = match &self.options.l2tp_secret {
                        Some(secret) => message.open_hidden(secret),
                        None => message,
                    };
                    walk.push(Layer::L2tpControl(Box::new(message)));
                }
                Err(malformed) => walk.refuse("l2tp", malformed),
            },
            l2tp::Recognised::Version2Data => match l2tp::DataHeader::decode(octets) {
                Ok((header, payload)) => {
                    walk.push(Layer::L2tpData(header));
                    self.ppp(&octets[payload], walk);
                }
                Err(malformed) => walk.refuse("l2tp", malformed),
            },
            l2tp::Recognised::Version3 => walk.name("l2tp", "version 3"),
            l2tp::Recognised::L2f => walk.name("l2tp", "version 1 (L2F)"),
            l2tp::Recognised::Other => walk.name("l2tp", "unknown version"),
        }
    }

    fn ppp(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        if octets.is_empty() {
            return;
        }
        let (header, start) = match ppp::frame::FrameHeader::decode(octets) {
            Ok(read) => read,
            Err(malformed) => return walk.refuse("ppp", malformed),
        };
        walk.push(Layer::Ppp(header));
        if let Some(payload) = octets.get(start..) {
            self.ppp_protocol(header.protocol, payload, walk);
        }
    }

    fn ppp_protocol(&mut self, protocol: Protocol, octets: &[u8], walk: &mut Walk<'_>) {
        match protocol {
            Protocol::Ipv4 => return self.ipv4(octets, walk),
            Protocol::Ipv6 => return self.ipv6(octets, walk),
            Protocol::VanJacobsonUncompressed => return self.van_jacobson_uncompressed(octets, walk),
            _ => {}
        }
        let Some(decoded) = ppp::decode_control(protocol, octets, 0) else { return };
        match decoded {
            Ok(control @ (Control::Cbcp(_) | Control::Other { .. })) => {
                // Not among the layers that are named: shown with its frame.
                match walk.entry.layers.pop() {
                    Some(Layer::Ppp(header)) => {
                        walk.push(Layer::PppOther { header, packet: Box::new(control) });
                    }
                    other => walk.entry.layers.extend(other),
                }
            }
            Ok(control) => {
                let rejected = rejected_protocol(&control);
                walk.push(Layer::PppControl(Box::new(control)));
                if let Some((protocol, packet)) = rejected
                    && !packet.is_empty()
                {
                    self.quoted(walk, |dissector, walk| dissector.ppp_protocol(protocol, &packet, walk));
                }
            }
            Err(malformed) => match control_name(protocol) {
                Some(name) => walk.refuse(name, malformed),
                None => walk.fault("ppp", malformed),
            },
        }
    }

    /// An IP datagram whose protocol number makes room for a connection number (RFC 1144 section 3.2.3): it is TCP.
    fn van_jacobson_uncompressed(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        const PROTOCOL_AT: usize = 9;
        const TCP: u8 = 6;
        let mut datagram = octets.to_vec();
        if let Some(protocol) = datagram.get_mut(PROTOCOL_AT) {
            *protocol = TCP;
        }
        let arena = walk.arena.take();
        self.ipv4(&datagram, walk);
        walk.arena = arena;
    }

    fn ospf(&mut self, octets: &[u8], walk: &mut Walk<'_>) {
        let _ = self;
        if octets.first().is_some_and(|version| *version != 2) {
            return walk.name("ospf", "not version 2");
        }
        match ospf::Packet::decode_all(octets) {
            Ok(packet) => {
                walk.push(Layer::Ospf(Box::new(packet)));
            }
            Err(malformed) => walk.refuse("ospf", malformed),
        }
    }
}

/// What a Protocol-Reject quotes.
fn rejected_protocol(control: &Control) -> Option<(Protocol, Vec<u8>)> {
    match control {
        Control::Lcp(packet) => match &packet.body {
            control::Body::RejectedProtocol { protocol, information } => {
                Some((*protocol, information.clone()))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Wireshark's name of the layer of a control packet, for those that are layers of their own.
pub(super) fn control_layer(control: &Control) -> &'static str {
    match control {
        Control::Lcp(_) => "lcp",
        Control::Pap(_) => "pap",
        Control::Chap(_) => "chap",
        Control::Eap(_) => "eap",
        Control::Ipcp(_) => "ipcp",
        Control::Ipv6cp(_) => "ipv6cp",
        Control::Ccp(_) => "ccp",
        Control::Cbcp(_) | Control::Other { .. } => "ppp",
    }
}

/// Wireshark's name of the layer of a control protocol, for those that are layers of their own.
fn control_name(protocol: Protocol) -> Option<&'static str> {
    Some(match protocol {
        Protocol::Lcp => "lcp",
        Protocol::Pap => "pap",
        Protocol::Chap => "chap",
        Protocol::Eap => "eap",
        Protocol::Ipcp => "ipcp",
        Protocol::Ipv6cp => "ipv6cp",
        Protocol::Ccp | Protocol::IndividualLinkCcp => "ccp",
        _ => return None,
    })
}
