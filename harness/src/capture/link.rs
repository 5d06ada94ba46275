//! What lies between the beginning of a frame and IP, PPP or EAPOL: Ethernet II and IEEE 802.3, VLAN tags, PPPoE
//! sessions (RFC 2516 section 4), MPLS labels (RFC 3032 section 2.1), and the link types that capture tools make
//! up. Decisions and names of layers are those of tshark's `frame.protocols`.

use std::ops::Range;

use l2tpspec_protocol::codec::{Malformed, Reader, Why};

use super::LinkType;

/// What was found at the beginning of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// What comes next.
    pub next: Next,
    /// Where it begins in the frame, in octets.
    pub offset: usize,
    /// Where it ends at the latest: padding behind a PPPoE session's Length is not part of it.
    pub end: usize,
    /// Octets that a length field promises and that the capture does not hold.
    pub missing: usize,
    /// The Session ID of the last PPPoE session passed.
    pub pppoe_session: Option<u16>,
    /// The layers passed.
    pub layers: Layers,
}

impl Link {
    /// Where the octets of what comes next stand in the frame.
    #[must_use]
    pub const fn range(&self) -> Range<usize> {
        self.offset..self.end
    }

    /// The octets of what comes next; `frame` is what was given to [`strip`].
    #[must_use]
    pub fn payload<'a>(&self, frame: &'a [u8]) -> &'a [u8] {
        frame.get(self.range()).unwrap_or_default()
    }
}

/// What comes after the link layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// An IPv4 header.
    Ipv4,
    /// An IPv6 header.
    Ipv6,
    /// A PPP frame: Address and Control if the link has them, then Protocol.
    Ppp,
    /// An EAPOL packet.
    Eapol,
    /// A protocol that this project does not read, by its name in tshark.
    Other(&'static str),
    /// An Ethertype without a name here.
    Ethertype(u16),
    /// A link type that this project does not read.
    LinkType(LinkType),
    /// The link layers are damaged or the frame ends inside of them.
    Malformed(Malformed),
}

/// Names of the layers passed, outermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layers {
    names: [&'static str; Self::LIMIT],
    count: u8,
}

impl Layers {
    /// The most layers that are followed.
    pub const LIMIT: usize = 16;

    /// The names.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        // `push` counts no further than the array reaches.
        &self.names[..usize::from(self.count)]
    }

    fn push(&mut self, r: &Reader<'_>, name: &'static str) -> Result<(), Malformed> {
        let Some(place) = self.names.get_mut(usize::from(self.count)) else {
            return Err(r.refuse("link layers", Why::Limit { limit: Self::LIMIT }));
        };
        *place = name;
        self.count += 1;
        Ok(())
    }
}

/// Passes the link layers of a frame.
#[must_use]
pub fn strip(link_type: LinkType, octets: &[u8]) -> Link {
    let mut walk = Walk {
        r: Reader::new(octets),
        missing: 0,
        pppoe_session: None,
        layers: Layers { names: [""; Layers::LIMIT], count: 0 },
    };
    let next = walk.link(link_type).unwrap_or_else(Next::Malformed);
    Link {
        next,
        offset: walk.r.offset(),
        end: walk.r.offset() + walk.r.len(),
        missing: walk.missing,
        pppoe_session: walk.pppoe_session,
        layers: walk.layers,
    }
}

struct Walk<'a> {
    r: Reader<'a>,
    missing: usize,
    pppoe_session: Option<u16>,
    layers: Layers,
}

impl<'a> Walk<'a> {
    fn layer(&mut self, name: &'static str) -> Result<(), Malformed> {
        self.layers.push(&self.r, name)
    }

    fn link(&mut self, link_type: LinkType) -> Result<Next, Malformed> {
        match link_type {
            LinkType::Ethernet => self.ethernet(),
            LinkType::Null => self.null(),
            LinkType::Loop => {
                self.layer("null")?;
                let family = self.r.u32("address family")?;
                Ok(address_family(family))
            }
            LinkType::Raw | LinkType::Raw12 | LinkType::Raw14 => {
                self.layer("raw")?;
                Ok(self.version().unwrap_or(Next::Other("data")))
            }
            LinkType::Ipv4 => Ok(Next::Ipv4),
            LinkType::Ipv6 => Ok(Next::Ipv6),
            LinkType::Ppp | LinkType::PppSerial => self.ppp_or_cisco_hdlc(),
            LinkType::PppWithDirection => {
                self.r.u8("direction")?;
                self.ppp_or_cisco_hdlc()
            }
            // pppd puts the direction in the place of Address.
            LinkType::PppPppd => {
                if let [0 | 1, 0x03, ..] = self.r.peek() {
                    self.r.u16("direction and Control")?;
                }
                Ok(Next::Ppp)
            }
            LinkType::PppEther => self.pppoe(),
            LinkType::CiscoHdlc => self.cisco_hdlc(),
            LinkType::CiscoHdlcWithDirection => {
                self.r.u8("direction")?;
                self.cisco_hdlc()
            }
            LinkType::LinuxSll => self.linux_sll(),
            LinkType::LinuxSll2 => self.linux_sll2(),
            other => Ok(Next::LinkType(other)),
        }
    }

    fn ethernet(&mut self) -> Result<Next, Malformed> {
        self.layer("eth")?;
        self.r.array::<6>("Destination")?;
        self.r.array::<6>("Source")?;
        self.length_or_type()
    }

    /// A field that is a length up to 1500 and an Ethertype from 1536 on (IEEE 802.3 section 3.2.6).
    fn length_or_type(&mut self) -> Result<Next, Malformed> {
        let at = self.r;
        let field = self.r.u16("Length/Type")?;
        match field {
            0..=1500 => {
                self.shorten(usize::from(field));
                if self.r.peek().starts_with(&[0xff, 0xff]) { Ok(Next::Other("ipx")) } else { self.llc() }
            }
            1501..1536 => Err(at.refuse("Length/Type", Why::Value { got: field.into() })),
            ethertype => {
                self.layer("ethertype")?;
                self.ethertype(ethertype, at)
            }
        }
    }

    /// What an Ethertype announces; `at` is where it stands.
    fn ethertype(&mut self, ethertype: u16, at: Reader<'a>) -> Result<Next, Malformed> {
        Ok(match ethertype {
            0x0800 => Next::Ipv4,
            0x86dd => Next::Ipv6,
            0x888e => Next::Eapol,
            0x8100 | 0x88a8 | 0x9100 => {
                self.layer(if ethertype == 0x88a8 { "ieee8021ad" } else { "vlan" })?;
                self.r.u16("Tag Control Information")?;
                return self.length_or_type();
            }
            0x8864 => return self.pppoe(),
            0x8847 => return self.mpls(),
            0x8863 => Next::Other("pppoed"),
            0x0806 => Next::Other("arp"),
            0x8035 => Next::Other("rarp"),
            0x8137 => Next::Other("ipx"),
            0x8808 => Next::Other("macc"),
            0x8809 => Next::Other("slow"),
            0x8848 => Next::Other("mpls"),
            0x88cc => Next::Other("lldp"),
            0x88e5 => Next::Other("macsec"),
            0x88f7 => Next::Other("ptp"),
            0x9000 => Next::Other("loop"),
            // Windows hands the control protocols of a dial-up link to a capture as Ethernet frames, the PPP
            // Protocol in the place of the Ethertype. It is where the PPP frame begins.
            0x8021 | 0x8053 | 0x8057 | 0x80fd | 0xc021 | 0xc023 | 0xc025 | 0xc029 | 0xc02b | 0xc02d
            | 0xc223 | 0xc227 => {
                self.r = at;
                Next::Ppp
            }
            other => Next::Ethertype(other),
        })
    }

    fn llc(&mut self) -> Result<Next, Malformed> {
        self.layer("llc")?;
        let [destination, source, control] = self.r.array("LLC header")?;
        Ok(match (destination, source, control) {
            (0xaa, 0xaa, 0x03) => {
                let organization = self.r.u24("organization code")?;
                let at = self.r;
                let protocol = self.r.u16("protocol identifier")?;
                match (organization, protocol) {
                    (0x00_0000 | 0x00_00f8, _) => return self.ethertype(protocol, at),
                    (0x00_000c, 0x2000) => Next::Other("cdp"),
                    _ => Next::Other("data"),
                }
            }
            (0x06, 0x06, 0x03) => Next::Ipv4,
            (0x42, 0x42, 0x03) => Next::Other("stp"),
            (0xe0, ..) => Next::Other("ipx"),
            (0xf0, ..) => Next::Other("netbios"),
            (0xfe, ..) => Next::Other("osi"),
            _ => Next::Other("data"),
        })
    }

    /// A PPPoE session packet (RFC 2516 section 4).
    fn pppoe(&mut self) -> Result<Next, Malformed> {
        self.layer("pppoes")?;
        let version_and_type = self.r;
        let first = self.r.u8("VER and TYPE")?;
        if first != 0x11 {
            return Err(version_and_type.refuse("VER and TYPE", Why::Value { got: first.into() }));
        }
        let at = self.r;
        let code = self.r.u8("CODE")?;
        if code != 0 {
            return Err(at.refuse("CODE", Why::Value { got: code.into() }));
        }
        self.pppoe_session = Some(self.r.u16("SESSION_ID")?);
        let length = self.r.u16("LENGTH")?;
        self.shorten(usize::from(length));
        Ok(Next::Ppp)
    }

    /// A label stack; what follows is known from the last label or the first octet (RFC 3032 section 2.1, RFC 4928).
    fn mpls(&mut self) -> Result<Next, Malformed> {
        self.layer("mpls")?;
        loop {
            let entry = self.r.u32("label stack entry")?;
            if entry & 0x100 == 0 {
                continue;
            }
            return Ok(match entry >> 12 {
                0 => Next::Ipv4,
                2 => Next::Ipv6,
                _ => self.version().unwrap_or(Next::Other("data")),
            });
        }
    }

    /// Four octets of address family in the byte order of the capturing machine.
    fn null(&mut self) -> Result<Next, Malformed> {
        self.layer("null")?;
        let family = self.r.u32("address family")?;
        let family = if family > 0xffff { family.swap_bytes() } else { family };
        Ok(address_family(family))
    }

    /// PPP, unless the first octets are those of Cisco's HDLC.
    fn ppp_or_cisco_hdlc(&mut self) -> Result<Next, Malformed> {
        match self.r.peek() {
            [0x0f | 0x8f, ..] => {
                self.layer("ppp")?;
                self.cisco_hdlc()
            }
            _ => Ok(Next::Ppp),
        }
    }

    fn cisco_hdlc(&mut self) -> Result<Next, Malformed> {
        self.layer("chdlc")?;
        self.r.u16("address and control")?;
        Ok(match self.r.u16("protocol")? {
            0x0800 => Next::Ipv4,
            0x86dd => Next::Ipv6,
            0x8035 => Next::Other("slarp"),
            0x2000 => Next::Other("cdp"),
            0xfefe => Next::Other("osi"),
            other => Next::Ethertype(other),
        })
    }

    fn linux_sll(&mut self) -> Result<Next, Malformed> {
        self.layer("sll")?;
        self.r.u16("packet type")?;
        let hardware = self.r.u16("hardware type")?;
        self.r.array::<10>("address")?;
        let at = self.r;
        let protocol = self.r.u16("protocol")?;
        self.linux_protocol(hardware, protocol, at)
    }

    fn linux_sll2(&mut self) -> Result<Next, Malformed> {
        self.layer("sll")?;
        let at = self.r;
        let protocol = self.r.u16("protocol")?;
        self.r.u16("reserved")?;
        self.r.u32("interface index")?;
        let hardware = self.r.u16("hardware type")?;
        self.r.array::<10>("packet type and address")?;
        self.linux_protocol(hardware, protocol, at)
    }

    fn linux_protocol(&mut self, hardware: u16, protocol: u16, at: Reader<'a>) -> Result<Next, Malformed> {
        /// Hardware types whose protocol field is no Ethertype.
        const NETLINK: u16 = 824;
        const GRE: u16 = 778;
        match (hardware, protocol) {
            (NETLINK, _) => Ok(Next::Other("netlink")),
            (GRE, _) => Ok(Next::Other("gre")),
            (_, 0x0001) => Ok(Next::Other("ipx")),
            (_, 0x0004) => self.llc(),
            (_, 0x0007) => Ok(Next::Ppp),
            (_, 0x000c) => Ok(Next::Other("can")),
            (_, 0..1536) => Ok(Next::Other("data")),
            (_, ethertype) => {
                let before = self.r;
                self.layer("ethertype")?;
                let next = self.ethertype(ethertype, at)?;
                // The PPP Protocol does not stand right before its information here.
                if next == Next::Ppp && self.r.offset() < before.offset() {
                    self.r = before;
                    return Ok(Next::Ethertype(ethertype));
                }
                Ok(next)
            }
        }
    }

    /// IPv4 or IPv6 by the first four bits.
    fn version(&self) -> Option<Next> {
        match self.r.peek().first()? >> 4 {
            4 => Some(Next::Ipv4),
            6 => Some(Next::Ipv6),
            _ => None,
        }
    }

    /// Leaves no more than the `length` octets that a length field promises.
    fn shorten(&mut self, length: usize) {
        match self.r.sub("payload", length.min(self.r.len())) {
            Ok(payload) => {
                self.missing = length - payload.len();
                self.r = payload;
            }
            Err(_) => debug_assert!(false, "no more than what is left was asked for"),
        }
    }
}

/// IPv4 or IPv6 by the number that one of the BSDs, Darwin, Windows or Linux has for it.
fn address_family(family: u32) -> Next {
    match family {
        2 | 0x0800 => Next::Ipv4,
        10 | 23 | 24 | 28 | 30 | 0x86dd => Next::Ipv6,
        7 => Next::Other("osi"),
        16 => Next::Other("appletalk"),
        _ => Next::Other("data"),
    }
}
