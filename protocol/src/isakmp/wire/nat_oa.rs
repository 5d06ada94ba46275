//! The NAT Original Address payload (RFC 3947 section 5.2).

use core::net::{Ipv4Addr, Ipv6Addr};

use super::IdType;
use super::id::{data_size, sized_rest};
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};

/// The address of an end before any translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatOa {
    /// What the address is: of IPv4 or of IPv6.
    pub id_type: IdType,
    /// Three reserved octets.
    pub reserved: [u8; 3],
    /// The address; of the size that the type prescribes, else `encode` makes what `decode` refuses.
    pub address: Vec<u8>,
}

impl NatOa {
    /// An IPv4 address.
    #[must_use]
    pub fn ipv4(address: Ipv4Addr) -> Self {
        Self { id_type: IdType::Ipv4Addr, reserved: [0; 3], address: address.octets().to_vec() }
    }
}

impl Codec for NatOa {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let id_type = IdType::from_number(r.u8("ID Type")?);
        Ok(Self {
            id_type,
            reserved: r.array("RESERVED")?,
            address: sized_rest(r, "NAT-OA Address", data_size(id_type))?,
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.u8(self.id_type.number());
        w.put(&self.reserved);
        w.put(&self.address);
    }
}

impl Show for NatOa {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("id_type", self.id_type.shown());
        sink.field("reserved", Value::Octets(&self.reserved));
        let octets = self.address.as_slice();
        let ipv4 = <[u8; 4]>::try_from(octets).map(Ipv4Addr::from);
        let ipv6 = <[u8; 16]>::try_from(octets).map(Ipv6Addr::from);
        let value = match (self.id_type, ipv4, ipv6) {
            (IdType::Ipv4Addr, Ok(address), _) => Value::Ipv4(address),
            (IdType::Ipv6Addr, _, Ok(address)) => Value::Ipv6(address),
            _ => Value::Octets(octets),
        };
        sink.field("address", value);
    }
}
