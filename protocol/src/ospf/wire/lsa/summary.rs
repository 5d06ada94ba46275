//! The body of summary-LSAs (RFC 2328 section A.4.4).

use core::net::Ipv4Addr;

use crate::codec::{Codec, Malformed, Reader, Writer};
use crate::show::{Show, Sink, Value, list};

/// The greatest metric of 24 bits.
pub(super) const METRIC_LIMIT: usize = 0x00ff_ffff;

/// A route to another area, or to a boundary router there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryLsa {
    /// The mask of the network; without meaning in type 4.
    pub network_mask: Ipv4Addr,
    /// Reserved.
    pub reserved: u8,
    /// The cost, 24 bits.
    pub metric: u32,
    /// Costs for single types of service.
    pub tos_metrics: Vec<SummaryTosMetric>,
}

/// The cost of a route for a type of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SummaryTosMetric {
    /// The type of service.
    pub tos: u8,
    /// The cost, 24 bits.
    pub metric: u32,
}

/// Appends a metric of 24 bits.
pub(super) fn encode_metric(w: &mut Writer, metric: u32) {
    w.fit("metric", usize::try_from(metric).unwrap_or(usize::MAX), METRIC_LIMIT);
    w.u24(metric);
}

impl Codec for SummaryLsa {
    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let network_mask = r.ipv4("Network Mask")?;
        let reserved = r.u8("0")?;
        let metric = r.u24("metric")?;
        let mut tos_metrics = Vec::new();
        while !r.is_empty() {
            tos_metrics.push(SummaryTosMetric { tos: r.u8("TOS")?, metric: r.u24("TOS metric")? });
        }
        Ok(Self { network_mask, reserved, metric, tos_metrics })
    }

    fn encode(&self, w: &mut Writer) {
        w.put(&self.network_mask.octets());
        w.u8(self.reserved);
        encode_metric(w, self.metric);
        for tos in &self.tos_metrics {
            w.u8(tos.tos);
            encode_metric(w, tos.metric);
        }
    }
}

impl Show for SummaryLsa {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("network_mask", Value::Ipv4(self.network_mask));
        sink.field("reserved", Value::Number(u64::from(self.reserved)));
        sink.field("metric", Value::Number(u64::from(self.metric)));
        list(sink, "tos_metrics", &self.tos_metrics);
    }
}

impl Show for SummaryTosMetric {
    fn show(&self, sink: &mut dyn Sink) {
        sink.field("tos", Value::Number(u64::from(self.tos)));
        sink.field("metric", Value::Number(u64::from(self.metric)));
    }
}
