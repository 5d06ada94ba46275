//! Numbers and option bits that RFC 2328, RFC 3101, RFC 5250 and RFC 5613 assign.

use crate::show::{Sink, Value};

crate::code_points! {
    /// The type of a packet (RFC 2328 section A.3.1).
    pub enum PacketType: u8 {
        Hello = 1 => "Hello",
        DatabaseDescription = 2 => "Database Description",
        LinkStateRequest = 3 => "Link State Request",
        LinkStateUpdate = 4 => "Link State Update",
        LinkStateAcknowledgment = 5 => "Link State Acknowledgment",
    }
}

crate::code_points! {
    /// How a packet is authenticated (RFC 2328 appendix D).
    pub enum AuthenticationType: u16 {
        Null = 0 => "null",
        Simple = 1 => "simple password",
        Cryptographic = 2 => "cryptographic",
    }
}

crate::code_points! {
    /// The type of a link state advertisement (RFC 2328 section A.4.1, RFC 3101, RFC 5250).
    pub enum LsType: u8 {
        Router = 1 => "router-LSA",
        Network = 2 => "network-LSA",
        SummaryNetwork = 3 => "summary-LSA (network)",
        SummaryBoundaryRouter = 4 => "summary-LSA (AS boundary router)",
        AsExternal = 5 => "AS-external-LSA",
        GroupMembership = 6 => "group-membership-LSA",
        Nssa = 7 => "NSSA-LSA",
        ExternalAttributes = 8 => "external-attributes-LSA",
        OpaqueLink = 9 => "opaque LSA (link)",
        OpaqueArea = 10 => "opaque LSA (area)",
        OpaqueAs = 11 => "opaque LSA (AS)",
    }
}

crate::code_points! {
    /// The type of a link in a router-LSA (RFC 2328 section A.4.2).
    pub enum LinkType: u8 {
        PointToPoint = 1 => "point-to-point",
        Transit = 2 => "transit",
        Stub = 3 => "stub",
        Virtual = 4 => "virtual",
    }
}

/// The Options field (RFC 2328 section A.2). All its bits are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options(pub u8);

impl Options {
    /// AS-external-LSAs are flooded (E bit).
    pub const E: u8 = 0x02;
    /// Multicast datagrams are forwarded (MC bit).
    pub const MC: u8 = 0x04;
    /// In a Hello: type 7 LSAs are understood (N bit); in a type 7 LSA: it is to be translated (P bit).
    pub const NP: u8 = 0x08;
    /// In a Hello or Database Description: a block of link-local signalling follows the packet (L bit, RFC 5613). In
    /// an LSA: external attributes (EA bit).
    pub const L: u8 = 0x10;
    /// Demand circuits are handled (DC bit).
    pub const DC: u8 = 0x20;
    /// Opaque LSAs are understood (O bit, RFC 5250).
    pub const O: u8 = 0x40;

    /// Whether a bit is set.
    #[must_use]
    pub const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    pub(super) fn show(self, sink: &mut dyn Sink) {
        sink.field("options", Value::Number(u64::from(self.0)));
        sink.field("option_e", Value::Flag(self.has(Self::E)));
        sink.field("option_mc", Value::Flag(self.has(Self::MC)));
        sink.field("option_np", Value::Flag(self.has(Self::NP)));
        sink.field("option_l", Value::Flag(self.has(Self::L)));
        sink.field("option_dc", Value::Flag(self.has(Self::DC)));
        sink.field("option_o", Value::Flag(self.has(Self::O)));
    }
}
