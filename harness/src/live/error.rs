//! What keeps the reference from real sockets, and who has to do what about it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddrV4};

/// A privilege of Linux (capabilities(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Sockets below UDP.
    NetRaw,
    /// Devices, addresses, routes.
    NetAdmin,
    /// Ports below 1024.
    NetBindService,
}

impl Capability {
    /// As the manual writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NetRaw => "CAP_NET_RAW",
            Self::NetAdmin => "CAP_NET_ADMIN",
            Self::NetBindService => "CAP_NET_BIND_SERVICE",
        }
    }
}

/// Something that could not be had.
#[derive(Debug)]
pub enum Obstacle {
    /// The process may not.
    Lacks {
        /// What it would have to have.
        capability: Capability,
        /// What for.
        what: String,
    },
    /// The system has no TUN devices.
    NoTun(io::Error),
    /// Somebody else has the port.
    Taken(SocketAddrV4),
    /// The address is not one of this host.
    NotOurs(Ipv4Addr),
    /// Something else.
    Other {
        /// What could not be had.
        what: String,
        /// What the system says.
        source: io::Error,
    },
}

impl Obstacle {
    /// What an error means where a capability is asked for.
    pub(super) fn of(capability: Capability, what: &str, source: io::Error) -> Self {
        let what = what.to_owned();
        match source.kind() {
            ErrorKind::PermissionDenied => Self::Lacks { capability, what },
            _ => Self::Other { what, source },
        }
    }

    /// What an error means where a port is asked for.
    pub(super) fn of_port(address: SocketAddrV4, source: io::Error) -> Self {
        match source.kind() {
            ErrorKind::AddrInUse => Self::Taken(address),
            ErrorKind::AddrNotAvailable => Self::NotOurs(*address.ip()),
            _ => {
                let what = format!("UDP port {}", address.port());
                Self::of(Capability::NetBindService, &what, source)
            }
        }
    }

    const fn hint(&self) -> &'static str {
        match self {
            Self::Lacks { .. } => {
                "run it as root, or give the program what it lacks: \
                 setcap cap_net_admin,cap_net_raw,cap_net_bind_service+ep PROGRAM"
            }
            Self::NoTun(_) => {
                "load the module `tun`, or let nobody in with --no-tun: pings are answered all the same"
            }
            Self::Taken(_) => "another IKE or L2TP daemon runs here: `ss -lunp` names it",
            Self::NotOurs(_) => "name an address of this host: --bind ADDRESS",
            Self::Other { .. } => "",
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lacks { capability, what } => write!(f, "{what} needs {}", capability.name()),
            Self::NoTun(source) => write!(f, "/dev/net/tun: {source}"),
            Self::Taken(address) => write!(f, "UDP {address} is taken"),
            Self::NotOurs(address) => write!(f, "{address} is no address of this host"),
            Self::Other { what, source } => write!(f, "{what}: {source}"),
        }
    }
}

/// Why the reference does not speak, or does not go on.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// What it needs cannot be had: all of it, not only the first.
    #[error("{}", listed(.0))]
    Obstacles(Vec<Obstacle>),
    /// The name of the supernode has no address.
    #[error("{host}: {source}\nhint: an IPv4 address does too")]
    Name {
        /// The name.
        host: String,
        /// What the resolver says.
        source: io::Error,
    },
    /// No route leads to the peer.
    #[error("{to}: no route leads there: {source}\nhint: name the address to speak from: --bind ADDRESS")]
    NoWay {
        /// Whereto.
        to: Ipv4Addr,
        /// What the system says.
        source: io::Error,
    },
    /// The host refuses a setting.
    #[error("{what}: {source}")]
    Host {
        /// Which.
        what: String,
        /// What the system says.
        source: io::Error,
    },
}

impl LiveError {
    /// A setting that the host refuses.
    pub(super) fn host(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Host { what, source }
    }
}

/// Every obstacle, and each hint once.
fn listed(obstacles: &[Obstacle]) -> String {
    let mut all: Vec<String> = obstacles.iter().map(ToString::to_string).collect();
    all.dedup();
    let mut hints: Vec<&str> = obstacles.iter().map(Obstacle::hint).filter(|hint| !hint.is_empty()).collect();
    hints.dedup();
    let hints: String = hints.iter().map(|hint| format!("\nhint: {hint}")).collect();
    all.join("\n       ") + &hints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied() -> io::Error {
        io::Error::from(ErrorKind::PermissionDenied)
    }

    #[test]
    fn everything_that_is_lacking_is_named_at_once_and_the_way_out_only_once() {
        let port = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 500);
        let error = LiveError::Obstacles(vec![
            Obstacle::of_port(port, denied()),
            Obstacle::of(Capability::NetRaw, "ESP, protocol 50 of IP,", denied()),
            Obstacle::of(Capability::NetAdmin, "a TUN device", denied()),
        ]);
        let text = error.to_string();
        for part in [
            "UDP port 500 needs CAP_NET_BIND_SERVICE",
            "ESP, protocol 50 of IP, needs CAP_NET_RAW",
            "a TUN device needs CAP_NET_ADMIN",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(text.matches("hint:").count(), 1, "{text}");
    }

    #[test]
    fn a_port_is_taken_or_of_another_host_or_forbidden() {
        let address = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 7), 4500);
        let said = |kind: ErrorKind| Obstacle::of_port(address, io::Error::from(kind)).to_string();
        assert_eq!(said(ErrorKind::AddrInUse), "UDP 192.0.2.7:4500 is taken");
        assert_eq!(said(ErrorKind::AddrNotAvailable), "192.0.2.7 is no address of this host");
        assert_eq!(said(ErrorKind::PermissionDenied), "UDP port 4500 needs CAP_NET_BIND_SERVICE");
        let twice = [(); 2].map(|()| Obstacle::NotOurs(*address.ip())).into();
        assert_eq!(LiveError::Obstacles(twice).to_string().matches("192.0.2.7").count(), 1);
    }
}
