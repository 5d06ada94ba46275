//! What an end wants of LCP, IPCP, IPV6CP and CCP.
#![expect(clippy::wildcard_enum_match_arm, reason = "every other option is treated alike")]

use core::net::Ipv4Addr;
use std::collections::BTreeSet;

use super::chap::Algorithm;
use super::config::{Ipcp, IpcpRequest, LcpRequest, Method};
use super::control::OptionSet;
use super::negotiation::{Desire, Judgement};
use super::{Protocol, ccp, ipcp, ipv6cp, lcp};

/// The least Maximum-Receive-Unit that is taken, in octets.
const LEAST_MRU: u16 = 128;

impl Method {
    /// The option that asks for it.
    pub(super) fn option(self) -> lcp::Option {
        let (protocol, data) = match self {
            Self::Pap => (Protocol::Pap, vec![]),
            Self::ChapMd5 => (Protocol::Chap, vec![Algorithm::Md5.number()]),
            Self::MsChapV2 => (Protocol::Chap, vec![Algorithm::MsChapV2.number()]),
            Self::EapMd5 | Self::EapMsChapV2 => (Protocol::Eap, vec![]),
        };
        lcp::Option::AuthenticationProtocol { protocol, data }
    }

    /// The first of some methods that an option asks for: all of EAP are asked for alike.
    pub(super) fn among(methods: &[Self], option: &lcp::Option) -> Option<Self> {
        methods.iter().copied().find(|method| method.option() == *option)
    }
}

/// LCP.
#[derive(Debug)]
pub(super) struct Lcp {
    pub(super) requests: Vec<LcpRequest>,
    pub(super) magic_number: u32,
    /// Methods that may still be asked of the peer, and whether one has to be.
    pub(super) asks: Vec<Method>,
    pub(super) does: Vec<Method>,
    pub(super) grants_compression: bool,
    pub(super) rejected: BTreeSet<u8>,
    pub(super) mru: Option<u16>,
    /// What the peer was granted.
    pub(super) peer: Vec<lcp::Option>,
    /// Whether the peer's magic number was ours.
    pub(super) is_loop_suspected: bool,
}

impl Lcp {
    /// The Magic-Number of what is sent: zero unless it is agreed (LCP-1661-6.4-e).
    pub(super) fn magic(&self) -> u32 {
        let is_agreed = |option: &lcp::Option| matches!(option, lcp::Option::MagicNumber(_));
        if self.request().iter().any(is_agreed) { self.magic_number } else { 0 }
    }

    /// The method that the peer has to prove itself by.
    pub(super) fn asked(&self) -> Option<Method> {
        let asks = self.requests.contains(&LcpRequest::Authentication);
        self.asks.first().copied().filter(|_| asks)
    }

    /// The method that we have to prove ourselves by.
    pub(super) fn demanded(&self) -> Option<Method> {
        self.peer.iter().find_map(|option| Method::among(&self.does, option))
    }
}

impl Desire for Lcp {
    type Option = lcp::Option;

    fn request(&self) -> Vec<lcp::Option> {
        let options = self.requests.iter().filter_map(|request| match request {
            LcpRequest::MaximumReceiveUnit(mru) => {
                Some(lcp::Option::MaximumReceiveUnit(self.mru.unwrap_or(*mru)))
            }
            LcpRequest::AsyncControlCharacterMap(map) => Some(lcp::Option::AsyncControlCharacterMap(*map)),
            LcpRequest::Authentication => self.asked().map(Method::option),
            LcpRequest::MagicNumber => Some(lcp::Option::MagicNumber(self.magic_number)),
            LcpRequest::ProtocolFieldCompression => Some(lcp::Option::ProtocolFieldCompression),
            LcpRequest::AddressAndControlFieldCompression => {
                Some(lcp::Option::AddressAndControlFieldCompression)
            }
            LcpRequest::Other(option) => Some(option.clone()),
        });
        options.filter(|option| !self.rejected.contains(&option.number())).collect()
    }

    fn judge(&mut self, options: &[lcp::Option], may_nak: bool) -> Judgement<lcp::Option> {
        let (mut rejects, mut naks) = (Vec::new(), Vec::new());
        for option in options {
            match option {
                lcp::Option::MaximumReceiveUnit(mru) if *mru < LEAST_MRU => {
                    naks.push((option.clone(), lcp::Option::MaximumReceiveUnit(LEAST_MRU)));
                }
                lcp::Option::MaximumReceiveUnit(_) | lcp::Option::AsyncControlCharacterMap(_) => {}
                lcp::Option::AuthenticationProtocol { .. } => {
                    if Method::among(&self.does, option).is_none() {
                        match self.does.first() {
                            Some(better) => naks.push((option.clone(), better.option())),
                            None => rejects.push(option.clone()),
                        }
                    }
                }
                lcp::Option::MagicNumber(number) => {
                    // LCP-1661-6.4-a
                    self.is_loop_suspected = *number != 0 && *number == self.magic_number;
                    // LCP-1661-6.4-c
                    if *number == 0 || self.is_loop_suspected {
                        let other = lcp::Option::MagicNumber(number.wrapping_mul(0x9e37_79b1) ^ 0x5bd1_e995);
                        naks.push((option.clone(), other));
                    }
                }
                lcp::Option::ProtocolFieldCompression | lcp::Option::AddressAndControlFieldCompression
                    if self.grants_compression => {}
                other => rejects.push(other.clone()),
            }
        }
        verdict(rejects, naks, may_nak)
    }

    fn on_granted(&mut self, options: &[lcp::Option]) {
        self.peer = options.to_vec();
    }

    fn on_nak(&mut self, options: &[lcp::Option]) {
        for option in options {
            if let lcp::Option::MaximumReceiveUnit(mru) = option {
                self.mru = Some(*mru);
            } else if let lcp::Option::MagicNumber(_) = option {
                self.magic_number = self.magic_number.rotate_left(7) ^ 0xa5a5_5a5a;
            } else if matches!(option, lcp::Option::AuthenticationProtocol { .. }) {
                // The method that the peer would rather take, if it is one of ours; else the next one.
                let wanted = Method::among(&self.asks, option);
                match wanted {
                    Some(method) => self.asks.retain(|other| *other == method),
                    None => drop((!self.asks.is_empty()).then(|| self.asks.remove(0))),
                }
            } else if self.requests.iter().any(|request| is_of(request, option.number())) {
                self.rejected.insert(option.number());
            }
        }
    }

    fn on_reject(&mut self, options: &[lcp::Option]) {
        for option in options {
            if matches!(option, lcp::Option::AuthenticationProtocol { .. }) {
                self.asks.clear();
            }
            self.rejected.insert(option.number());
        }
    }
}

fn is_of(request: &LcpRequest, number: u8) -> bool {
    match request {
        LcpRequest::Other(option) => option.number() == number,
        LcpRequest::AsyncControlCharacterMap(_) => number == 2,
        LcpRequest::ProtocolFieldCompression => number == 7,
        LcpRequest::AddressAndControlFieldCompression => number == 8,
        LcpRequest::MaximumReceiveUnit(_) | LcpRequest::Authentication | LcpRequest::MagicNumber => false,
    }
}

/// Rejections come before naks, for an option cannot be in both (RFC 1661 section 5.4). Naks that are not allowed any
/// more become rejections (LCP-1661-4.6-c).
fn verdict<O>(rejects: Vec<O>, naks: Vec<(O, O)>, may_nak: bool) -> Judgement<O> {
    if !rejects.is_empty() {
        Judgement::Reject(rejects)
    } else if naks.is_empty() {
        Judgement::Good
    } else if may_nak {
        Judgement::Nak(naks.into_iter().map(|(_, better)| better).collect())
    } else {
        Judgement::Reject(naks.into_iter().map(|(asked, _)| asked).collect())
    }
}

/// IPCP.
#[derive(Debug)]
pub(super) struct IpcpDesire {
    pub(super) config: Ipcp,
    pub(super) own: Ipv4Addr,
    pub(super) dns: [Option<Ipv4Addr>; 2],
    pub(super) nbns: [Option<Ipv4Addr>; 2],
    pub(super) rejected: BTreeSet<u8>,
    /// What the peer is to be called: leased from the pool.
    pub(super) lease: Option<Ipv4Addr>,
    pub(super) peer: Ipv4Addr,
}

const ANY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

impl IpcpDesire {
    /// The address that the peer is to have if it asks for this one.
    const fn address_for(&self, asked: Ipv4Addr) -> Option<Ipv4Addr> {
        if self.config.accepts_peer_address && !asked.is_unspecified() { Some(asked) } else { self.lease }
    }
}

impl Desire for IpcpDesire {
    type Option = ipcp::Option;

    fn request(&self) -> Vec<ipcp::Option> {
        let [dns1, dns2] = self.dns.map(|address| address.unwrap_or(ANY));
        let [nbns1, nbns2] = self.nbns.map(|address| address.unwrap_or(ANY));
        let options = self.config.requests.iter().map(|request| match request {
            IpcpRequest::Address(_) => ipcp::Option::IpAddress(self.own),
            IpcpRequest::VanJacobson { max_slot_id, comp_slot_id } => ipcp::Option::IpCompressionProtocol {
                protocol: Protocol::VanJacobsonCompressed,
                data: vec![*max_slot_id, *comp_slot_id],
            },
            IpcpRequest::PrimaryDns => ipcp::Option::PrimaryDnsAddress(dns1),
            IpcpRequest::SecondaryDns => ipcp::Option::SecondaryDnsAddress(dns2),
            IpcpRequest::PrimaryNbns => ipcp::Option::PrimaryNbnsAddress(nbns1),
            IpcpRequest::SecondaryNbns => ipcp::Option::SecondaryNbnsAddress(nbns2),
        });
        options.filter(|option| !self.rejected.contains(&option.number())).collect()
    }

    fn judge(&mut self, options: &[ipcp::Option], may_nak: bool) -> Judgement<ipcp::Option> {
        // LCP-1661-5.3-a: the answer keeps the order of the request.
        let (mut rejects, mut naks) = (Vec::new(), Vec::new());
        let [dns1, dns2] = self.config.dns;
        let [nbns1, nbns2] = self.config.nbns;
        for option in options {
            let told = match option {
                ipcp::Option::IpAddress(asked) => self.address_for(*asked).map(ipcp::Option::IpAddress),
                ipcp::Option::PrimaryDnsAddress(_) => dns1.map(ipcp::Option::PrimaryDnsAddress),
                ipcp::Option::SecondaryDnsAddress(_) => dns2.map(ipcp::Option::SecondaryDnsAddress),
                ipcp::Option::PrimaryNbnsAddress(_) => nbns1.map(ipcp::Option::PrimaryNbnsAddress),
                ipcp::Option::SecondaryNbnsAddress(_) => nbns2.map(ipcp::Option::SecondaryNbnsAddress),
                _ => None,
            };
            match told {
                None => rejects.push(option.clone()),
                Some(told) if told == *option => {}
                Some(told) => naks.push((option.clone(), told)),
            }
        }
        verdict(rejects, naks, may_nak)
    }

    fn on_granted(&mut self, options: &[ipcp::Option]) {
        let address = options.iter().find_map(|option| match option {
            ipcp::Option::IpAddress(address) => Some(*address),
            _ => None,
        });
        self.peer = address.or(self.lease).unwrap_or(ANY);
    }

    fn on_nak(&mut self, options: &[ipcp::Option]) {
        let [dns1, dns2] = &mut self.dns;
        let [nbns1, nbns2] = &mut self.nbns;
        for option in options {
            match option {
                ipcp::Option::IpAddress(address) => self.own = *address,
                ipcp::Option::PrimaryDnsAddress(address) => *dns1 = Some(*address),
                ipcp::Option::SecondaryDnsAddress(address) => *dns2 = Some(*address),
                ipcp::Option::PrimaryNbnsAddress(address) => *nbns1 = Some(*address),
                ipcp::Option::SecondaryNbnsAddress(address) => *nbns2 = Some(*address),
                other => {
                    self.rejected.insert(other.number());
                }
            }
        }
    }

    fn on_reject(&mut self, options: &[ipcp::Option]) {
        self.rejected.extend(options.iter().map(OptionSet::number));
    }
}

/// IPV6CP.
#[derive(Debug)]
pub(super) struct Ipv6cpDesire {
    pub(super) own: [u8; 8],
    pub(super) peer: [u8; 8],
    pub(super) is_rejected: bool,
}

impl Desire for Ipv6cpDesire {
    type Option = ipv6cp::Option;

    fn request(&self) -> Vec<ipv6cp::Option> {
        if self.is_rejected { Vec::new() } else { vec![ipv6cp::Option::InterfaceIdentifier(self.own)] }
    }

    fn judge(&mut self, options: &[ipv6cp::Option], may_nak: bool) -> Judgement<ipv6cp::Option> {
        let (mut rejects, mut naks) = (Vec::new(), Vec::new());
        for option in options {
            match option {
                // IPV6CP-5072-4.1-a: neither zero nor ours.
                ipv6cp::Option::InterfaceIdentifier(id) if *id == [0; 8] || *id == self.own => {
                    let mut other = self.own;
                    other[7] ^= 1;
                    naks.push((option.clone(), ipv6cp::Option::InterfaceIdentifier(other)));
                }
                ipv6cp::Option::InterfaceIdentifier(_) => {}
                ipv6cp::Option::Ipv6CompressionProtocol { .. }
                | ipv6cp::Option::Unknown { .. }
                | ipv6cp::Option::IllSized { .. } => rejects.push(option.clone()),
            }
        }
        verdict(rejects, naks, may_nak)
    }

    fn on_granted(&mut self, options: &[ipv6cp::Option]) {
        for option in options {
            if let ipv6cp::Option::InterfaceIdentifier(id) = option {
                self.peer = *id;
            }
        }
    }

    fn on_nak(&mut self, options: &[ipv6cp::Option]) {
        for option in options {
            if let ipv6cp::Option::InterfaceIdentifier(id) = option {
                self.own = *id;
            }
        }
    }

    fn on_reject(&mut self, _options: &[ipv6cp::Option]) {
        self.is_rejected = true;
    }
}

/// CCP. Nothing is compressed here, so only what is asked for by ourselves is taken of the peer.
#[derive(Debug)]
pub(super) struct CcpDesire {
    pub(super) requests: Vec<ccp::Option>,
}

impl Desire for CcpDesire {
    type Option = ccp::Option;

    fn request(&self) -> Vec<ccp::Option> {
        self.requests.clone()
    }

    fn judge(&mut self, options: &[ccp::Option], may_nak: bool) -> Judgement<ccp::Option> {
        let rejects: Vec<_> =
            options.iter().filter(|option| !self.requests.contains(option)).cloned().collect();
        verdict(rejects, Vec::new(), may_nak)
    }

    fn on_granted(&mut self, _options: &[ccp::Option]) {}

    fn on_nak(&mut self, options: &[ccp::Option]) {
        self.on_reject(options);
    }

    fn on_reject(&mut self, options: &[ccp::Option]) {
        let numbers: Vec<u8> = options.iter().map(OptionSet::number).collect();
        self.requests.retain(|request| !numbers.contains(&request.number()));
    }
}
