//! A guest that is namespaces of this kernel: network, mounts, processes, names. It boots at once and runs at full speed, and
//! takes root and a kernel that has what the daemons need.

use std::os::fd::AsFd as _;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use tun_rs::{DeviceBuilder, Layer, SyncDevice};

use super::guest::{Ends, Machine, Prepared};
use super::nic::{FRAME, MAC};
use super::{LabError, agent, output};

/// The first process: lays the subject's packages and a writable layer over this machine's files, and goes on there.
const INIT: &str = include_str!("guest/namespaces.sh");

/// Finds out whether this machine can do it.
///
/// # Errors
/// What is missing.
pub(super) fn probe(cache: &Path) -> Result<(), LabError> {
    if !rustix::process::geteuid().is_root() {
        return Err(LabError::Missing { what: "root".to_owned(), how: "sudo".to_owned() });
    }
    let mut command = unshared(cache)?;
    match output(command.args(["", ""]), "util-linux") {
        Err(LabError::Program { said, .. }) => Err(LabError::Standing(said)),
        tried => tried.map(|_| ()),
    }
}

/// How a guest is begun that has these packages. Its standard input is the agent's, its standard output the card's.
pub(super) fn command(
    machine: &Machine<'_>,
    cache: &Path,
    packages: &Path,
    ends: Ends,
) -> Result<Prepared, LabError> {
    let mut command = unshared(cache)?;
    command.arg(packages).arg(machine.agent);
    command.stdin(Stdio::from(ends.agent)).stdout(Stdio::from(ends.card));
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    Ok(Prepared { command, kernel: format!("{release} (namespaces)") })
}

/// The script in namespaces of its own, which end with this process however that ends.
fn unshared(cache: &Path) -> Result<Command, LabError> {
    let place = cache.join("mount");
    std::fs::create_dir_all(&place).map_err(LabError::io(place.display().to_string()))?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork"]);
    command.args(["--kill-child=KILL", "sh", "-c", INIT, "l2tpspec"]).arg(place);
    Ok(command)
}

/// Serves in them: gives them their network card and does what it is told.
///
/// # Errors
/// What is not as the script of this module leaves it.
pub fn serve() -> std::io::Result<()> {
    let channel = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let wire = UnixDatagram::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    let device = DeviceBuilder::new().name("eth0").layer(Layer::L2).mac_addr(MAC).mtu(1500).build_sync()?;
    carry(Arc::new(device), Arc::new(wire));
    agent::attend(channel.try_clone()?, channel)
}

/// Carries frames between the card and its wire. What is too much for either is lost.
fn carry(device: Arc<SyncDevice>, wire: Arc<UnixDatagram>) {
    let (other_device, other_wire) = (Arc::clone(&device), Arc::clone(&wire));
    std::thread::spawn(move || {
        let mut frame = vec![0; FRAME];
        while let Ok(count) = device.recv(&mut frame) {
            let _ = wire.send(&frame[..count]);
        }
    });
    std::thread::spawn(move || {
        let mut frame = vec![0; FRAME];
        // A datagram of nothing is the end: no frame is empty.
        while let Ok(count @ 1..) = other_wire.recv(&mut frame) {
            let _ = other_device.send(&frame[..count]);
        }
    });
}
