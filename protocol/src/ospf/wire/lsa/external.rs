//! The body of AS-external-LSAs (RFC 2328 section A.4.5) and NSSA-LSAs (RFC 3101 appendix A).

use core::net::Ipv4Addr;

use super::summary::encode_metric;
use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value, list};

const E: u8 = 0x80;

/// A route out of the autonomous system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsExternalLsa {
    /// The mask of the destination.
    pub network_mask: Ipv4Addr,
    /// The route. Its type of service is 0.
    pub route: ExternalRoute,
    /// Routes for single types of service.
    pub tos_routes: Vec<ExternalRoute>,
}

/// How a destination outside is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExternalRoute {
    /// Whether the metric is greater than any inside (E bit, a type 2 metric).
    pub is_type_2: bool,
    /// The type of service, 7 bits.
    pub tos: u8,
    /// The cost, 24 bits.
    pub metric: u32,
    /// Where datagrams go, 0.0.0.0 for the router that advertises.
    pub forwarding_address: Ipv4Addr,
    /// A number of which OSPF makes no use.
    pub external_route_tag: u32,
}

impl Codec for ExternalRoute {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let first = r.u8("E and TOS")?;
        Ok(Self {
            is_type_2: first & E != 0,
            tos: first & !E,
            metric: r.u24("metric")?,
            forwarding_address: r.ipv4("Forwarding address")?,
            external_route_tag: r.u32("External Route Tag")?,
        })
    }

    fn encode(&self, w: &mut Writer) {
        w.fit("TOS", usize::from(self.tos), usize::from(!E));
        w.u8(if self.is_type_2 { E | self.tos } else { self.tos });
        encode_metric(w, self.metric);
        w.put(&self.forwarding_address.octets());
        w.u32(self.external_route_tag);
    }
}

impl Show for ExternalRoute {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("flag_e", Value::Flag(self.is_type_2));
        sink.field("tos", Value::Number(u64::from(self.tos)));
        sink.field("metric", Value::Number(u64::from(self.metric)));
        sink.field("forwarding_address", Value::Ipv4(self.forwarding_address));
        sink.field("external_route_tag", Value::Number(u64::from(self.external_route_tag)));
    }
}

impl Codec for AsExternalLsa {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let network_mask = r.ipv4("Network Mask")?;
        let route = ExternalRoute::decode(r)?;
        let mut tos_routes = Vec::new();
        while !r.is_empty() {
            tos_routes.push(ExternalRoute::decode(r)?);
        }
        Ok(Self { network_mask, route, tos_routes })
    }

    fn encode(&self, w: &mut Writer) {
        w.put(&self.network_mask.octets());
        self.route.encode(w);
        for route in &self.tos_routes {
            route.encode(w);
        }
    }
}

impl Show for AsExternalLsa {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("network_mask", Value::Ipv4(self.network_mask));
        self.route.show(sink);
        list(sink, "tos_routes", &self.tos_routes);
    }
}
