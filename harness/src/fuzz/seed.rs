//! What the corpora begin with: the messages of recordings, decrypted, each in the form that its target takes.

use std::collections::BTreeSet;
use std::net::IpAddr;

use l2tpspec_protocol::codec::{Codec, Reader, Writer};
use l2tpspec_protocol::esp::{self, nat_t::Datagram};
use l2tpspec_protocol::isakmp::wire::{self as isakmp, Body as Payload, Fragment};
use l2tpspec_protocol::l2tp::hidden;
use l2tpspec_protocol::l2tp::wire::{self as l2tp, AvpValue};
use l2tpspec_protocol::ospf::wire as ospf;
use l2tpspec_protocol::ppp::control::{Body, OptionSet, Packet};
use l2tpspec_protocol::ppp::frame::FrameHeader;
use l2tpspec_protocol::ppp::{Control, Protocol, decode_control};

use super::window::{Window, ipv4};
use super::{esp as suites, reassembly as pieces, transcript};
use crate::capture::file::CaptureFile;
use crate::capture::keys::Keys;
use crate::capture::link::{self, Next};
use crate::capture::reassembly::{self, Outcome, Reassembly};
use crate::capture::{LinkType, Timestamp};
use crate::error::ExpectedError;
use crate::transcript::ike::{Seen, Sessions};
use crate::transcript::ip::{self, Addresses};
use crate::transcript::layer::{Opening, Protection};
use crate::transcript::sas::Sas;

/// Octets of the longest input: libFuzzer's own limit unless it is told another.
pub const LONGEST: usize = 4096;

/// The secret under which AVPs are hidden here.
const SECRET: &[u8] = b"nycmeshnet";

/// One input of one target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seed {
    /// The target's name.
    pub target: &'static str,
    /// The input.
    pub octets: Vec<u8>,
}

/// Reads a capture to its end and returns what it holds for every target, each input once.
///
/// # Errors
/// A key that does not fit its algorithm, or a file that cannot be read on.
pub fn grow(file: &mut CaptureFile, keys: &Keys) -> Result<BTreeSet<Seed>, ExpectedError> {
    let mut grower = Grower {
        seeds: BTreeSet::new(),
        sessions: Sessions::new(keys),
        sas: Sas::new(keys)?,
        outer: Reassembly::new(),
        inner: Reassembly::new(),
    };
    let mut whole = Window::new(None);
    let mut opened = Window::new(Some(LinkType::Raw));
    let mut arena = Vec::new();
    while let Some(meta) = file.next_into(&mut arena)? {
        let octets = meta.octets(&arena);
        whole.push(&meta, octets, &mut grower.seeds);
        let link = link::strip(meta.link_type, octets);
        let payload = link.payload(octets);
        match link.next {
            Next::Ipv4 => {
                grower.ipv4(payload, meta.time, &mut |plain, seeds| opened.push(&meta, plain, seeds));
            }
            Next::Ppp => {
                grower.ppp(payload);
            }
            _ => {}
        }
        arena.clear();
    }
    whole.finish(&mut grower.seeds);
    opened.finish(&mut grower.seeds);
    Ok(grower.seeds)
}

/// The inputs that a file of keys gives, `name` being the file's.
#[must_use]
pub fn of_keys(name: &str, text: &[u8]) -> Option<Seed> {
    let files = super::capture::KEY_FILES;
    let kind = files.iter().position(|own| *own == name).unwrap_or(files.len() - 1);
    let octets = [&[u8::try_from(kind).ok()?], text].concat();
    (!text.is_empty() && octets.len() <= LONGEST).then_some(Seed { target: "capture_keys_read", octets })
}

/// Takes a packet in which ESP is not encrypted.
type OnOpened<'a> = &'a mut dyn FnMut(&[u8], &mut BTreeSet<Seed>);

struct Grower {
    seeds: BTreeSet<Seed>,
    sessions: Sessions,
    sas: Sas,
    outer: Reassembly,
    inner: Reassembly,
}

impl Grower {
    fn seed(&mut self, target: &'static str, parts: &[&[u8]]) {
        let octets = parts.concat();
        if octets.len() <= LONGEST {
            self.seeds.insert(Seed { target, octets });
        }
    }

    fn value(&mut self, target: &'static str, value: &impl Codec) {
        if let Ok(octets) = value.to_octets() {
            self.seed(target, &[&octets]);
        }
    }

    fn ipv4(&mut self, octets: &[u8], time: Option<Timestamp>, opened: OnOpened<'_>) {
        let Ok(read) = ip::ipv4(octets) else { return };
        let header = read.header;
        let addresses = Addresses { source: header.source.into(), destination: header.destination.into() };
        if !header.more_fragments && header.fragment_offset == 0 {
            return self.transport(header.protocol, read.payload, addresses, Some(opened));
        }
        let fragment = reassembly::Fragment {
            source: addresses.source,
            destination: addresses.destination,
            protocol: header.protocol,
            identification: header.identification.into(),
            offset: header.fragment_offset.into(),
            more: header.more_fragments,
            payload: read.payload,
            frame: 0,
            time,
        };
        if let Outcome::Whole(whole) = self.outer.push(&fragment) {
            self.transport(header.protocol, &whole.payload, addresses, Some(opened));
        }
    }

    fn transport(&mut self, protocol: u8, octets: &[u8], addresses: Addresses, opened: Option<OnOpened<'_>>) {
        match (protocol, opened) {
            (17, opened) => self.udp(octets, addresses, opened),
            (50, Some(opened)) => self.esp(octets, addresses, opened),
            (89, _) => self.ospf(octets),
            _ => {}
        }
    }

    fn udp(&mut self, octets: &[u8], addresses: Addresses, opened: Option<OnOpened<'_>>) {
        let Ok(read) = ip::udp(octets) else { return };
        let ports = [read.header.source_port, read.header.destination_port];
        if ports.contains(&500) {
            self.isakmp(read.payload);
        } else if ports.contains(&4500) {
            let short = read.payload.get(..read.payload.len().min(64)).unwrap_or_default();
            self.seed("esp_datagram_round_trip", &[short]);
            match (Datagram::decode(read.payload), opened) {
                (Ok(Datagram::Ike(message)), _) => self.isakmp(message),
                (Ok(Datagram::Esp(packet)), Some(opened)) => self.esp(packet, addresses, opened),
                _ => {}
            }
        } else if ports.contains(&1701) {
            self.l2tp(read.payload);
        }
    }

    /// The payload of a datagram as what is split and put together again.
    fn split(&mut self, payload: &[u8]) {
        for (target, size) in [("ipv4_fragments_reassemble", 1), ("isakmp_fragments_reassemble", 40)] {
            let turn = payload.first().copied().unwrap_or_default();
            self.seed(target, &[&[pieces::SPLIT, size, turn], payload]);
        }
        let chunk = payload.get(..payload.len().min(64)).unwrap_or_default();
        let length = u8::try_from(chunk.len()).unwrap_or_default();
        let sequence = [&[0, 0, 0, 1, length], chunk, &[0, 8, 0, 0, length], chunk].concat();
        self.seed("ipv4_fragments_reassemble", &[&[1], &sequence]);
        let sequence = [&[1, 1, 1, 0, length], chunk, &[1, 1, 2, 1, length], chunk].concat();
        self.seed("isakmp_fragments_reassemble", &[&[1], &sequence]);
    }

    fn isakmp(&mut self, octets: &[u8]) {
        self.split(octets);
        let Ok(Seen::Message { message, child, .. }) = self.sessions.see(octets, true) else { return };
        if let Some(child) = &child {
            self.sas.install(child);
        }
        if !matches!(message.protection, Protection::Clear | Protection::Opened) {
            return self.seed("isakmp_message_round_trip", &[octets]);
        }
        let whole =
            isakmp::Message { header: message.header, payloads: message.payloads, padding: message.padding };
        self.value("isakmp_message_round_trip", &whole);
        for payload in &whole.payloads {
            match &payload.body {
                Payload::SecurityAssociation(sa) => {
                    self.value("isakmp_sa_round_trip", sa);
                    for transform in sa.proposals.iter().flat_map(|proposal| &proposal.transforms) {
                        self.attributes(&transform.attributes);
                    }
                }
                Payload::Attributes(config) => self.attributes(&config.attributes),
                Payload::Fragment(Fragment { id, number, flags, data }) => {
                    let length = u8::try_from(data.len()).unwrap_or(u8::MAX);
                    let id = id.to_be_bytes()[1];
                    self.seed("isakmp_fragments_reassemble", &[&[1, 0, id, *number, *flags, length], data]);
                }
                _ => {}
            }
        }
    }

    fn attributes(&mut self, attributes: &[isakmp::Attribute]) {
        let mut w = Writer::new();
        attributes.iter().for_each(|attribute| attribute.encode(&mut w));
        self.seed("isakmp_attributes_round_trip", &[w.written_from(0)]);
    }

    fn esp(&mut self, packet: &[u8], addresses: Addresses, opened: OnOpened<'_>) {
        let Ok(header) = esp::wire::Header::decode(&mut Reader::new(packet)) else { return };
        let Some(sa) = self.sas.find(header.security_parameters_index, addresses) else { return };
        let mut packet = packet.to_vec();
        let (Opening::Opened { next_header, .. }, payload) = self.sas.open_one(sa, &mut packet) else {
            return;
        };
        let Some(plain) = packet.get(payload) else { return };
        if let Some(datagram) = null_esp(addresses, header.sequence_number, next_header, plain) {
            opened(&datagram, &mut self.seeds);
        }
        // Every suite has its turn as sequence numbers go on.
        let which = usize::try_from(header.sequence_number).unwrap_or(0) * 5 % suites::suites().len();
        let suite = &suites::suites()[which];
        let which = u8::try_from(which).unwrap_or_default();
        let iv = [header.sequence_number.to_be_bytes(); 4].concat();
        let iv = &iv[..suite.encryption().iv_len()];
        let short = plain.get(..plain.len().min(160)).unwrap_or_default();
        if let Ok(sealed) = suite.seal(header.sequence_number, iv, next_header, short) {
            self.seed("esp_packet_open", &[&[which], &sealed]);
        }
        self.seed("esp_payload_seal_open", &[&[which, next_header, 9, 3], short]);
        self.transport(next_header, plain, addresses, None);
    }

    fn l2tp(&mut self, octets: &[u8]) {
        match l2tp::recognise(octets) {
            l2tp::Recognised::Version2Control => {
                self.seed("l2tp_control_round_trip", &[octets]);
                if let Ok(message) = l2tp::ControlMessage::decode_all(octets) {
                    message.avps.iter().for_each(|avp| self.avp(avp));
                }
            }
            l2tp::Recognised::Version2Data => {
                if let Ok((_, payload)) = l2tp::DataHeader::decode(octets) {
                    let frame = octets.get(payload.clone()).unwrap_or_default();
                    // Of user traffic the headers are enough.
                    let end = payload.end.min(payload.start + 64);
                    if !self.ppp(frame) || frame.len() <= 64 {
                        self.seed("l2tp_header_round_trip", &[octets.get(..end).unwrap_or_default()]);
                    }
                }
            }
            _ => {}
        }
    }

    fn avp(&mut self, avp: &l2tp::Avp) {
        self.value("l2tp_avp_round_trip", avp);
        let vector: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap_or_default());
        let attribute_type = avp.attribute_type.to_be_bytes()[1];
        let mut w = Writer::new();
        avp.value.encode(&mut w);
        let value = w.written_from(0);
        self.seed("l2tp_hidden_avp_open_hide", &[&[attribute_type, 16, 3], &vector, &[0; 3], value]);
        let sealed = hidden::hide(avp, SECRET, &vector, &[0; 5]);
        if let Ok(l2tp::Avp { value: AvpValue::Hidden(octets), .. }) = &sealed {
            self.seed("l2tp_hidden_avp_open_hide", &[&[attribute_type, 16, 0], &vector, octets]);
        }
        if let Ok(sealed) = sealed {
            let avps = vec![l2tp::Avp::new(AvpValue::RandomVector(vector.to_vec())), sealed];
            let header = l2tp::Header::control(1, 1, 0, 0);
            let message = l2tp::ControlMessage { header, avps, padding: Vec::new() };
            self.value("l2tp_control_round_trip", &message);
        }
    }

    /// Says whether the frame is one of a control protocol.
    fn ppp(&mut self, frame: &[u8]) -> bool {
        let Ok((header, start)) = FrameHeader::decode(frame) else { return false };
        let information = frame.get(start..).unwrap_or_default();
        let Some(control) = decode_control(header.protocol, information, start) else {
            self.seed("ppp_frame_round_trip", &[frame.get(..frame.len().min(64)).unwrap_or_default()]);
            if header.protocol == Protocol::Ipv4 {
                self.carried(information);
            }
            return false;
        };
        self.seed("ppp_frame_round_trip", &[frame]);
        let target = match control {
            Ok(Control::Lcp(packet)) => self.options("ppp_lcp_options_round_trip", &packet),
            Ok(Control::Ipcp(packet)) => self.options("ppp_ipcp_options_round_trip", &packet),
            Ok(Control::Ipv6cp(packet)) => self.options("ppp_ipv6cp_options_round_trip", &packet),
            Ok(Control::Ccp(packet)) => self.options("ppp_ccp_options_round_trip", &packet),
            Ok(Control::Pap(_)) => "ppp_pap_round_trip",
            Ok(Control::Chap(_)) => "ppp_chap_round_trip",
            Ok(Control::Eap(_)) => "ppp_eap_round_trip",
            Ok(Control::Cbcp(_) | Control::Other { .. }) | Err(_) => return true,
        };
        self.seed(target, &[information]);
        true
    }

    /// The options of a packet, without its header.
    fn options<O: OptionSet>(&mut self, target: &'static str, packet: &Packet<O>) -> &'static str {
        if let Body::Options(options) = &packet.body {
            let mut all = Writer::new();
            for option in options {
                let mut data = Writer::new();
                option.encode_data(&mut data);
                let data = data.written_from(0);
                all.u8(option.number());
                all.length_u8("Option Length", 2, |w| w.put(data));
                self.seed(target, &[&[option.number()], data]);
            }
            self.seed(target, &[all.written_from(0)]);
        }
        target
    }

    /// What PPP carries.
    fn carried(&mut self, octets: &[u8]) {
        let Ok(read) = ip::ipv4(octets) else { return };
        let (source, destination) = (read.header.source.into(), read.header.destination.into());
        if !read.header.more_fragments && read.header.fragment_offset == 0 {
            return self.transport(
                read.header.protocol,
                read.payload,
                Addresses { source, destination },
                None,
            );
        }
        let fragment = reassembly::Fragment {
            source,
            destination,
            protocol: read.header.protocol,
            identification: read.header.identification.into(),
            offset: read.header.fragment_offset.into(),
            more: read.header.more_fragments,
            payload: read.payload,
            frame: 0,
            time: None,
        };
        if let Outcome::Whole(whole) = self.inner.push(&fragment) {
            self.transport(read.header.protocol, &whole.payload, Addresses { source, destination }, None);
        }
    }

    fn ospf(&mut self, octets: &[u8]) {
        self.seed("ospf_packet_round_trip", &[octets]);
        if let Ok(ospf::Packet { body: ospf::Body::LinkStateUpdate(update), .. }) =
            ospf::Packet::decode_all(octets)
        {
            update.lsas.iter().for_each(|lsa| self.value("ospf_lsa_round_trip", lsa));
        }
    }
}

/// An IPv4 datagram of an ESP packet whose association has neither encryption nor integrity.
fn null_esp(addresses: Addresses, sequence: u32, next_header: u8, plain: &[u8]) -> Option<Vec<u8>> {
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (addresses.source, addresses.destination) else {
        return None;
    };
    let (none, null) = (esp::Integrity::None, esp::Encryption::Null);
    let sa = esp::Sa::new(transcript::NULL_SPI, null, &[], none, &[]).ok()?;
    let packet = sa.seal(sequence, &[], next_header, plain).ok()?;
    Some(ipv4(source, destination, 50, &packet))
}
