//! Hosts that are elsewhere: real machines at the end of links of this world.

use l2tpspec_protocol::packet::Packet;

use super::link::Direction;
use super::{HostId, LinkId, World};

impl World {
    /// From now on a host is elsewhere: it does nothing itself, and what arrives for it waits to be taken.
    pub fn open_outlet(&mut self, host: HostId) {
        self.outlets.entry(host).or_default();
    }

    /// The next packet that has arrived at a host that is elsewhere, and the link that it came by.
    pub fn take_arrived(&mut self, host: HostId) -> Option<(LinkId, Packet)> {
        self.outlets.get_mut(&host)?.pop_front()
    }

    /// Takes the buffer of such a packet back.
    pub fn give_back(&mut self, packet: Packet) {
        self.fabric.recycle(packet);
    }

    /// A host that is elsewhere sends a packet into a link, whose rules and conditions apply. Whether it has an end there.
    pub fn send_from(&mut self, host: HostId, link: LinkId, octets: &[u8]) -> bool {
        let Some(end) = self.link(link).hosts().iter().position(|end| *end == host) else { return false };
        let packet = self.fabric.packet(octets);
        self.fabric.transmit(link, Direction::from_end(end), packet);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use crate::world::link::Conditions;
    use crate::world::route::Prefix;
    use crate::world::user::Ping;
    use crate::world::{Attachment, World};

    #[test]
    fn a_host_that_is_elsewhere_is_reached_and_heard() {
        let mut world = World::new(b"outlet");
        let (near, far) = (world.add_host(), world.add_host());
        let [own, other] = [Ipv4Addr::new(192, 0, 2, 2), Ipv4Addr::new(192, 0, 2, 1)];
        let attach = |host, address| Attachment { host, address, length: 24 };
        let made = world.connect([attach(near, own), attach(far, other)], Conditions::default());
        world.host_mut(near).add_route(Prefix::ALL, made.interfaces[0]);
        world.open_outlet(far);
        let ping = world.ping(near, Ping { count: 1, ..Ping::new(other) });
        world.run_for(Duration::from_millis(50)).expect("it comes to rest");
        let (link, mut packet) = world.take_arrived(far).expect("the request");
        assert_eq!(link, made.link);
        assert!(world.take_arrived(far).is_none(), "one request");
        // A reply: the addresses change places, the type is 0, and the checksum is 8 more in its high octet.
        let octets = packet.octets_mut();
        for at in 12..16 {
            octets.swap(at, at + 4);
        }
        octets[20] = 0;
        let sum = u16::from_be_bytes([octets[22], octets[23]]);
        let (sum, carry) = sum.overflowing_add(0x0800);
        octets[22..24].copy_from_slice(&(sum + u16::from(carry)).to_be_bytes());
        let reply = octets.to_vec();
        world.give_back(packet);
        assert!(world.send_from(far, link, &reply));
        world.run_for(Duration::from_secs(2)).expect("it comes to rest");
        assert_eq!(world.ping_report(near, ping).expect("a report").replies.len(), 1);
    }
}
