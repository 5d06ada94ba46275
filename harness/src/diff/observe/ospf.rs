//! OSPF: the parameters of Hellos, the MTU, the cost of the link.

use l2tpspec_protocol::ospf::wire::{Body, LinkType, LsaBody, Packet};

use super::super::class::Class;
use super::super::flat::Flat;
use super::super::note::Notebook;
use super::super::timing::Periodic;
use super::Ends;
use crate::transcript::Layer;
use crate::transcript::connection::Role;

/// Wireshark's name of the layer.
pub(super) const LAYER: &str = "ospf";

/// What is remembered of OSPF.
#[derive(Debug, Default)]
pub(super) struct Ospf {
    hellos: Ends<Periodic>,
}

impl Ospf {
    pub(super) fn turn(&mut self) {
        self.hellos.turn();
    }

    pub(super) const fn hellos(&self, role: Role) -> &Periodic {
        self.hellos.of(role)
    }

    pub(super) fn see(&mut self, packet: &Packet, layer: &Layer, now: i64, book: &mut Notebook<'_>) {
        match &packet.body {
            Body::Hello(_) => {
                self.hellos.of_mut(book.by).done(now, 0, book.frame);
                let carrier = book.message(LAYER, "hello");
                let says = |class| matches!(class, Some(Class::Policy | Class::Timing | Class::Negotiated));
                for field in Flat::of(layer).own.into_iter().filter(|field| says(field.class)) {
                    book.part(carrier, &field.path, &field.text);
                }
            }
            Body::DatabaseDescription(description) => {
                book.alone(LAYER, "interface_mtu", &description.interface_mtu.to_string());
            }
            Body::LinkStateUpdate(update) => {
                let own = update.lsas.iter().filter(|lsa| lsa.header.advertising_router == packet.router_id);
                for lsa in own {
                    if let LsaBody::Router(body) = &lsa.body {
                        let carrier = book.message(LAYER, "router_lsa");
                        // A single address is that of a link, which a pool gives.
                        let stubs = body.links.iter().filter(|link| link.link_type == LinkType::Stub);
                        for (network, mask) in stubs.map(|link| (link.link_id, link.link_data)) {
                            let length = u32::from(mask).count_ones();
                            if length < u32::BITS {
                                book.part(carrier, "stub_network", &format!("{network}/{length}"));
                            }
                        }
                        let links = body.links.iter().filter(|link| link.link_type == LinkType::PointToPoint);
                        for link in links {
                            book.alone(LAYER, "cost", &link.metric.to_string());
                        }
                    }
                }
            }
            _ => {}
        }
    }
}
