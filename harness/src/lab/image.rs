//! What a guest boots: Debian's kernel, and the few files that lead it to this machine's.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use cpio::newc::{Builder, ModeFileType, trailer};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{LabError, apt, output};

/// The modules that bring up the disk, in the order in which they are loaded.
const MODULES: &[&str] = &[
    "drivers/virtio/virtio_ring",
    "drivers/virtio/virtio",
    "drivers/virtio/virtio_pci_modern_dev",
    "drivers/virtio/virtio_pci_legacy_dev",
    "drivers/virtio/virtio_pci",
    "net/core/failover",
    "drivers/net/net_failover",
    "drivers/net/virtio_net",
    "drivers/char/virtio_console",
    "fs/netfs/netfs",
    "fs/fscache/fscache",
    "net/9p/9pnet",
    "fs/9p/9p",
    "net/9p/9pnet_virtio",
    "fs/overlayfs/overlay",
];

/// The first process: mounts this machine's files read-only, lays the subject's packages and a writable layer over them, and
/// goes on there.
const INIT: &str = include_str!("guest/init.sh");
/// What goes on there: the rest of a system, and the agent.
const START: &str = include_str!("guest/start.sh");

/// What a guest boots.
#[derive(Debug, Clone)]
pub(super) struct Image {
    /// The kernel.
    pub(super) kernel: PathBuf,
    /// The first files.
    pub(super) initrd: PathBuf,
    /// The folder that holds `lib/modules`.
    pub(super) modules: PathBuf,
    /// The kernel's version.
    pub(super) version: String,
}

impl Image {
    /// Finds it, or makes it.
    pub(super) fn new(cache: &Path) -> Result<Self, LabError> {
        let package = apt::dependency("linux-image-amd64", "linux-image-")?;
        let lock = apt::lock(cache, "image")?;
        let unpacked = apt::unpack(cache, &[&package])?;
        let busybox = apt::unpack(cache, &["busybox-static"])?.root.join("bin/busybox");
        let version = package.trim_start_matches("linux-image-").to_owned();
        let root = unpacked.root;
        let kernel = root.join("boot").join(format!("vmlinuz-{version}"));
        let tree = root.join("lib/modules").join(&version);
        if !tree.join("modules.dep").is_file() {
            output(Command::new(&busybox).args(["depmod", "-b"]).arg(&root).arg(&version), "busybox-static")?;
        }
        let initrd = cache.join(format!("initrd-{version}-{:016x}.gz", digest()));
        if !initrd.is_file() {
            let half = initrd.with_extension("part");
            write(&half, &busybox, &tree.join("kernel"))
                .and_then(|()| fs::rename(&half, &initrd))
                .map_err(LabError::io(initrd.display().to_string()))?;
        }
        drop(lock);
        Ok(Self { kernel, initrd, modules: root.join("lib/modules"), version })
    }
}

/// What tells one version of the first files from another.
fn digest() -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};

    let mut hasher = DefaultHasher::new();
    (INIT, START, MODULES).hash(&mut hasher);
    hasher.finish()
}

fn write(path: &Path, busybox: &Path, modules: &Path) -> io::Result<()> {
    let mut archive = Archive { out: GzEncoder::new(File::create(path)?, Compression::fast()), inode: 1 };
    for folder in ["bin", "m", "proc", "sys", "dev", "host", "packages", "rw", "root"] {
        archive.add(folder, ModeFileType::Directory, 0o755, &[])?;
    }
    archive.add("bin/busybox", ModeFileType::Regular, 0o755, &fs::read(busybox)?)?;
    archive.add("bin/sh", ModeFileType::Symlink, 0o777, b"busybox")?;
    let mut order = String::new();
    for module in MODULES {
        let name = module.rsplit('/').next().unwrap_or(module);
        let octets = fs::read(modules.join(format!("{module}.ko")))?;
        archive.add(&format!("m/{name}.ko"), ModeFileType::Regular, 0o644, &octets)?;
        order.push_str(name);
        order.push('\n');
    }
    archive.add("m/order", ModeFileType::Regular, 0o644, order.as_bytes())?;
    archive.add("init", ModeFileType::Regular, 0o755, INIT.as_bytes())?;
    archive.add("start", ModeFileType::Regular, 0o755, START.as_bytes())?;
    trailer(archive.out)?.finish()?;
    Ok(())
}

struct Archive {
    out: GzEncoder<File>,
    inode: u32,
}

impl Archive {
    fn add(&mut self, name: &str, kind: ModeFileType, mode: u32, octets: &[u8]) -> io::Result<()> {
        let length = u32::try_from(octets.len()).map_err(io::Error::other)?;
        let builder = Builder::new(name).ino(self.inode).mode(mode).set_mode_file_type(kind).nlink(1);
        self.inode += 1;
        let mut entry = builder.write(&mut self.out, length);
        entry.write_all(octets)?;
        entry.finish()?;
        Ok(())
    }
}
