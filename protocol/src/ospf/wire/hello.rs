//! The Hello packet's body (RFC 2328 section A.3.2).

use core::net::Ipv4Addr;

use super::code_point::Options;
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value};

/// Who is heard on the link, and how it is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The mask of the interface; without meaning on a point-to-point link (requirement OSPF-2328-10.5-b).
    pub network_mask: Ipv4Addr,
    /// Seconds between two Hellos.
    pub hello_interval: u16,
    /// What the router can do.
    pub options: Options,
    /// The standing in the election of a designated router, 0 to stay out of it.
    pub router_priority: u8,
    /// Seconds of silence until the router counts as gone.
    pub router_dead_interval: u32,
    /// The designated router, 0.0.0.0 if there is none.
    pub designated_router: Ipv4Addr,
    /// The backup designated router, 0.0.0.0 if there is none.
    pub backup_designated_router: Ipv4Addr,
    /// The Router IDs heard in the last dead interval.
    pub neighbors: Vec<Ipv4Addr>,
}

impl Codec for Hello {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut hello = Self {
            network_mask: r.ipv4("Network Mask")?,
            hello_interval: r.u16("HelloInterval")?,
            options: Options(r.u8("Options")?),
            router_priority: r.u8("Rtr Pri")?,
            router_dead_interval: r.u32("RouterDeadInterval")?,
            designated_router: r.ipv4("Designated Router")?,
            backup_designated_router: r.ipv4("Backup Designated Router")?,
            neighbors: Vec::new(),
        };
        while !r.is_empty() {
            hello.neighbors.push(r.ipv4("Neighbor")?);
        }
        Ok(hello)
    }

    fn encode(&self, w: &mut Writer) {
        w.put(&self.network_mask.octets());
        w.u16(self.hello_interval);
        w.u8(self.options.0);
        w.u8(self.router_priority);
        w.u32(self.router_dead_interval);
        w.put(&self.designated_router.octets());
        w.put(&self.backup_designated_router.octets());
        for neighbor in &self.neighbors {
            w.put(&neighbor.octets());
        }
    }
}

impl Show for Hello {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("network_mask", Value::Ipv4(self.network_mask));
        sink.field("hello_interval", Value::Number(u64::from(self.hello_interval)));
        self.options.show(sink);
        sink.field("router_priority", Value::Number(u64::from(self.router_priority)));
        sink.field("router_dead_interval", Value::Number(u64::from(self.router_dead_interval)));
        sink.field("designated_router", Value::Ipv4(self.designated_router));
        sink.field("backup_designated_router", Value::Ipv4(self.backup_designated_router));
        sink.values("neighbors", &mut self.neighbors.iter().map(|neighbor| Value::Ipv4(*neighbor)));
    }
}
