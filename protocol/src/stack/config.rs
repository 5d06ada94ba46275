//! How an endpoint behaves as a whole.

use core::time::Duration;
use std::sync::Arc;

use crate::{isakmp, l2tp, ppp};

/// Who begins and who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Begins IKE, the tunnel and the call. Without one of them, nothing of it is kept.
    Client {
        /// How long after a connection is lost it is begun anew; never if there is none.
        restart: Option<Duration>,
    },
    /// Answers.
    Supernode,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Who it is.
    pub role: Role,
    /// IKE; L2TP travels in the clear without it.
    pub isakmp: Option<isakmp::Config>,
    /// L2TP.
    pub l2tp: l2tp::Config,
    /// PPP, on each link.
    pub ppp: Arc<ppp::Config>,
    /// The UDP port of its L2TP.
    pub l2tp_port: u16,
    /// The most that the MTU of a tunnel interface is, in octets; the peer's MRU alone decides without it.
    pub interface_mtu: Option<u16>,
    /// Whether the interface has that MTU whatever the peer's MRU, against RFC 1661 section 6.1.
    pub keeps_mtu: bool,
    /// The replay window of ESP, in packets.
    pub replay_window: Option<u32>,
}
