//! A message as a header and a list of parts, whatever they are called: AVPs of L2TP, options of PPP, payloads of
//! ISAKMP. It can say anything, and says it with the right lengths unless told otherwise.

use l2tpspec_protocol::codec::Codec as _;
use l2tpspec_protocol::isakmp::wire::{Attribute, Form, PayloadType, Phase1Class, Phase2Class, Sa};
use l2tpspec_protocol::l2tp::wire::AttributeType;
use l2tpspec_protocol::ppp::frame::FrameHeader;
use l2tpspec_protocol::ppp::{self, Protocol};

use super::mutation::{Change, Raw};
use super::vocabulary::normalised;

/// A part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its type.
    pub kind: u32,
    /// Flags of an AVP, the reserved octet of a payload.
    pub flags: u16,
    /// The vendor of an AVP.
    pub vendor: u16,
    /// Its value.
    pub value: Vec<u8>,
    /// What its length field says, if not the truth.
    pub length: Option<usize>,
}

impl Part {
    /// Sets or clears a bit of an AVP's header.
    pub(super) fn set_bit(&mut self, bit: &str, on: bool) -> Result<(), String> {
        let mask = match bit {
            "mandatory" => 0x8000,
            "hidden" => 0x4000,
            "reserved" => 0x0400,
            _ => return Err(format!("a part has no bit `{bit}`: mandatory, hidden, reserved")),
        };
        set(&mut self.flags, mask, on);
        Ok(())
    }
}

fn set(flags: &mut u16, mask: u16, on: bool) {
    if on {
        *flags |= mask;
    } else {
        *flags &= !mask;
    }
}

/// What stands before the parts.
#[derive(Debug, Clone)]
enum Head {
    L2tp { flags: u16, tunnel: u16, session: u16, ns: u16, nr: u16 },
    Ppp { frame: Vec<u8>, protocol: Protocol, code: u8, identifier: u8, has_options: bool },
    Isakmp { octets: [u8; 28], is_encrypted: bool },
}

/// A message.
#[derive(Debug, Clone)]
pub struct Wire {
    head: Head,
    parts: Vec<Part>,
    length: Option<usize>,
}

/// The octets of an AVP's header.
const AVP: usize = 6;

fn take<'a>(octets: &mut &'a [u8], count: usize) -> Result<&'a [u8], String> {
    let (taken, rest) = octets.split_at_checked(count).ok_or("the message is shorter than its header")?;
    *octets = rest;
    Ok(taken)
}

fn take_u16(octets: &mut &[u8]) -> Result<u16, String> {
    let taken = take(octets, 2)?;
    Ok(u16::from_be_bytes([taken[0], taken[1]]))
}

impl Wire {
    /// Reads a message of a layer: `l2tp`, one of PPP's, or `ike`.
    ///
    /// # Errors
    /// Octets that are no such message.
    pub fn parse(layer: &str, octets: &[u8]) -> Result<Self, String> {
        match layer {
            "l2tp" => Self::parse_l2tp(octets),
            "ike" => Self::parse_isakmp(octets),
            _ => Self::parse_ppp(octets),
        }
    }

    fn parse_l2tp(mut octets: &[u8]) -> Result<Self, String> {
        let octets = &mut octets;
        let flags = take_u16(octets)?;
        let _length = take_u16(octets)?;
        let (tunnel, session) = (take_u16(octets)?, take_u16(octets)?);
        let (ns, nr) = (take_u16(octets)?, take_u16(octets)?);
        let mut parts = Vec::new();
        while !octets.is_empty() {
            let first = take_u16(octets)?;
            let (vendor, kind) = (take_u16(octets)?, u32::from(take_u16(octets)?));
            let length = usize::from(first & 0x03ff);
            let value = take(octets, length.checked_sub(AVP).ok_or("an AVP of less than six octets")?)?;
            parts.push(Part { kind, flags: first & 0xfc00, vendor, value: value.to_vec(), length: None });
        }
        Ok(Self { head: Head::L2tp { flags, tunnel, session, ns, nr }, parts, length: None })
    }

    fn parse_ppp(frame: &[u8]) -> Result<Self, String> {
        let (header, start) = FrameHeader::decode(frame).map_err(|malformed| malformed.to_string())?;
        let mut octets = &frame[start..];
        let octets = &mut octets;
        let (code, identifier) = (take(octets, 1)?[0], take(octets, 1)?[0]);
        let length = usize::from(take_u16(octets)?);
        let mut body = take(octets, length.checked_sub(4).ok_or("a packet of less than four octets")?)?;
        let negotiates =
            matches!(header.protocol, Protocol::Lcp | Protocol::Ipcp | Protocol::Ipv6cp | Protocol::Ccp);
        let has_options = negotiates && (1..=4).contains(&code);
        let mut parts = Vec::new();
        if has_options {
            while !body.is_empty() {
                let (kind, length) = (u32::from(take(&mut body, 1)?[0]), usize::from(take(&mut body, 1)?[0]));
                let value =
                    take(&mut body, length.checked_sub(2).ok_or("an option of less than two octets")?)?;
                parts.push(Part { kind, flags: 0, vendor: 0, value: value.to_vec(), length: None });
            }
        } else {
            parts.push(Part { kind: 0, flags: 0, vendor: 0, value: body.to_vec(), length: None });
        }
        let frame = frame[..start].to_vec();
        let head = Head::Ppp { frame, protocol: header.protocol, code, identifier, has_options };
        Ok(Self { head, parts, length: None })
    }

    fn parse_isakmp(octets: &[u8]) -> Result<Self, String> {
        let (head, mut rest) =
            octets.split_first_chunk::<28>().ok_or("the message is shorter than its header")?;
        let is_encrypted = head[19] & 1 != 0;
        let mut parts = Vec::new();
        let mut kind = u32::from(head[16]);
        if is_encrypted {
            parts.push(Part { kind, flags: 0, vendor: 0, value: rest.to_vec(), length: None });
        } else {
            while kind != 0 {
                let rest = &mut rest;
                let (next, reserved) = (u32::from(take(rest, 1)?[0]), u16::from(take(rest, 1)?[0]));
                let length = usize::from(take_u16(rest)?);
                let value = take(rest, length.checked_sub(4).ok_or("a payload of less than four octets")?)?;
                parts.push(Part { kind, flags: reserved, vendor: 0, value: value.to_vec(), length: None });
                kind = next;
            }
        }
        Ok(Self { head: Head::Isakmp { octets: *head, is_encrypted }, parts, length: None })
    }

    /// The message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match &self.head {
            Head::L2tp { flags, tunnel, session, ns, nr } => {
                let mut body = Vec::new();
                for part in &self.parts {
                    let length = part.length.unwrap_or(AVP + part.value.len());
                    let first = part.flags | (low_u16(length) & 0x03ff);
                    for field in [first, part.vendor, low_u16(part.kind as usize)] {
                        body.extend_from_slice(&field.to_be_bytes());
                    }
                    body.extend_from_slice(&part.value);
                }
                let mut out = flags.to_be_bytes().to_vec();
                if flags & 0x4000 != 0 {
                    let length = self.length.unwrap_or(12 + body.len());
                    out.extend_from_slice(&low_u16(length).to_be_bytes());
                }
                for field in [tunnel, session] {
                    out.extend_from_slice(&field.to_be_bytes());
                }
                if flags & 0x0800 != 0 {
                    out.extend_from_slice(&ns.to_be_bytes());
                    out.extend_from_slice(&nr.to_be_bytes());
                }
                out.extend_from_slice(&body);
                out
            }
            Head::Ppp { frame, code, identifier, has_options, .. } => {
                let mut body = Vec::new();
                for part in &self.parts {
                    if *has_options {
                        let length = part.length.unwrap_or(2 + part.value.len());
                        body.extend_from_slice(&[low_u8(part.kind as usize), low_u8(length)]);
                    }
                    body.extend_from_slice(&part.value);
                }
                let mut out = frame.clone();
                out.extend_from_slice(&[*code, *identifier]);
                out.extend_from_slice(&low_u16(self.length.unwrap_or(4 + body.len())).to_be_bytes());
                out.extend_from_slice(&body);
                out
            }
            Head::Isakmp { octets, is_encrypted } => {
                let mut out = octets.to_vec();
                if !is_encrypted {
                    out[16] = self.parts.first().map_or(0, |part| low_u8(part.kind as usize));
                }
                for (at, part) in self.parts.iter().enumerate() {
                    if !is_encrypted {
                        let next = self.parts.get(at + 1).map_or(0, |next| low_u8(next.kind as usize));
                        out.extend_from_slice(&[next, low_u8(usize::from(part.flags))]);
                        let length = part.length.unwrap_or(4 + part.value.len());
                        out.extend_from_slice(&low_u16(length).to_be_bytes());
                    }
                    out.extend_from_slice(&part.value);
                }
                let length = self.length.unwrap_or(out.len());
                out[24..28].copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
                out
            }
        }
    }

    /// The parts.
    pub(super) const fn parts_mut(&mut self) -> &mut Vec<Part> {
        &mut self.parts
    }

    /// The octets of a part's header.
    pub(super) const fn part_header(&self) -> usize {
        match &self.head {
            Head::L2tp { .. } => AVP,
            Head::Ppp { has_options: true, .. } => 2,
            Head::Ppp { .. } => 0,
            Head::Isakmp { .. } => 4,
        }
    }

    /// Where the first part of this name, or of this type as a number, stands.
    pub(super) fn position(&self, name: &str) -> Result<usize, String> {
        let wanted = normalised(name);
        let number = name.parse::<u32>().ok();
        let is_it = |part: &Part| {
            number == Some(part.kind) || self.name_of(part).is_some_and(|own| normalised(own) == wanted)
        };
        self.parts.iter().position(is_it).ok_or_else(|| {
            let names: Vec<&str> = self.parts.iter().filter_map(|part| self.name_of(part)).collect();
            format!("the message has no `{name}`; it has {}", names.join(", "))
        })
    }

    fn name_of(&self, part: &Part) -> Option<&'static str> {
        let low = u8::try_from(part.kind).ok();
        match &self.head {
            Head::L2tp { .. } if part.vendor != 0 => None,
            Head::L2tp { .. } => AttributeType::from_number(u16::try_from(part.kind).ok()?).name(),
            Head::Isakmp { is_encrypted: true, .. } => Some("body"),
            Head::Isakmp { .. } => PayloadType::from_number(low?).name(),
            Head::Ppp { has_options: false, .. } => Some("body"),
            Head::Ppp { protocol: Protocol::Lcp, .. } => ppp::lcp::OptionType::from_number(low?).name(),
            Head::Ppp { protocol: Protocol::Ipcp, .. } => ppp::ipcp::OptionType::from_number(low?).name(),
            Head::Ppp { protocol: Protocol::Ipv6cp, .. } => ppp::ipv6cp::OptionType::from_number(low?).name(),
            Head::Ppp { .. } => ppp::ccp::OptionType::from_number(low?).name(),
        }
    }

    /// Adds a part at the end.
    pub(super) fn add(
        &mut self,
        kind: u32,
        value: Vec<u8>,
        is_mandatory: bool,
        vendor: u16,
    ) -> Result<(), String> {
        if matches!(
            &self.head,
            Head::Ppp { has_options: false, .. } | Head::Isakmp { is_encrypted: true, .. }
        ) {
            return Err("the message has no parts".to_owned());
        }
        self.parts.push(Part {
            kind,
            flags: if is_mandatory { 0x8000 } else { 0 },
            vendor,
            value,
            length: None,
        });
        Ok(())
    }

    /// Moves the last part to a place.
    pub(super) fn move_last(&mut self, to: usize) -> Result<(), String> {
        let part = self.parts.pop().ok_or("the message has no parts")?;
        self.parts.insert(to.min(self.parts.len()), part);
        Ok(())
    }

    /// Sets what the message says of its length.
    pub(super) fn set_length(&mut self, to: usize) -> Result<(), String> {
        self.length = Some(to);
        Ok(())
    }

    /// Whether the header has a field of this name.
    pub(super) fn has_header(&self, name: &str) -> bool {
        self.clone().set_header(name, 0).is_ok()
    }

    /// Sets a field of the header.
    pub(super) fn set_header(&mut self, name: &str, to: u64) -> Result<(), String> {
        let octets = to.to_be_bytes();
        let short = low_u16(usize::try_from(to).unwrap_or(usize::MAX));
        match (&mut self.head, &normalised(name)[..]) {
            (Head::L2tp { tunnel, .. }, "tunnel_id") => *tunnel = short,
            (Head::L2tp { session, .. }, "session_id") => *session = short,
            (Head::L2tp { ns, .. }, "ns") => *ns = short,
            (Head::L2tp { nr, .. }, "nr") => *nr = short,
            (Head::L2tp { flags, .. }, "version") => *flags = (*flags & 0xfff0) | (short & 0x000f),
            (Head::L2tp { .. }, "code") => {
                let kind = self.parts.first_mut().filter(|part| part.kind == 0 && part.vendor == 0);
                kind.ok_or("the message has no Message Type")?.value = short.to_be_bytes().to_vec();
            }
            (Head::Ppp { code, .. }, "code") => *code = octets[7],
            (Head::Ppp { identifier, .. }, "identifier") => *identifier = octets[7],
            (Head::Isakmp { octets: head, .. }, "initiator_cookie") => head[..8].copy_from_slice(&octets),
            (Head::Isakmp { octets: head, .. }, "responder_cookie") => head[8..16].copy_from_slice(&octets),
            (Head::Isakmp { octets: head, .. }, "version") => head[17] = octets[7],
            (Head::Isakmp { octets: head, .. }, "exchange_type" | "code") => head[18] = octets[7],
            (Head::Isakmp { octets: head, .. }, "flags") => head[19] = octets[7],
            (Head::Isakmp { octets: head, .. }, "message_id") => head[20..24].copy_from_slice(&octets[4..]),
            _ => return Err(format!("the header has no field `{name}`")),
        }
        Ok(())
    }

    /// Sets or clears a bit of the header.
    pub(super) fn set_bit(&mut self, bit: &str, on: bool) -> Result<(), String> {
        let mask = match bit {
            "type" => 0x8000,
            "length" => 0x4000,
            "sequence" => 0x0800,
            "offset" => 0x0200,
            "priority" => 0x0100,
            "reserved" => 0x2000,
            _ => return Err(format!("no bit `{bit}`: type, length, sequence, offset, priority, reserved")),
        };
        match &mut self.head {
            Head::L2tp { flags, .. } => set(flags, mask, on),
            _ => return Err("only L2TP has bits of these names".to_owned()),
        }
        Ok(())
    }

    /// Changes an attribute in every transform of the SA payload. `None` if that is no attribute's name.
    pub(super) fn change_attributes(&mut self, name: &str, change: &Change) -> Option<Result<(), String>> {
        let Head::Isakmp { is_encrypted: false, octets } = &self.head else { return None };
        let is_phase_1 = octets[18] != 32;
        let wanted = normalised(name);
        let class = if is_phase_1 {
            let mut all = Phase1Class::NAMED.iter();
            all.find(|class| class.name().is_some_and(|own| normalised(own) == wanted))?.number()
        } else {
            let mut all = Phase2Class::NAMED.iter();
            all.find(|class| class.name().is_some_and(|own| normalised(own) == wanted))?.number()
        };
        let part = self.parts.iter_mut().find(|part| part.kind == 1)?;
        let mut sa = match Sa::decode_all(&part.value) {
            Ok(sa) => sa,
            Err(malformed) => return Some(Err(malformed.to_string())),
        };
        let transforms = sa.proposals.iter_mut().flat_map(|proposal| &mut proposal.transforms);
        let mut changed = false;
        for attributes in transforms.map(|transform| &mut transform.attributes) {
            let Some(at) = attributes.iter().position(|attribute| attribute.class == class) else { continue };
            changed = true;
            match change {
                Change::Drop => {
                    attributes.remove(at);
                }
                Change::Duplicate => {
                    let copy = attributes[at].clone();
                    attributes.insert(at, copy);
                }
                Change::SetRaw(raw) => set_attribute(&mut attributes[at], raw),
                Change::Retype(to) => attributes[at].class = low_u16(*to as usize),
                _ => return Some(Err(format!("an attribute cannot be changed so: {change:?}"))),
            }
        }
        part.value = sa.to_octets().ok()?;
        Some(if changed { Ok(()) } else { Err(format!("no transform has `{name}`")) })
    }
}

fn set_attribute(attribute: &mut Attribute, raw: &Raw) {
    attribute.form = match (raw, &attribute.form) {
        (Raw::Octets(octets), _) => Form::Variable(octets.clone()),
        (Raw::Number(number), Form::Basic(_)) if *number <= 0xffff => {
            Form::Basic(low_u16(usize::try_from(*number).unwrap_or(0)))
        }
        (Raw::Number(number), _) => {
            Form::Variable(u32::try_from(*number).unwrap_or(u32::MAX).to_be_bytes().to_vec())
        }
    };
}

/// The low sixteen bits.
fn low_u16(number: usize) -> u16 {
    u16::try_from(number & 0xffff).unwrap_or(u16::MAX)
}

/// The low eight bits.
fn low_u8(number: usize) -> u8 {
    u8::try_from(number & 0xff).unwrap_or(u8::MAX)
}
