//! What the users of a world's hosts can be told to do, and asked about.

use std::net::{Ipv4Addr, SocketAddrV4};

use l2tpspec_protocol::cx::Entropy;

use super::tcp::{Connection, ConnectionId, Load, Transfer, TransferReport};
use super::user::{Heard, Ping, PingId, PingReport, Received, Socket, SocketId};
use super::{HostId, World};

impl World {
    /// Starts a series of echoes now.
    pub fn ping(&mut self, host: HostId, ping: Ping) -> PingId {
        let now = self.now();
        let id = self.host_mut(host).user_mut().ping(now, ping);
        self.settle(host);
        id
    }

    /// What has become of a series of echoes so far.
    #[must_use]
    pub fn ping_report(&self, host: HostId, id: PingId) -> Option<&PingReport> {
        Some(&self.host(host).user()?.pings.get(&id.0)?.report)
    }

    /// Opens a UDP socket at a port of every address of a host, or at an ephemeral port. `None` if it is taken.
    pub fn bind_udp(&mut self, host: HostId, port: Option<u16>) -> Option<SocketId> {
        let host = self.host_mut(host);
        let port = match port {
            Some(port) => port,
            None => host.user_mut().free_port()?,
        };
        let is_free = !host.services.contains_key(&port) && !host.user_mut().sockets.contains_key(&port);
        is_free.then(|| host.user_mut().sockets.insert(port, Socket::default()));
        is_free.then_some(SocketId(port))
    }

    /// Closes a UDP socket.
    pub fn close_udp(&mut self, host: HostId, socket: SocketId) {
        self.host_mut(host).user_mut().sockets.remove(&socket.0);
    }

    /// Sends a datagram from a socket.
    pub fn send_udp(&mut self, host: HostId, socket: SocketId, to: SocketAddrV4, octets: &[u8]) {
        let source = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, socket.port());
        self.hosts[host.index()].send_udp(&mut self.fabric, source, to, octets);
        self.settle(host);
    }

    /// Takes the oldest datagram that a socket received.
    pub fn receive_udp(&mut self, host: HostId, socket: SocketId) -> Option<Received> {
        self.host_mut(host).user_mut().sockets.get_mut(&socket.0)?.received.pop_front()
    }

    /// Takes the oldest error that a socket heard.
    pub fn udp_error(&mut self, host: HostId, socket: SocketId) -> Option<Heard> {
        self.host_mut(host).user_mut().sockets.get_mut(&socket.0)?.errors.pop_front()
    }

    /// Waits for a TCP connection at an address and port of a host. `None` if the port is taken.
    pub fn listen_tcp(&mut self, host: HostId, local: SocketAddrV4, load: Load) -> Option<ConnectionId> {
        self.open(host, local, None, load)
    }

    /// Opens a TCP connection from an ephemeral port. `None` if no route leads there.
    pub fn connect_tcp(&mut self, host: HostId, remote: SocketAddrV4, load: Load) -> Option<ConnectionId> {
        let source = self.host(host).source_for(*remote.ip())?;
        let port = self.host_mut(host).user_mut().free_port()?;
        self.open(host, SocketAddrV4::new(source, port), Some(remote), load)
    }

    fn open(
        &mut self,
        id: HostId,
        local: SocketAddrV4,
        remote: Option<SocketAddrV4>,
        load: Load,
    ) -> Option<ConnectionId> {
        let host = &mut self.hosts[id.index()];
        let mtu = match remote.and_then(|remote| host.routes.find(*remote.ip(), |_| true)) {
            Some(route) => host.mtu(&self.fabric, route.interface),
            None => host.mtu_of_address(&self.fabric, *local.ip())?,
        };
        if host.user_mut().connections.contains_key(&local.port()) {
            return None;
        }
        let mut seed = [0; 8];
        self.fabric.entropy.fill("world.tcp", &mut seed);
        let seed = u64::from_be_bytes(seed);
        let connection = Connection::new(self.fabric.now, local, remote, load, mtu, seed)?;
        host.user_mut().connections.insert(local.port(), connection);
        self.settle(id);
        Some(ConnectionId(local.port()))
    }

    /// Starts a transfer: the server waits, the client connects, sends `load.send` octets and expects
    /// `load.receive`. The addresses may differ if a translator lies between.
    pub fn transfer(
        &mut self,
        client: HostId,
        server: HostId,
        address: SocketAddrV4,
        load: Load,
    ) -> Option<Transfer> {
        let answer = Load { send: load.receive, receive: load.send };
        let server = (server, self.listen_tcp(server, address, answer)?);
        let client = (client, self.connect_tcp(client, address, load)?);
        Some(Transfer { client, server })
    }

    /// What has become of a connection so far.
    #[must_use]
    pub fn transfer_report(&self, host: HostId, id: ConnectionId) -> Option<&TransferReport> {
        Some(&self.host(host).user()?.connections.get(&id.0)?.report)
    }

    /// Forgets a connection, so that its port is free.
    pub fn forget_tcp(&mut self, host: HostId, id: ConnectionId) {
        self.host_mut(host).user_mut().connections.remove(&id.0);
    }
}
