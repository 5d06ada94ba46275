//! A subject that is not of this process: how a case sets it up, exchanges packets with it, and tells it what to do.

use std::fmt::Debug;
use std::net::Ipv4Addr;
use std::os::fd::BorrowedFd;

use serde::Serialize;

use crate::profile::Method;
use crate::transcript::connection::Role;

/// What a case asks of its subject before it begins; the templates of a subject's files are filled in from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Whether it is a client.
    pub is_client: bool,
    /// Its addresses and how many leading bits each shares with its link.
    pub addresses: Vec<(Ipv4Addr, u8)>,
    /// The prefixes that it reaches without a tunnel.
    pub routes: Vec<(Ipv4Addr, u8)>,
    /// Its address outside.
    pub own: Ipv4Addr,
    /// The supernode's address outside.
    pub supernode: Ipv4Addr,
    /// The user.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// The pre-shared key.
    pub pre_shared_key: String,
    /// The secret of the tunnel, if there is one.
    pub tunnel_secret: Option<String>,
    /// The supernode's address inside.
    pub address: Ipv4Addr,
    /// The first and the last address that it gives.
    pub pool: [Ipv4Addr; 2],
    /// The resolver that it tells.
    pub resolver: Option<Ipv4Addr>,
    /// The name server of the mesh.
    pub authoritative: Option<Ipv4Addr>,
    /// The resolver of the client's line.
    pub line_resolver: Ipv4Addr,
    /// The client's address on its LAN.
    pub lan: Ipv4Addr,
    /// The MTU of the tunnel.
    pub mtu: u16,
    /// The methods of authentication that it asks for, by the names that profiles have for them.
    pub asks: Vec<Method>,
    /// The name by which the client expects the server to be known to its secrets.
    pub remote_name: Option<String>,
    /// Whether the ends connect again when their peer is dead.
    pub restarts: bool,
}

/// A subject that is elsewhere.
pub trait Abroad: Debug {
    /// The role that it plays.
    fn role(&self) -> Role;

    /// The profile that describes it.
    fn profile(&self) -> &str;

    /// Why it cannot be asked to play a case, by its id or its name, if its file says so.
    fn unsupported(&self, case: &str) -> Option<String>;

    /// Why it agrees to no proposal of a profile, if its file says so.
    fn disagrees(&self, profile: &str) -> Option<String>;

    /// Whether it does without IPsec.
    fn is_in_clear(&self) -> bool;

    /// Forgets every case before and becomes what is asked for.
    ///
    /// # Errors
    /// Why it does not.
    fn prepare(&mut self, setting: &Setting) -> Result<(), String>;

    /// Gives it an IPv4 datagram.
    fn send(&mut self, datagram: &[u8]);

    /// Takes the next IPv4 datagram that it has sent.
    fn receive(&mut self) -> Option<&[u8]>;

    /// What is ready to be read when a datagram has come.
    fn readiness(&self) -> Option<BorrowedFd<'_>>;

    /// Begins to make it do something that has a name. `false` if it has no way to do that.
    ///
    /// # Errors
    /// Why it is not there any more.
    fn begin(&mut self, action: &str, setting: &Setting) -> Result<bool, String>;

    /// Begins a script of the shell where it is.
    ///
    /// # Errors
    /// Why it is not there any more.
    fn shell(&mut self, script: &str) -> Result<(), String>;

    /// What has come of it, once it has ended: what it said, or why it failed.
    ///
    /// # Errors
    /// Why it is not there any more.
    fn ended(&mut self) -> Result<Option<Result<String, String>>, String>;
}
