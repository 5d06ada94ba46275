//! A guest that is a machine of QEMU, with Debian's kernel: no privilege is needed, and this kernel need not have ESP or PPP.

use std::path::Path;
use std::process::{Command, Stdio};

use command_fds::{CommandFdExt as _, FdMapping};

use super::guest::{Ends, Machine, Prepared};
use super::image::Image;
use super::nic::MAC;
use super::{LabError, output};

const QEMU: &str = "qemu-system-x86_64";
/// The sockets in QEMU.
const AGENT_FD: i32 = 10;
const CARD_FD: i32 = 11;

/// Gets what a guest boots.
pub(super) fn fetch(cache: &Path) -> Result<(), LabError> {
    Image::new(cache).map(|_| ())
}

/// How a guest is booted that has these packages.
pub(super) fn command(
    machine: &Machine<'_>,
    cache: &Path,
    packages: &Path,
    ends: Ends,
) -> Result<Prepared, LabError> {
    output(Command::new(QEMU).arg("--version"), "--no-install-recommends qemu-system-x86")?;
    let image = Image::new(cache)?;
    let agent = machine.agent;
    if agent.to_str().is_none_or(|text| text.contains(char::is_whitespace)) {
        return Err(LabError::Missing {
            what: "an l2tpspec whose path has no blank".to_owned(),
            how: format!("move {}", agent.display()),
        });
    }
    // A guest ends with the process that holds it, however that ends.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", QEMU]);
    command.args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]);
    command.args(["-accel", "tcg", "-cpu", "max", "-smp", "1"]);
    command.args(["-m", &machine.memory.to_string(), "-serial", "stdio"]);
    command.arg("-kernel").arg(&image.kernel).arg("-initrd").arg(&image.initrd);
    command.arg("-append").arg(format!(
        "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on l2tpspec.modules={} l2tpspec.agent={}",
        image.modules.display(),
        agent.display(),
    ));
    for (tag, path) in [("host", Path::new("/")), ("packages", packages)] {
        let path = path.display();
        let options = "security_model=none,readonly=on,multidevs=remap";
        command.args(["-fsdev", &format!("local,id={tag},path={path},{options}")]);
        command.args(["-device", &format!("virtio-9p-pci,fsdev={tag},mount_tag={tag}")]);
    }
    command.args(["-chardev", &format!("socket,id=agent,fd={AGENT_FD}")]);
    command.args(["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,nr=1,name=agent"]);
    command.args(["-netdev", &format!("dgram,id=card,local.type=fd,local.str={CARD_FD}")]);
    let mac = MAC.map(|octet| format!("{octet:02x}")).join(":");
    // No option ROM: it would try to boot from the card.
    command.args(["-device", &format!("virtio-net-pci,netdev=card,mac={mac},romfile=")]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let sockets = [(ends.agent, AGENT_FD), (ends.card, CARD_FD)];
    let sockets = sockets.into_iter().map(|(parent_fd, child_fd)| FdMapping { parent_fd, child_fd });
    command
        .fd_mappings(sockets.collect())
        .map_err(|error| LabError::io("sockets of a guest")(std::io::Error::other(error)))?;
    Ok(Prepared { command, kernel: image.version })
}
