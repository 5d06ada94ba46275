//! The reference on real sockets: `connect` dials a supernode, `serve` is one. What is agreed on and how is the layers' affair,
//! as everywhere; here are the sockets, a TUN device, the host's routes and resolvers, the clock and chance.
//!
//! What is changed in the host is held by values that put it back when they go, so that every way out leads through that.

mod attempt;
mod chance;
mod ending;
mod engine;
mod error;
mod inside;
mod netlink;
mod observer;
mod resolver;
mod story;
mod tun;
mod wire;

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::path::PathBuf;

use l2tpspec_protocol::stack::{self, Stack};

pub use engine::{Ended, Limits, Why};
pub use error::{Capability, LiveError, Obstacle};
pub use inside::Settings;

use crate::check::Checked;
use crate::error::ExpectedError;
use crate::profile::{Profile, Service};
use chance::Chance;
use engine::{Engine, Parts};
use inside::{Door, Inside};
use netlink::Netlink;
use observer::Observer;
use story::Story;
use tun::Tun;
use wire::Wire;

/// An address of documentation (RFC 5737): what the host would send it from is its address towards everybody. Nothing is sent.
const ANYBODY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// What both commands are told.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Who it is.
    pub profile: Profile,
    /// Whom it dials or what it serves, with the secrets.
    pub service: Service,
    /// The secret of L2TP tunnel authentication.
    pub tunnel_secret: Option<String>,
    /// Whether IPsec is left out.
    pub is_clear: bool,
    /// The address that it speaks from; the one that the way to the peer has if there is none.
    pub bind: Option<Ipv4Addr>,
    /// The name of the TUN device, in which `%d` becomes a number; without one, nobody is let in.
    pub device: Option<String>,
    /// The directory that gets a recording.
    pub record: Option<PathBuf>,
    /// For how long what.
    pub limits: Limits,
    /// Whether lines are JSON.
    pub is_json: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// How all ended, or why it could not go on.
    pub ended: Result<Ended, LiveError>,
    /// How far each connection got.
    pub checked: Checked,
    /// Whether the recording could be written.
    pub saved: Result<(), ExpectedError>,
}

/// Dials the supernode of that name or address, and stays until asked to end.
///
/// # Errors
/// If it could not begin; what happens later is in the report.
pub fn connect(plan: Plan, host: &str, settings: Settings) -> Result<Report, LiveError> {
    within_runtime(async {
        let peer = resolved(host)?;
        let local = match plan.bind {
            Some(local) => local,
            None => towards(peer)?,
        };
        let fixed = plan.profile.l2tp.source_port.value;
        let (wire, door, netlink) = opened(&plan, local, fixed)?;
        let inside = Inside::of_client(door, settings, peer);
        let engine = engine(plan, wire, inside, netlink, Some((local, peer)))?;
        Ok(report(engine, &format!("connection to {host}")).await)
    })
}

/// Serves those who dial in, until asked to end.
///
/// # Errors
/// If it could not begin; what happens later is in the report.
pub fn serve(plan: Plan) -> Result<Report, LiveError> {
    within_runtime(async {
        let local = match plan.bind {
            Some(local) => local,
            None => towards(ANYBODY)?,
        };
        let (wire, door, netlink) = opened(&plan, local, plan.profile.l2tp.source_port.value)?;
        let service = &plan.service;
        let (own, pool) = (service.address.value, service.pool.value);
        let mtu = plan.profile.network.mtu.value;
        let inside = Inside::of_supernode(door, own, [pool.first, pool.last], mtu).await?;
        let mut text = format!("{local} as {own}, addresses {} to {}", pool.first, pool.last);
        text.push_str(&inside.device().map(|name| format!(", device {name}")).unwrap_or_default());
        let engine = engine(plan, wire, inside, netlink, None)?;
        engine.say("udp", "listen", text);
        Ok(report(engine, &format!("connections to {local}")).await)
    })
}

/// Runs something with sockets and timers, on this thread alone.
fn within_runtime<T>(run: impl Future<Output = Result<T, LiveError>>) -> Result<T, LiveError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(LiveError::host("the runtime"))?.block_on(run)
}

/// Sockets and device. All that keeps one of them from being opened is named at once.
fn opened(plan: &Plan, local: Ipv4Addr, l2tp_port: u16) -> Result<(Wire, Door, Netlink), LiveError> {
    let netlink = Netlink::connect().map_err(LiveError::host("netlink"))?;
    let wire = Wire::open(local, l2tp_port, !plan.is_clear);
    let tun = plan.device.as_ref().map(|name| Tun::open(name, netlink.clone())).transpose();
    match (wire, tun) {
        (Ok(wire), Ok(Some(tun))) => Ok((wire, Door::Tun(Box::new(tun)), netlink)),
        (Ok(wire), Ok(None)) => Ok((wire, Door::Closed { refused: 0 }, netlink)),
        (wire, tun) => {
            let outside = wire.err().into_iter().flatten();
            Err(LiveError::Obstacles(outside.chain(tun.err()).collect()))
        }
    }
}

fn engine(
    plan: Plan,
    wire: Wire,
    inside: Inside,
    netlink: Netlink,
    target: Option<(Ipv4Addr, Ipv4Addr)>,
) -> Result<Engine, LiveError> {
    let Plan { mut profile, service, tunnel_secret, is_clear, record, limits, is_json, .. } = plan;
    if target.is_none() {
        // The addresses that it gives are those of the service.
        profile.service = Some(service.clone());
    }
    let mut config = profile.stack(&service, wire.l2tp_port());
    config.l2tp = profile.l2tp(tunnel_secret.map(String::into_bytes));
    if target.is_some() {
        // Whether to dial again is said by who runs it, not by the profile.
        config.role = stack::Role::Client { restart: None };
    }
    if is_clear {
        config.isakmp = None;
    }
    let chance = Chance::new().map_err(LiveError::host("random octets"))?;
    let (observer, story) = (Observer::new(record.as_deref()), Story::new(is_json));
    let stack = Stack::new(config);
    Ok(Engine::new(Parts { stack, wire, inside, netlink, chance, observer, story, limits, target }))
}

/// Speaks until the end and says what came of it. What was changed in the host is put back by then.
async fn report(mut engine: Engine, name: &str) -> Report {
    let ended = engine.run().await;
    let (unsent, refused) = (engine.parts.wire.unsent, engine.parts.inside.refused());
    if unsent + refused > 0 {
        engine.say("ip", "lost", format!("{unsent} datagrams not sent, {refused} packets not taken"));
    }
    let Parts { observer, inside, .. } = engine.parts;
    drop(inside);
    let (checked, saved) = observer.finish(name);
    Report { ended, checked, saved }
}

/// The first IPv4 address of a host.
fn resolved(host: &str) -> Result<Ipv4Addr, LiveError> {
    let failed = |source| LiveError::Name { host: host.to_owned(), source };
    let addresses = (host, 0).to_socket_addrs().map_err(failed)?;
    let mut addresses = addresses.filter_map(|address| match address {
        SocketAddr::V4(address) => Some(*address.ip()),
        SocketAddr::V6(_) => None,
    });
    let none = || failed(std::io::Error::other("it has no IPv4 address"));
    addresses.next().ok_or_else(none)
}

/// The address that this host speaks from to another. Nothing is sent for it.
fn towards(peer: Ipv4Addr) -> Result<Ipv4Addr, LiveError> {
    let ask = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.connect((peer, 500))?;
        socket.local_addr()
    };
    match ask() {
        Ok(SocketAddr::V4(address)) => Ok(*address.ip()),
        Ok(SocketAddr::V6(_)) => Err(std::io::Error::from(std::io::ErrorKind::AddrNotAvailable)),
        Err(error) => Err(error),
    }
    .map_err(|source| LiveError::NoWay { to: peer, source })
}
