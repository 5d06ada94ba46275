//! The Identification payload (RFC 2407 section 4.6.2).

use core::net::{Ipv4Addr, Ipv6Addr};

use super::IdType;
use crate::codec::{Codec, Malformed, Reader, Why, Writer};
use crate::show::{Show, Sink, Value};

/// Who a side is (phase 1), or which traffic an SA is for (phase 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    /// What the data are.
    pub id_type: IdType,
    /// The IP protocol, zero for any.
    pub protocol: u8,
    /// The port, zero for any.
    pub port: u16,
    /// The identification data; of the size that the type prescribes, else `encode` makes what `decode`
    /// refuses.
    pub data: Vec<u8>,
}

/// The data of an [`Id`] by its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity<'a> {
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv4 address and its mask.
    Ipv4Subnet(Ipv4Addr, Ipv4Addr),
    /// The first and the last of a range of IPv4 addresses.
    Ipv4Range(Ipv4Addr, Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// An IPv6 address and its mask.
    Ipv6Subnet(Ipv6Addr, Ipv6Addr),
    /// The first and the last of a range of IPv6 addresses.
    Ipv6Range(Ipv6Addr, Ipv6Addr),
    /// A domain name.
    Fqdn(&'a [u8]),
    /// A user at a domain name.
    UserFqdn(&'a [u8]),
    /// Octets that only the peers understand.
    KeyId(&'a [u8]),
    /// An X.500 name, or data of an unknown type or of a wrong size.
    Other(&'a [u8]),
}

impl Id {
    /// The identity of an IPv4 address.
    #[must_use]
    pub fn ipv4(address: Ipv4Addr, protocol: u8, port: u16) -> Self {
        Self { id_type: IdType::Ipv4Addr, protocol, port, data: address.octets().to_vec() }
    }

    /// The data by their type.
    #[must_use]
    pub fn identity(&self) -> Identity<'_> {
        let data = self.data.as_slice();
        let known = match self.id_type {
            IdType::Ipv4Addr => one::<4, Ipv4Addr>(data).map(Identity::Ipv4),
            IdType::Ipv4AddrSubnet => {
                two::<4, Ipv4Addr>(data).map(|(address, mask)| Identity::Ipv4Subnet(address, mask))
            }
            IdType::Ipv4AddrRange => {
                two::<4, Ipv4Addr>(data).map(|(first, last)| Identity::Ipv4Range(first, last))
            }
            IdType::Ipv6Addr => one::<16, Ipv6Addr>(data).map(Identity::Ipv6),
            IdType::Ipv6AddrSubnet => {
                two::<16, Ipv6Addr>(data).map(|(address, mask)| Identity::Ipv6Subnet(address, mask))
            }
            IdType::Ipv6AddrRange => {
                two::<16, Ipv6Addr>(data).map(|(first, last)| Identity::Ipv6Range(first, last))
            }
            IdType::Fqdn => Some(Identity::Fqdn(data)),
            IdType::UserFqdn => Some(Identity::UserFqdn(data)),
            IdType::KeyId => Some(Identity::KeyId(data)),
            IdType::DerAsn1Dn | IdType::DerAsn1Gn | IdType::Unknown(_) => None,
        };
        known.unwrap_or(Identity::Other(data))
    }
}

fn one<const N: usize, A: From<[u8; N]>>(data: &[u8]) -> Option<A> {
    <[u8; N]>::try_from(data).ok().map(A::from)
}

fn two<const N: usize, A: From<[u8; N]>>(data: &[u8]) -> Option<(A, A)> {
    let (first, second) = data.split_first_chunk::<N>()?;
    Some((A::from(*first), one(second)?))
}

/// The octets that the data of a type take, `None` if any number (DOI-2407-4.6.2.1-a).
pub(super) const fn data_size(id_type: IdType) -> Option<usize> {
    match id_type {
        IdType::Ipv4Addr => Some(4),
        IdType::Ipv4AddrSubnet | IdType::Ipv4AddrRange => Some(8),
        IdType::Ipv6Addr => Some(16),
        IdType::Ipv6AddrSubnet | IdType::Ipv6AddrRange => Some(32),
        IdType::Fqdn
        | IdType::UserFqdn
        | IdType::DerAsn1Dn
        | IdType::DerAsn1Gn
        | IdType::KeyId
        | IdType::Unknown(_) => None,
    }
}

/// Takes the rest, which must have the size that a type prescribes, if it does.
pub(super) fn sized_rest(
    r: &mut Reader<'_>,
    field: &'static str,
    size: Option<usize>,
) -> Result<Vec<u8>, Malformed> {
    match size {
        Some(want) if want != r.len() => Err(r.refuse(field, Why::Length { got: r.len(), want })),
        _ => Ok(r.take_rest().to_vec()),
    }
}

impl Codec for Id {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let id_type = IdType::from_number(r.u8("ID Type")?);
        Ok(Self {
            id_type,
            protocol: r.u8("Protocol ID")?,
            port: r.u16("Port")?,
            data: sized_rest(r, "Identification Data", data_size(id_type))?,
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.u8(self.id_type.number());
        w.u8(self.protocol);
        w.u16(self.port);
        w.put(&self.data);
    }
}

impl Show for Id {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("id_type", self.id_type.shown());
        sink.field("protocol_id", Value::Number(u64::from(self.protocol)));
        sink.field("port", Value::Number(u64::from(self.port)));
        match self.identity() {
            Identity::Ipv4(address) => sink.field("address", Value::Ipv4(address)),
            Identity::Ipv4Subnet(address, mask) => {
                sink.field("address", Value::Ipv4(address));
                sink.field("mask", Value::Ipv4(mask));
            }
            Identity::Ipv4Range(first, last) => {
                sink.field("first_address", Value::Ipv4(first));
                sink.field("last_address", Value::Ipv4(last));
            }
            Identity::Ipv6(address) => sink.field("address", Value::Ipv6(address)),
            Identity::Ipv6Subnet(address, mask) => {
                sink.field("address", Value::Ipv6(address));
                sink.field("mask", Value::Ipv6(mask));
            }
            Identity::Ipv6Range(first, last) => {
                sink.field("first_address", Value::Ipv6(first));
                sink.field("last_address", Value::Ipv6(last));
            }
            Identity::Fqdn(name) => sink.field("fqdn", Value::Text(name)),
            Identity::UserFqdn(name) => sink.field("user_fqdn", Value::Text(name)),
            Identity::KeyId(octets) => sink.field("key_id", Value::Octets(octets)),
            Identity::Other(octets) => sink.field("identification_data", Value::Octets(octets)),
        }
    }
}
