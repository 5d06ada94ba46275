//! The bodies of router-LSAs and network-LSAs (RFC 2328 sections A.4.2 and A.4.3).

use core::net::Ipv4Addr;

use super::super::code_point::LinkType;
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value, list};

/// The links of a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterLsa {
    /// The bits V, E and B, and those without a meaning here.
    pub flags: u8,
    /// Reserved.
    pub reserved: u8,
    /// The links. Their number is computed.
    pub links: Vec<RouterLink>,
}

/// A link of a router.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterLink {
    /// The other end: a Router ID, a designated router's address, or a network, by type.
    pub link_id: Ipv4Addr,
    /// The router's own address on the link, its interface index, or a mask, by type.
    pub link_data: Ipv4Addr,
    /// What the link leads to.
    pub link_type: LinkType,
    /// The cost of the link.
    pub metric: u16,
    /// Costs for single types of service. Their number is computed.
    pub tos_metrics: Vec<TosMetric>,
}

/// The cost of a link for a type of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TosMetric {
    /// The type of service.
    pub tos: u8,
    /// Reserved.
    pub reserved: u8,
    /// The cost.
    pub metric: u16,
}

/// The routers on a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkLsa {
    /// The mask of the network.
    pub network_mask: Ipv4Addr,
    /// The Router IDs.
    pub attached_routers: Vec<Ipv4Addr>,
}

impl RouterLsa {
    /// An end of a virtual link (V bit).
    pub const V: u8 = 0x04;
    /// An AS boundary router (E bit).
    pub const E: u8 = 0x02;
    /// An area border router (B bit).
    pub const B: u8 = 0x01;

    /// Whether a flag is set.
    #[must_use]
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

impl Codec for RouterLsa {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let flags = r.u8("V, E and B")?;
        let reserved = r.u8("0")?;
        let mut links = Vec::new();
        for _ in 0..r.u16("# links")? {
            links.push(RouterLink::decode(r)?);
        }
        Ok(Self { flags, reserved, links })
    }

    fn encode(&self, w: &mut Writer) {
        w.u8(self.flags);
        w.u8(self.reserved);
        let count = w.fit("# links", self.links.len(), usize::from(u16::MAX));
        w.u16(u16::try_from(count).unwrap_or(u16::MAX));
        for link in &self.links {
            link.encode(w);
        }
    }
}

impl Show for RouterLsa {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("flags", Value::Number(u64::from(self.flags)));
        sink.field("flag_v", Value::Flag(self.has(Self::V)));
        sink.field("flag_e", Value::Flag(self.has(Self::E)));
        sink.field("flag_b", Value::Flag(self.has(Self::B)));
        sink.field("reserved", Value::Number(u64::from(self.reserved)));
        list(sink, "links", &self.links);
    }
}

impl Codec for RouterLink {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let link_id = r.ipv4("Link ID")?;
        let link_data = r.ipv4("Link Data")?;
        let link_type = r.u8("Type")?.into();
        let count = r.u8("# TOS")?;
        let metric = r.u16("metric")?;
        let mut tos_metrics = Vec::new();
        for _ in 0..count {
            let tos = r.u8("TOS")?;
            tos_metrics.push(TosMetric { tos, reserved: r.u8("0")?, metric: r.u16("TOS metric")? });
        }
        Ok(Self { link_id, link_data, link_type, metric, tos_metrics })
    }

    fn encode(&self, w: &mut Writer) {
        w.put(&self.link_id.octets());
        w.put(&self.link_data.octets());
        w.u8(self.link_type.number());
        let count = w.fit("# TOS", self.tos_metrics.len(), usize::from(u8::MAX));
        w.u8(u8::try_from(count).unwrap_or(u8::MAX));
        w.u16(self.metric);
        for tos in &self.tos_metrics {
            w.u8(tos.tos);
            w.u8(tos.reserved);
            w.u16(tos.metric);
        }
    }
}

impl Show for RouterLink {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("link_id", Value::Ipv4(self.link_id));
        sink.field("link_data", Value::Ipv4(self.link_data));
        sink.field("link_type", self.link_type.shown());
        sink.field("metric", Value::Number(u64::from(self.metric)));
        list(sink, "tos_metrics", &self.tos_metrics);
    }
}

impl Show for TosMetric {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("tos", Value::Number(u64::from(self.tos)));
        sink.field("reserved", Value::Number(u64::from(self.reserved)));
        sink.field("metric", Value::Number(u64::from(self.metric)));
    }
}

impl Codec for NetworkLsa {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let network_mask = r.ipv4("Network Mask")?;
        let mut attached_routers = Vec::new();
        while !r.is_empty() {
            attached_routers.push(r.ipv4("Attached Router")?);
        }
        Ok(Self { network_mask, attached_routers })
    }

    fn encode(&self, w: &mut Writer) {
        w.put(&self.network_mask.octets());
        for router in &self.attached_routers {
            w.put(&router.octets());
        }
    }
}

impl Show for NetworkLsa {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("network_mask", Value::Ipv4(self.network_mask));
        sink.values("attached_routers", &mut self.attached_routers.iter().map(|id| Value::Ipv4(*id)));
    }
}
