//! The inside: a TUN device, by which the host sends into tunnels and hears from them.
//!
//! The host hands over what TCP sends in large pieces, which are cut here, and takes what comes in such pieces: a system call
//! for each packet would cost more than all layers of the tunnel.

use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::ops::Range;

use l2tpspec_protocol::packet::Packet;
use tun_rs::{AsyncDevice, DeviceBuilder, GROTable, VIRTIO_NET_HDR_LEN};

use super::error::{Capability, LiveError, Obstacle};
use super::netlink::{Netlink, Way};
use crate::world::route::Prefix;

/// The longest piece, in octets, with what the device says of it.
const PIECE: usize = VIRTIO_NET_HDR_LEN + 65_535;
/// The most packets that a piece is cut into: such that carry 256 octets each.
const CUTS: usize = 256;
/// Room for a packet that is cut off, in octets: more than the MTU of any link.
const PACKET: usize = 2048;

/// What comes from the host.
struct Incoming {
    piece: Box<[u8]>,
    packets: Vec<Vec<u8>>,
    lengths: Vec<usize>,
    /// Which packets have not been taken yet.
    left: Range<usize>,
}

/// What goes to the host, as long as nothing is waited for.
struct Outgoing {
    table: GROTable,
    /// Each behind room for what the device is told of it; those beyond `waiting` are spare.
    packets: Vec<Vec<u8>>,
    waiting: usize,
}

/// A TUN device. It goes, with its addresses and routes, when this does, or the process does.
pub(super) struct Tun {
    device: AsyncDevice,
    name: String,
    interface: u32,
    netlink: Netlink,
    incoming: Incoming,
    outgoing: Outgoing,
    /// Packets that the host did not take.
    pub(super) refused: u64,
}

impl std::fmt::Debug for Tun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tun").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Tun {
    /// Makes a device, which is down and has no address yet.
    ///
    /// # Errors
    /// If the system has no such devices, the process may not make one, or there is one of that name.
    pub(super) fn open(name: &str, netlink: Netlink) -> Result<Self, Obstacle> {
        let open = || {
            let builder = DeviceBuilder::new().name(name).enable(false);
            let device = builder.with(|builder| _ = builder.offload(true)).build_async()?;
            let (name, interface) = (device.name()?, device.if_index()?);
            let (incoming, outgoing) = (Incoming::new(), Outgoing::new());
            Ok(Self { device, name, interface, netlink, incoming, outgoing, refused: 0 })
        };
        open().map_err(|source: io::Error| match source.raw_os_error() {
            _ if source.kind() == ErrorKind::NotFound => Obstacle::NoTun(source),
            // What the module has not registered has no device behind its node.
            Some(code) if code == rustix::io::Errno::NODEV.raw_os_error() => Obstacle::NoTun(source),
            Some(code) if code == rustix::io::Errno::NXIO.raw_os_error() => Obstacle::NoTun(source),
            _ => Obstacle::of(Capability::NetAdmin, &format!("a TUN device `{name}`"), source),
        })
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Gives it an address and puts it up.
    ///
    /// # Errors
    /// If the host refuses that.
    pub(super) async fn set_up(
        &self,
        own: Ipv4Addr,
        peer: Option<Ipv4Addr>,
        mtu: u16,
    ) -> Result<(), LiveError> {
        let what = format!("{}: address {own}, MTU {mtu}", self.name);
        self.netlink.set_up(self.interface, own, peer, mtu).await.map_err(LiveError::host(what))
    }

    /// Takes its address and routes, and puts it down.
    ///
    /// # Errors
    /// If the host refuses that.
    pub(super) async fn set_down(&self) -> Result<(), LiveError> {
        let what = format!("{}: taking its address", self.name);
        self.netlink.set_down(self.interface).await.map_err(LiveError::host(what))
    }

    /// Leads a prefix into it.
    ///
    /// # Errors
    /// If the host refuses that, or leads the prefix elsewhere already.
    pub(super) async fn route(&self, prefix: Prefix) -> Result<(), LiveError> {
        let what = format!("{}: route to {}/{}", self.name, prefix.network(), prefix.length());
        match self.netlink.add_route(prefix, Way::over(self.interface)).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(LiveError::host(what)(io::Error::from(ErrorKind::AlreadyExists))),
            Err(error) => Err(LiveError::host(what)(error)),
        }
    }

    /// Waits until the host has sent something.
    ///
    /// # Errors
    /// If the device is gone.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.device.readable().await
    }

    /// Takes what the host has sent. Whether there was anything.
    ///
    /// # Errors
    /// If the device is gone.
    pub(super) fn receive(&mut self, packet: &mut Packet) -> io::Result<bool> {
        let Incoming { piece, packets, lengths, left } = &mut self.incoming;
        while left.start >= left.end {
            match self.device.try_recv_multiple(piece, packets, lengths, 0) {
                Ok(count) => *left = 0..count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                    return Ok(false);
                }
                // What the system says; the rest is about a piece that cannot be cut.
                Err(error) if error.raw_os_error().is_some() => return Err(error),
                Err(_) => self.refused += 1,
            }
        }
        let Some(at) = left.next() else { return Ok(false) };
        let length = lengths.get(at).copied().unwrap_or_default();
        packet.set(packets.get(at).and_then(|packet| packet.get(..length)).unwrap_or_default());
        Ok(true)
    }

    /// Hands the host a packet, which it gets with [`Tun::flush`].
    pub(super) fn send(&mut self, packet: &[u8]) {
        let Outgoing { packets, waiting, .. } = &mut self.outgoing;
        if packets.len() == *waiting {
            packets.push(Vec::with_capacity(2 * PIECE));
        }
        if let Some(place) = packets.get_mut(*waiting) {
            place.clear();
            place.resize(VIRTIO_NET_HDR_LEN, 0);
            place.extend_from_slice(packet);
            *waiting += 1;
        }
    }

    /// Lets the host have all that was handed over. What it does not take is lost like any other packet.
    pub(super) async fn flush(&mut self) {
        let Outgoing { table, packets, waiting } = &mut self.outgoing;
        let Some(sent) = packets.get_mut(..std::mem::take(waiting)).filter(|sent| !sent.is_empty()) else {
            return;
        };
        let taken = self.device.send_multiple(table, sent, VIRTIO_NET_HDR_LEN).await;
        self.refused += u64::from(taken.is_err());
    }
}

impl Incoming {
    fn new() -> Self {
        let mut packets = vec![vec![0; PACKET]; CUTS];
        // A packet that is not cut may be as long as a piece.
        packets[0] = vec![0; PIECE];
        Self { piece: vec![0; PIECE].into_boxed_slice(), packets, lengths: vec![0; CUTS], left: 0..0 }
    }
}

impl Outgoing {
    fn new() -> Self {
        Self { table: GROTable::default(), packets: Vec::new(), waiting: 0 }
    }
}
