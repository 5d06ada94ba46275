//! ISAKMP messages: what they name is replaced, their key exchange is renewed, and they are encrypted again.

use std::net::{IpAddr, Ipv4Addr};

use l2tpspec_protocol::codec::Codec as _;
use l2tpspec_protocol::isakmp::keys::{Cookies, nat_d};
use l2tpspec_protocol::isakmp::wire::{
    Attribute, Body, Form, Fragment, Header, Id, Identity, NotifyType, Payload, PayloadType,
};

use super::exchange::{INITIATOR, Renewed, chain_octets};
use super::fragments::Key;
use super::renaming::Renaming;
use super::{Ends, PRE_SHARED_KEY, Scrubber};
use crate::transcript::ike::{Cookie, Seen};
use crate::transcript::layer::{Isakmp, Protection};

/// An ISAKMP SA, and who began it.
#[derive(Debug)]
pub(super) struct Association {
    renewed: Renewed,
    initiator: IpAddr,
}

/// A piece of a message, which can be written only when all of them are there.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) key: Key,
    pub(super) number: usize,
    /// Octets behind the piece's data, which end with the message.
    pub(super) length: usize,
    pub(super) is_last: bool,
}

/// From the first octet of a fragment's message to its data: the header, and the payload's.
const BEFORE_DATA: usize = Header::LEN + 8;

impl Scrubber<'_> {
    pub(super) fn isakmp(&mut self, octets: &mut [u8], ends: &Ends) {
        if octets == [0xff] {
            return;
        }
        if ends.is_quoted {
            return self.header_only(octets);
        }
        match self.sessions.see(octets, true) {
            Ok(Seen::Message { message, child, .. }) => {
                if let Some(child) = child {
                    self.sas.install(&child);
                }
                if let Some(piece) = piece_of(octets) {
                    self.header_only_cookies(octets);
                    if message.is_reassembled {
                        self.whole = self.message(&message, ends).map(|whole| (piece.key, whole));
                    }
                    self.piece = Some(piece);
                    return;
                }
                match self.message(&message, ends) {
                    Some(new) if new.len() <= octets.len() => {
                        let (place, rest) = octets.split_at_mut(new.len());
                        place.copy_from_slice(&new);
                        self.renaming.blank(rest);
                    }
                    _ => self.unreadable(octets),
                }
            }
            _ => self.unreadable(octets),
        }
    }

    /// Cookies are replaced; what cannot be read is overwritten.
    fn unreadable(&mut self, octets: &mut [u8]) {
        self.summary.overwritten_ike += 1;
        self.header_only(octets);
    }

    fn header_only(&mut self, octets: &mut [u8]) {
        self.header_only_cookies(octets);
        if let Some(body) = octets.get_mut(Header::LEN..) {
            self.renaming.replace("unreadable", body);
        }
    }

    fn header_only_cookies(&mut self, octets: &mut [u8]) {
        for cookie in octets.chunks_exact_mut(8).take(2) {
            self.renaming.replace("cookie", cookie);
        }
    }

    /// The octets of a message anew. `None` if it cannot be encrypted again.
    fn message(&mut self, message: &Isakmp, ends: &Ends) -> Option<Vec<u8>> {
        if !matches!(message.protection, Protection::Clear | Protection::Opened) {
            return None;
        }
        let old = message.header;
        let mut header = old;
        header.initiator_cookie = self.renaming.cookie(old.initiator_cookie);
        header.responder_cookie = self.renaming.cookie(old.responder_cookie);
        let mut payloads = message.payloads.clone();
        for payload in &mut payloads {
            payload_names(payload, self.renaming, &mut self.addresses);
        }
        let association = self.associations.entry(old.initiator_cookie).or_insert_with(|| {
            let mut renewed = Renewed::default();
            renewed.cookies[INITIATOR] = header.initiator_cookie;
            Association { renewed, initiator: ends.old.0 }
        });
        let side = usize::from(association.initiator != ends.old.0);
        let child = association.renewed.renew(&header, &mut payloads, side, self.renaming);
        if let Some((spis, keymat)) = child {
            self.keymats.extend(spis.into_iter().map(|spi| (spi, keymat.clone())));
        }
        if let Some(hash) = association.renewed.hash_algorithm() {
            let cookies = |header: &Header| Cookies {
                initiator: header.initiator_cookie,
                responder: header.responder_cookie,
            };
            for payload in &mut payloads {
                let Body::NatD(digest) = &mut payload.body else { continue };
                let ports = ends.ports.unwrap_or((500, 500));
                let seen = [(ends.old.0, ports.0), (ends.old.1, ports.1)];
                let told = self.addresses.iter().flat_map(|address| [(*address, 500), (*address, 4500)]);
                let found = seen
                    .into_iter()
                    .chain(told)
                    .find(|(address, port)| nat_d(hash, &cookies(&old), *address, *port) == *digest);
                match found {
                    Some((address, port)) => {
                        *digest = nat_d(hash, &cookies(&header), self.renaming.address(address), port);
                    }
                    None => self.renaming.replace("NAT-D", digest),
                }
            }
        }
        let mut body = chain_octets(&payloads)?;
        body.extend_from_slice(&message.padding);
        if message.protection == Protection::Opened {
            if !association.renewed.seal(&header, message.digest, &mut body) {
                return None;
            }
            if let Some(secrets) = association.renewed.secrets() {
                self.keys.isakmp(header.initiator_cookie, &secrets.cipher_key);
                self.keys.secret(header.initiator_cookie, PRE_SHARED_KEY, &secrets.shared);
            }
            self.summary.renewed_ike += 1;
        }
        let mut octets = header.to_octets().ok()?;
        octets.extend(body);
        Some(octets)
    }
}

/// What a datagram brings of a message that was cut (Microsoft's and Cisco's fragmentation).
fn piece_of(octets: &[u8]) -> Option<Piece> {
    let header = Header::decode_all(octets.get(..Header::LEN)?).ok()?;
    if header.next_payload != PayloadType::Fragment {
        return None;
    }
    let &[_, _, _, _, id_high, id_low, number, flags] = octets.get(Header::LEN..BEFORE_DATA)? else {
        return None;
    };
    Some(Piece {
        key: Key::Isakmp(header.initiator_cookie, u16::from_be_bytes([id_high, id_low])),
        number: usize::from(number),
        length: octets.len() - BEFORE_DATA,
        is_last: flags & Fragment::LAST != 0,
    })
}

/// Replaces what a payload names.
fn payload_names(payload: &mut Payload, renaming: &mut Renaming, addresses: &mut Vec<IpAddr>) {
    match &mut payload.body {
        Body::SecurityAssociation(sa) => {
            for proposal in &mut sa.proposals {
                spi(&mut proposal.spi, renaming);
            }
        }
        Body::Identification(id) => {
            if let Identity::Ipv4(address) = id.identity() {
                note(addresses, address.into());
            }
            identity(id, renaming);
        }
        Body::Certificate { data, .. } | Body::CertificateRequest { data, .. } => {
            renaming.replace("certificate", data);
        }
        Body::Signature(octets) => renaming.replace("signature", octets),
        Body::Notification(notification) => {
            spi(&mut notification.spi, renaming);
            let says_something = matches!(
                notification.notify_type,
                NotifyType::RUThere
                    | NotifyType::RUThereAck
                    | NotifyType::ResponderLifetime
                    | NotifyType::ReplayStatus
            );
            match notification.notify_type {
                _ if says_something => {}
                NotifyType::InvalidSpi => spi(&mut notification.data, renaming),
                _ => renaming.blank(&mut notification.data),
            }
        }
        Body::Delete(delete) => delete.spis.iter_mut().for_each(|octets| spi(octets, renaming)),
        Body::Attributes(config) => {
            config.attributes.iter_mut().for_each(|attribute| setting(attribute, renaming));
        }
        Body::NatOa(original) => {
            if let Ok(octets) = <[u8; 4]>::try_from(original.address.as_slice()) {
                note(addresses, Ipv4Addr::from(octets).into());
            }
            address(&mut original.address, renaming);
        }
        Body::Unknown(octets) => renaming.blank(octets),
        Body::KeyExchange(_)
        | Body::Hash(_)
        | Body::Nonce(_)
        | Body::VendorId(_)
        | Body::NatD(_)
        | Body::Fragment(_) => {}
    }
}

/// Addresses that may stand in a NAT-D payload, a bounded number of them.
fn note(addresses: &mut Vec<IpAddr>, address: IpAddr) {
    const MOST: usize = 256;
    if addresses.len() < MOST && !addresses.contains(&address) {
        addresses.push(address);
    }
}

/// An SPI of ESP, a cookie, or both cookies.
fn spi(octets: &mut Vec<u8>, renaming: &Renaming) {
    match <[u8; 4]>::try_from(octets.as_slice()) {
        Ok(spi) => *octets = renaming.spi(u32::from_be_bytes(spi)).to_be_bytes().to_vec(),
        Err(_) => octets.chunks_exact_mut(8).for_each(|cookie| renaming.replace("cookie", cookie)),
    }
}

fn identity(id: &mut Id, renaming: &mut Renaming) {
    match id.identity() {
        Identity::Ipv4Subnet(network, mask) => {
            let network = renaming.network(network, mask);
            id.data[..4].copy_from_slice(&network.octets());
        }
        Identity::Ipv4(_) | Identity::Ipv6(_) => address(&mut id.data, renaming),
        Identity::Ipv4Range(..) => id.data.chunks_exact_mut(4).for_each(|part| address(part, renaming)),
        Identity::Ipv6Range(..) => id.data.chunks_exact_mut(16).for_each(|part| address(part, renaming)),
        Identity::Ipv6Subnet(..) => address(&mut id.data[..16], renaming),
        Identity::Fqdn(_) | Identity::UserFqdn(_) => renaming.name(&mut id.data),
        Identity::KeyId(_) | Identity::Other(_) => renaming.replace("identity", &mut id.data),
    }
}

/// An address of either family, in place.
pub(super) fn address(octets: &mut [u8], renaming: &mut Renaming) {
    if let Ok(old) = <[u8; 4]>::try_from(&*octets) {
        octets.copy_from_slice(&renaming.ipv4(old.into()).octets());
    } else if let Ok(old) = <[u8; 16]>::try_from(&*octets) {
        octets.copy_from_slice(&renaming.ipv6(old.into()).octets());
    }
}

/// An attribute of the Configuration Method: an address, a name or a secret.
fn setting(attribute: &mut Attribute, renaming: &mut Renaming) {
    let Form::Variable(value) = &mut attribute.form else { return };
    match value.len() {
        4 | 16 => address(value, renaming),
        _ => renaming.name(value),
    }
}

/// The initiator's cookie of each SA, and the SA.
pub(super) type Associations = std::collections::BTreeMap<Cookie, Association>;
