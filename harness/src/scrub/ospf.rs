//! OSPF: identifiers, addresses and networks; checksums of what they stand in, wherever these are quoted.

use std::net::Ipv4Addr;

use l2tpspec_protocol::codec::Codec as _;
use l2tpspec_protocol::ospf::wire::{
    AsExternalLsa, Authentication, Body, LinkType, LsType, Lsa, LsaBody, LsaHeader, Packet,
};

use super::Scrubber;
use super::renaming::Renaming;

/// An instance of an LSA: type, ID, advertising router, sequence number and checksum, as they were.
pub(super) type Instance = (u8, Ipv4Addr, Ipv4Addr, u32, u16);

impl Scrubber<'_> {
    pub(super) fn ospf(&mut self, octets: &mut [u8]) {
        let Ok(mut packet) = Packet::decode_all(octets) else { return self.renaming.blank(octets) };
        packet.router_id = self.renaming.ipv4(packet.router_id);
        packet.area_id = self.renaming.ipv4(packet.area_id);
        match &mut packet.authentication {
            Authentication::Simple(password) => {
                let length = password.iter().position(|octet| *octet == 0).unwrap_or(password.len());
                self.renaming.name(&mut password[..length]);
            }
            Authentication::Cryptographic { digest, .. } => self.renaming.replace("digest", digest),
            _ => {}
        }
        match &mut packet.body {
            Body::Hello(hello) => {
                for address in [&mut hello.designated_router, &mut hello.backup_designated_router]
                    .into_iter()
                    .chain(&mut hello.neighbors)
                {
                    *address = self.renaming.ipv4(*address);
                }
            }
            Body::DatabaseDescription(description) => self.headers(&mut description.lsa_headers),
            Body::LinkStateAcknowledgment(acknowledgment) => self.headers(&mut acknowledgment.lsa_headers),
            Body::LinkStateRequest(request) => {
                for entry in &mut request.entries {
                    let known = self.lsas.values().find(|lsa| {
                        u32::from(lsa.header.ls_type.number()) == entry.ls_type
                            && lsa.header.link_state_id == entry.link_state_id
                            && lsa.header.advertising_router == entry.advertising_router
                    });
                    let known = known.cloned();
                    entry.link_state_id = match known {
                        Some(mut lsa) => {
                            self.lsa(&mut lsa);
                            lsa.header.link_state_id
                        }
                        None => self.renaming.ipv4(entry.link_state_id),
                    };
                    entry.advertising_router = self.renaming.ipv4(entry.advertising_router);
                }
            }
            Body::LinkStateUpdate(update) => {
                for lsa in &mut update.lsas {
                    self.lsas.entry(instance(&lsa.header)).or_insert_with(|| lsa.clone());
                    self.lsa(lsa);
                }
            }
            Body::Unknown { octets, .. } => self.renaming.blank(octets),
        }
        self.put(&packet.to_octets().unwrap_or_default(), octets);
    }

    /// Headers alone are those of LSAs that another packet has whole: their checksums have to be those.
    fn headers(&mut self, headers: &mut [LsaHeader]) {
        for header in headers {
            let known = self.lsas.get(&instance(header)).cloned();
            if let Some(mut lsa) = known {
                self.lsa(&mut lsa);
                header.ls_checksum = lsa.header.ls_checksum;
                header.link_state_id = lsa.header.link_state_id;
            } else {
                header.link_state_id = self.link_state_id(header);
            }
            header.advertising_router = self.renaming.ipv4(header.advertising_router);
        }
    }

    /// The ID of a network is its address, with or without the bits of a host.
    fn link_state_id(&mut self, header: &LsaHeader) -> Ipv4Addr {
        match header.ls_type {
            // Opaque type and ID.
            LsType::OpaqueLink | LsType::OpaqueArea | LsType::OpaqueAs => header.link_state_id,
            _ => self.renaming.ipv4(header.link_state_id),
        }
    }

    fn lsa(&mut self, lsa: &mut Lsa) {
        let was_right = lsa.checksum_fits();
        let mut id = self.link_state_id(&lsa.header);
        match &mut lsa.body {
            LsaBody::Router(router) => {
                for link in &mut router.links {
                    if link.link_type == LinkType::Stub {
                        link.link_id = self.renaming.network(link.link_id, link.link_data);
                    } else {
                        link.link_id = self.renaming.ipv4(link.link_id);
                        link.link_data = self.renaming.ipv4(link.link_data);
                    }
                }
            }
            LsaBody::Network(network) => {
                for router in &mut network.attached_routers {
                    *router = self.renaming.ipv4(*router);
                }
            }
            LsaBody::Summary(summary) if lsa.header.ls_type == LsType::SummaryNetwork => {
                id = self.renaming.network(lsa.header.link_state_id, summary.network_mask);
            }
            LsaBody::AsExternal(external) | LsaBody::Nssa(external) => {
                id = self.renaming.network(lsa.header.link_state_id, external.network_mask);
                forwarding(external, self.renaming);
            }
            LsaBody::Summary(_) => {}
            LsaBody::Opaque(octets) | LsaBody::Unknown(octets) | LsaBody::IllFormed(octets) => {
                self.renaming.blank(octets);
            }
        }
        lsa.header.link_state_id = id;
        lsa.header.advertising_router = self.renaming.ipv4(lsa.header.advertising_router);
        let sum = lsa.clone().with_checksum().header.ls_checksum;
        lsa.header.ls_checksum = if was_right { sum } else { sum ^ 0x0101 };
    }
}

fn forwarding(external: &mut AsExternalLsa, renaming: &mut Renaming) {
    for route in [&mut external.route].into_iter().chain(&mut external.tos_routes) {
        route.forwarding_address = renaming.ipv4(route.forwarding_address);
    }
}

fn instance(header: &LsaHeader) -> Instance {
    (
        header.ls_type.number(),
        header.link_state_id,
        header.advertising_router,
        header.ls_sequence_number,
        header.ls_checksum,
    )
}
