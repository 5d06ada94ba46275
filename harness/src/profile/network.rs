//! What a profile says about addresses, routes and sizes, about OSPF, and what a supernode offers.

use core::fmt;
use std::net::Ipv4Addr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::fact::Fact;
use super::word::{Named, Span, Word};

/// Addresses, routes, sizes.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The MTU of the interface, in octets.
    pub mtu: Fact<u16>,
    /// Whether the interface keeps that where the peer's MRU is less; it takes the lesser of the two unless told.
    #[serde(default)]
    pub keeps_mtu: Option<Fact<bool>>,
    /// Whether all traffic goes through the tunnel.
    pub default_route: Fact<bool>,
    /// What else is known of it.
    pub reactions: Vec<Fact<String>>,
}

/// OSPF.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ospf {
    /// The area.
    pub area: Fact<Ipv4Addr>,
    /// The kind of network that the tunnel is.
    pub network: Fact<Named<NetworkType>>,
    /// `HelloInterval`.
    pub hello: Fact<Span>,
    /// `RouterDeadInterval`.
    pub dead: Fact<Span>,
    /// The cost of the tunnel.
    pub cost: Fact<u16>,
}

/// What kind of network OSPF takes an interface for (RFC 2328 section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkType {
    /// Two routers.
    PointToPoint,
    /// Many routers that all hear each other.
    Broadcast,
}

impl Word for NetworkType {
    fn words() -> Vec<(&'static str, Self)> {
        vec![("point-to-point", Self::PointToPoint), ("broadcast", Self::Broadcast)]
    }
}

/// What a supernode offers to those who dial in.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The name that clients dial.
    pub name: Fact<String>,
    /// The user.
    pub user: Fact<String>,
    /// The user's password.
    pub password: Fact<SecretText>,
    /// The pre-shared key.
    pub pre_shared_key: Fact<SecretText>,
    /// Its own address inside.
    pub address: Fact<Ipv4Addr>,
    /// The addresses that it gives.
    pub pool: Fact<Pool>,
    /// The resolver of the network.
    pub resolver: Fact<Option<Ipv4Addr>>,
    /// A second resolver that it tells clients; none if this is left out.
    pub second_resolver: Option<Fact<Ipv4Addr>>,
    /// The name server that knows the names of the network.
    pub authoritative: Fact<Option<Ipv4Addr>>,
    /// Whether it tells clients the resolver.
    pub tells_resolver: Fact<bool>,
}

/// Addresses, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// The first.
    pub first: Ipv4Addr,
    /// The last.
    pub last: Ipv4Addr,
}

/// A text that is not shown.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretText(pub String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}
