//! From a profile to a whole endpoint.

use std::sync::Arc;

use l2tpspec_protocol::isakmp::PreSharedKey;
use l2tpspec_protocol::ppp::Secret;
use l2tpspec_protocol::stack::{Config, Role};

use crate::profile::{self, Profile, Service};

/// The replay window of ESP, in packets: what RFC 4303 recommends, and Linux has at the least.
const REPLAY_WINDOW: u32 = 64;

impl Profile {
    /// The configuration of an endpoint that serves, or dials, a service. `ephemeral_port` is the UDP port of L2TP of a
    /// device that has no fixed one.
    #[must_use]
    pub fn stack(&self, service: &Service, ephemeral_port: u16) -> Config {
        let l2tp_port = match self.l2tp.source_port.value {
            0 => ephemeral_port,
            port => port,
        };
        let (user, secret) = (&service.user.value, service.password.value.0.clone().into_bytes());
        let secrets = vec![Secret { client: user.clone().into_bytes(), server: None, secret }];
        let key = service.pre_shared_key.value.0.clone().into_bytes();
        Config {
            role: match self.role {
                profile::Role::Client => Role::Client { restart: None },
                profile::Role::Supernode => Role::Supernode,
            },
            isakmp: Some(self.isakmp(vec![PreSharedKey { peer: None, key }], l2tp_port)),
            l2tp: self.l2tp(None),
            ppp: Arc::new(self.ppp(user, secrets)),
            l2tp_port,
            interface_mtu: Some(self.network.mtu.value),
            keeps_mtu: self.network.keeps_mtu.as_ref().is_some_and(|fact| fact.value),
            replay_window: Some(REPLAY_WINDOW),
        }
    }
}
