//! What the host is asked and told: which way leads where, addresses, routes.

use std::io;
use std::net::Ipv4Addr;
use std::pin::pin;

use futures_util::TryStreamExt as _;
use rtnetlink::packet_route::link::LinkMessage;
use rtnetlink::packet_route::route::{RouteAddress, RouteAttribute, RouteMessage};
use rtnetlink::packet_route::{AddressFamily, address::AddressAttribute};
use rtnetlink::{AddressMessageBuilder, Error, Handle, LinkMessageBuilder, LinkUnspec, RouteMessageBuilder};

use crate::world::route::Prefix;

/// A connection to the kernel.
#[derive(Debug, Clone)]
pub(super) struct Netlink(Handle);

/// Over which interface, and by which router, a destination is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// The interface.
    interface: u32,
    /// The router; none if the destination is on the link.
    gateway: Option<Ipv4Addr>,
}

/// What the kernel says of an error.
fn plain(error: Error) -> io::Error {
    match error {
        Error::NetlinkError(message) => message.to_io(),
        other => io::Error::other(other),
    }
}

impl Netlink {
    /// Connects. Within a runtime only, which carries the connection.
    ///
    /// # Errors
    /// If the system has no netlink.
    pub(super) fn connect() -> io::Result<Self> {
        let (connection, handle, _) = rtnetlink::new_connection()?;
        tokio::spawn(connection);
        Ok(Self(handle))
    }

    /// The way to a destination.
    ///
    /// # Errors
    /// If there is none.
    pub(super) async fn way_to(&self, destination: Ipv4Addr) -> io::Result<Way> {
        let question = RouteMessageBuilder::<Ipv4Addr>::new().destination_prefix(destination, 32).build();
        let mut answers = pin!(self.0.route().get(question).execute());
        let answer = answers.try_next().await.map_err(plain)?;
        let answer = answer.ok_or_else(|| io::Error::from(io::ErrorKind::NetworkUnreachable))?;
        let (mut interface, mut gateway) = (None, None);
        for attribute in &answer.attributes {
            match attribute {
                RouteAttribute::Oif(index) => interface = Some(*index),
                RouteAttribute::Gateway(RouteAddress::Inet(address)) => gateway = Some(*address),
                _ => {}
            }
        }
        let interface = interface.ok_or_else(|| io::Error::from(io::ErrorKind::NetworkUnreachable))?;
        Ok(Way { interface, gateway })
    }

    /// Leads a prefix over an interface, or by a way. Whether that is new: a route that was there already is nobody's to
    /// remove.
    ///
    /// # Errors
    /// If the host refuses it.
    pub(super) async fn add_route(&self, prefix: Prefix, way: Way) -> io::Result<bool> {
        match self.0.route().add(route(prefix, way)).execute().await.map_err(plain) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes a route away.
    ///
    /// # Errors
    /// If it is not there.
    pub(super) async fn remove_route(&self, prefix: Prefix, way: Way) -> io::Result<()> {
        self.0.route().del(route(prefix, way)).execute().await.map_err(plain)
    }

    /// Gives an interface its address, that of the other end if it has one, and an MTU, and puts it up.
    ///
    /// # Errors
    /// If the host refuses that.
    pub(super) async fn set_up(
        &self,
        interface: u32,
        own: Ipv4Addr,
        peer: Option<Ipv4Addr>,
        mtu: u16,
    ) -> io::Result<()> {
        let mut address = AddressMessageBuilder::<Ipv4Addr>::new().index(interface).build();
        address.header.prefix_len = 32;
        // IFA_ADDRESS is the other end's on a point-to-point interface.
        address.attributes.push(AddressAttribute::Local(own.into()));
        address.attributes.push(AddressAttribute::Address(peer.unwrap_or(own).into()));
        let mut request = self.0.address().add(interface, own.into(), 32);
        *request.message_mut() = address;
        request.execute().await.map_err(plain)?;
        self.set_link(link(interface).mtu(u32::from(mtu)).up().build()).await
    }

    /// Puts an interface down, which takes its routes, and takes its addresses.
    ///
    /// # Errors
    /// If the host refuses that.
    pub(super) async fn set_down(&self, interface: u32) -> io::Result<()> {
        self.set_link(link(interface).down().build()).await?;
        let mut addresses = pin!(self.0.address().get().set_link_index_filter(interface).execute());
        while let Some(address) = addresses.try_next().await.map_err(plain)? {
            if address.header.family == AddressFamily::Inet {
                self.0.address().del(address).execute().await.map_err(plain)?;
            }
        }
        Ok(())
    }

    async fn set_link(&self, message: LinkMessage) -> io::Result<()> {
        self.0.link().set(message).execute().await.map_err(plain)
    }
}

fn link(interface: u32) -> LinkMessageBuilder<LinkUnspec> {
    LinkUnspec::new_with_index(interface)
}

fn route(prefix: Prefix, way: Way) -> RouteMessage {
    let builder = RouteMessageBuilder::<Ipv4Addr>::new()
        .destination_prefix(prefix.network(), prefix.length())
        .output_interface(way.interface);
    match way.gateway {
        Some(gateway) => builder.gateway(gateway).build(),
        None => builder.scope(rtnetlink::packet_route::route::RouteScope::Link).build(),
    }
}

impl Way {
    /// Over an interface, whoever is on its link.
    pub(super) const fn over(interface: u32) -> Self {
        Self { interface, gateway: None }
    }
}

/// A route that stands as long as this does.
///
/// It goes away on every way out, a panic included: the host's routes are not ours to leave changed.
#[derive(Debug)]
pub(super) struct Pinned {
    prefix: Prefix,
    way: Way,
}

impl Pinned {
    /// Keeps a host on the way that leads to it now, whatever other routes come; `None` if it has such a route already.
    ///
    /// # Errors
    /// If no way leads there, or the host refuses the route.
    pub(super) async fn host(netlink: &Netlink, host: Ipv4Addr) -> io::Result<Option<Self>> {
        let (prefix, way) = (Prefix::new(host, 32), netlink.way_to(host).await?);
        Ok(netlink.add_route(prefix, way).await?.then_some(Self { prefix, way }))
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let (prefix, way) = (self.prefix, self.way);
        // Nothing can be waited for here, but a thread with a runtime of its own can.
        let remove = move || -> io::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
            runtime.block_on(async { Netlink::connect()?.remove_route(prefix, way).await })
        };
        if let Ok(Err(error)) = std::thread::spawn(remove).join() {
            eprintln!("warning: the route to {} could not be removed: {error}", prefix.network());
        }
    }
}
