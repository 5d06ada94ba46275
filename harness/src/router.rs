//! OSPF on a host of the virtual world, over its tunnels.

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use l2tpspec_protocol::cx::Cx;
use l2tpspec_protocol::layer::{Input, Layer as _, Output};
use l2tpspec_protocol::ospf::{self, Command, Config, Event, InterfaceConfig, Ospf, Unit};
use l2tpspec_protocol::time::Instant;

use crate::world::interface::InterfaceId;
use crate::world::route::{Prefix, Route};
use crate::world::station::{Routing, RoutingOutput, TunnelInterface};

/// OSPF as a protocol of IP.
const PROTOCOL: u8 = 89;
/// What a learnt way counts for beside others: the host's own come first.
const METRIC: u32 = 110;

/// How a tunnel becomes an interface of OSPF.
pub type Shape = Box<dyn Fn(InterfaceConfig) -> InterfaceConfig>;

/// A router.
pub struct Router {
    ospf: Ospf,
    shape: Shape,
    /// What has happened, and when.
    pub events: Vec<(Instant, Event)>,
    outputs: VecDeque<RoutingOutput>,
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Router").field("ospf", &self.ospf).finish_non_exhaustive()
    }
}

impl Router {
    /// A router; `shape` sets what a tunnel's own address, peer and MTU do not say.
    #[must_use]
    pub fn new(config: Config, shape: Shape) -> Self {
        Self { ospf: Ospf::new(config), shape, events: Vec::new(), outputs: VecDeque::new() }
    }

    /// The layer, to be looked at.
    #[must_use]
    pub const fn ospf(&self) -> &Ospf {
        &self.ospf
    }

    fn tell(&mut self, cx: &mut Cx<'_>, input: Input<Unit, std::convert::Infallible, Command>) {
        self.ospf.handle_input(cx, input);
        while let Some(output) = self.ospf.poll_output() {
            match output {
                Output::ToBelow(Unit { interface, source, destination, octets }) => {
                    let interface = InterfaceId::from_index(interface.0 as usize);
                    self.outputs.push_back(RoutingOutput::Packet { interface, source, destination, octets });
                }
                Output::ToAbove(never) => match never {},
                Output::Event(event) => {
                    if let Event::Routes(routes) = &event {
                        let routes = routes.iter().map(|route| Route {
                            prefix: Prefix::new(route.network, route.length),
                            interface: InterfaceId::from_index(route.interface.0 as usize),
                            metric: METRIC,
                        });
                        self.outputs.push_back(RoutingOutput::Routes(routes.collect()));
                    }
                    self.events.push((cx.now, event));
                }
            }
        }
    }
}

/// The number of an interface in OSPF.
fn number(interface: InterfaceId) -> ospf::InterfaceId {
    ospf::InterfaceId(u32::try_from(interface.index()).unwrap_or(u32::MAX))
}

impl Routing for Router {
    fn protocol(&self) -> u8 {
        PROTOCOL
    }

    fn on_up(&mut self, cx: &mut Cx<'_>, tunnel: TunnelInterface) {
        let TunnelInterface { interface, address, peer, mtu } = tunnel;
        let config = (self.shape)(InterfaceConfig::new(address, peer, mtu));
        let command = Command::InterfaceUp { interface: number(interface), config };
        self.tell(cx, Input::Command(command));
    }

    fn on_down(&mut self, cx: &mut Cx<'_>, interface: InterfaceId) {
        self.tell(cx, Input::Command(Command::InterfaceDown { interface: number(interface) }));
    }

    fn on_packet(
        &mut self,
        cx: &mut Cx<'_>,
        interface: InterfaceId,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        octets: &[u8],
    ) {
        let unit = Unit { interface: number(interface), source, destination, octets: octets.to_vec() };
        self.tell(cx, Input::FromBelow(unit));
    }

    fn on_timeout(&mut self, cx: &mut Cx<'_>) {
        self.tell(cx, Input::Timeout);
    }

    fn poll_output(&mut self) -> Option<RoutingOutput> {
        self.outputs.pop_front()
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.ospf.next_timeout()
    }
}
