//! Network namespaces without names: each lives as long as a process that waits for its input to end, which it does on every
//! way out of the tests, and the kernel takes back what was in it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::Ipv4Addr;
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};

use libtest_mimic::Failed;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace.
#[derive(Debug)]
pub(super) struct Namespace {
    holder: Child,
    net: File,
}

impl Namespace {
    /// A namespace in which there is but the loopback device.
    pub(super) fn new() -> Result<Self, Failed> {
        let mut holder = Command::new("unshare")
            .args(["--net", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        // What comes back says that it is in its namespace.
        let mut said = [0; 1];
        let (stdin, stdout) = (holder.stdin.as_mut(), holder.stdout.as_mut());
        stdin.ok_or("no input")?.write_all(b"!").map_err(|error| error.to_string())?;
        stdout.ok_or("no output")?.read_exact(&mut said).map_err(|error| format!("unshare: {error}"))?;
        let net = File::open(format!("/proc/{}/ns/net", holder.id())).map_err(|error| error.to_string())?;
        let namespace = Self { holder, net };
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// Does something within.
    pub(super) fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let inside = scope.spawn(|| {
                let entered = move_into_link_name_space(self.net.as_fd(), Some(LinkNameSpaceType::Network));
                entered.expect("a thread of root's may enter");
                work()
            });
            inside.join().expect("what is done within does not panic")
        })
    }

    /// Runs `ip` within. What it says.
    pub(super) fn ip(&self, arguments: &str) -> Result<String, Failed> {
        let output = self.within(|| Command::new("ip").args(arguments.split(' ')).output());
        let output = output.map_err(|error| format!("ip: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }

    /// Joins two namespaces by a wire, each end with a name and an address.
    pub(super) fn join(
        &self,
        own: (&str, Ipv4Addr),
        other: &Self,
        theirs: (&str, Ipv4Addr),
    ) -> Result<(), Failed> {
        let other_id = other.holder.id();
        self.ip(&format!("link add {} type veth peer name {} netns {other_id}", own.0, theirs.0))?;
        for (namespace, (name, address)) in [(self, own), (other, theirs)] {
            namespace.ip(&format!("addr add {address}/24 dev {name}"))?;
            namespace.ip(&format!("link set {name} up"))?;
        }
        // The kernel notices a moment later that both ends are up; until then routes are marked as down.
        for (namespace, (name, _)) in [(self, own), (other, theirs)] {
            let show = format!("-o link show dev {name}");
            let mut tries = 0..500;
            while !namespace.ip(&show)?.contains("LOWER_UP")
                || namespace.ip("route show")?.contains("linkdown")
            {
                tries.next().ok_or_else(|| format!("{name} does not come up"))?;
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
        Ok(())
    }

    /// Its routes, and the names of its interfaces.
    pub(super) fn state(&self) -> Result<String, Failed> {
        let links = self.ip("-o link show")?;
        let names = links.lines().filter_map(|line| line.split(": ").nth(1));
        Ok(self.ip("route show")? + &names.collect::<Vec<_>>().join(" "))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _status = self.holder.wait();
    }
}
