//! The inside: a TUN device, by which the host sends into tunnels and hears from them.

use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;

use l2tpspec_protocol::packet::Packet;
use tun_rs::{AsyncDevice, DeviceBuilder};

use super::error::{Capability, LiveError, Obstacle};
use super::netlink::{Netlink, Way};
use crate::world::route::Prefix;

/// A TUN device. It goes, with its addresses and routes, when this does, or the process does.
pub(super) struct Tun {
    device: AsyncDevice,
    name: String,
    interface: u32,
    netlink: Netlink,
    buffer: Box<[u8]>,
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
            let device = DeviceBuilder::new().name(name).enable(false).build_async()?;
            let (name, interface) = (device.name()?, device.if_index()?);
            let buffer = vec![0; 65_535].into_boxed_slice();
            Ok(Self { device, name, interface, netlink, buffer, refused: 0 })
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
        match self.device.try_recv(&mut self.buffer) {
            Ok(length) => {
                packet.set(self.buffer.get(..length).unwrap_or_default());
                Ok(true)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Hands the host a packet. One that it does not take is lost like any other.
    pub(super) fn send(&mut self, packet: &[u8]) {
        self.refused += u64::from(self.device.try_send(packet).is_err());
    }
}
